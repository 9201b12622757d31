"""Made-up audit records, streams of them and logs, and ways to feed them to the consumer."""
