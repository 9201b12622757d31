"""Stored runs against each other. Begin at `compare.py`."""
