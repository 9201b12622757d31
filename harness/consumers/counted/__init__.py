"""Daemons of others in guests that count: from their packages, by the adapters of live runs.

`in_guest.py` is what a run knows of one: `packaged.py` from packages, `own.py` a program of the
user's own. `listening.py` runs in the guest.
"""
