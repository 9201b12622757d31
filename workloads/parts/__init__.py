"""What compiled workloads are made of: clock, pace, latency histogram, shared tallies, spawning."""
