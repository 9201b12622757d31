"""What the trials of a search say, and what it tries next."""
