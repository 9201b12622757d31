"""What is wrong with a rule, foreseen before it is loaded."""
