"""What the trials of a search found, one module per search."""
