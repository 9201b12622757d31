"""Carries out one load: supervisor, workers, report."""
