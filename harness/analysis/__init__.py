"""Numbers only: what the samples say. No input or output."""
