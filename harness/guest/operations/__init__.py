"""Operations that security rules are written for, as they are really done in a guest.

Begin at `catalog.py`. `operation.py` says what an operation is, `memory.py` where its arguments
lie; `entries.py` makes the call by the 64-bit and the 32-bit entry, `ring.py` by io_uring.
"""
