"""Records in readable form."""
