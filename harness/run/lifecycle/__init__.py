"""How a run begins, goes on and ends: the lease, the loop of trials, signals, resuming."""
