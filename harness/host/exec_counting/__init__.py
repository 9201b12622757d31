"""How many programs were started on this host meanwhile."""
