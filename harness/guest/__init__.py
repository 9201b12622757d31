"""A small emulated machine that runs our own loads under any kernel, and counts instructions.

Begin at `boot.py`, which starts one guest and yields what its agent says. `kernels/` finds the
kernel; `contents.py`, `programs.py` and `named_paths.py` what the guest's root holds; `cpio.py`
writes that. What runs inside is in `inside/`: `agent.py`, and from there `trial.py`, `worker.py`
(the load) and `listener.py` (the consumer); `operations/` has what rules should see. No plan and no
statistics are known here.
"""
