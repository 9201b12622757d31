"""What compiled workloads are made of."""
