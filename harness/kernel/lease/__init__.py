"""The host's audit state, borrowed for a run and given back.

Begin at `lease.py`; `restore.py` gives back.
"""
