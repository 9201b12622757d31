"""The execution of one load: supervisor, workers, report."""
