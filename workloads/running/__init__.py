"""Carry out one load.

Begin at `supervisor.py`, which forks each `worker.py`; `report.py` sums up.
"""
