"""A small emulated machine that runs our own loads under any kernel, and counts instructions.

Begin at `boot.py`, which starts one guest and yields what its agent (`agent.py`, the only module
that runs inside) says. `images.py` finds the kernel, `contents.py` and `named_paths.py` what the
guest's root holds, `cpio.py` writes that. No plan and no statistics are known here.
"""
