"""What adapters of other people's programs have in common."""
