"""Read stored runs and judge them. Nothing here reaches a kernel or starts a process.

Begin at `result.py`: samples to a result. `compare.py`, `history.py`, `gate.py` and `ab.py` answer
the verbs of these names; `trust.py` says of any run why it must not be believed.
"""
