"""What is written: captures, raw logs."""
