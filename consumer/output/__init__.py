"""What the consumer writes, in batches: captures (docs/capture.md) and lines of a raw audit.log."""
