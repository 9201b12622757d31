"""Child programs that speak JSON lines, and processes by identity instead of pid alone."""
