"""What is searched for, by trials that follow from those before: one module per search."""
