"""Numbers only: what the samples say, without input or output.

Begin at `against_reference.py`, which holds each cell against its reference, or at `ledger.py`.
"""
