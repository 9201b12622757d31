"""The parts of one record, by their place."""
