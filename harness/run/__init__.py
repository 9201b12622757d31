"""Planning and carrying out runs; start at `session.py`."""
