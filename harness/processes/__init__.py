"""Child programs, and processes by identity."""
