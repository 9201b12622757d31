"""A small emulated machine that runs our own loads under any kernel, and counts instructions.

Begin at `boot.py`, which starts one guest and yields what its agent says. `images.py` finds the
kernel; `contents.py`, `programs.py` and `named_paths.py` what the guest's root holds; `cpio.py`
writes that. What runs inside is `agent.py`, and from there `trial.py`, `worker.py` (the load) and
`listener.py` (the consumer). No plan and no statistics are known here.
"""
