"""Parts shared by the adapters of foreign programs."""
