"""The host's audit state, borrowed for a run and given back."""
