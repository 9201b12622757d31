"""Named audit states and rule sets, as data."""
