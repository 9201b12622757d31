"""Records put together to events, and judged.

Begin at `assemble.pyx`; `implied.py` knows which records a system call implies, `groups.pyx` sums
up by session.
"""
