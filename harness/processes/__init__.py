"""Child programs that speak JSON lines, what they are run from, and processes by identity."""
