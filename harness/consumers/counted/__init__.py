"""Daemons of others in guests that count: from their packages, by the adapters of live runs.

`packaged.py` is what a run knows of one; `listening.py` runs in the guest.
"""
