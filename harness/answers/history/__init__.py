"""The runs of one plan on one machine over time. Begin at `history.py`."""
