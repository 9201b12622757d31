"""The kernel's audit control plane, and the lease that borrows its state and gives it back."""
