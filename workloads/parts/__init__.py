"""The parts of compiled workloads."""
