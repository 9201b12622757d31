"""Output files: captures, raw logs."""
