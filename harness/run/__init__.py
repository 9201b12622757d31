"""Plan runs and carry them out.

`request.py` is what the command line, a test or a script asks for. Begin at `session.py`: one run
from its plan to stored samples. It has `runner.py` do one trial after the other; `trials/` is one
trial, from the consumer's start to the stored sample.

`lifecycle/` is how a run begins, goes on and ends; `plan/` says what is measured, from the request
to the order of trials; begin there at `plan.py`. `environment.py` has what else numbers depend on.
Which blocks a run has is in `blocks.py`, the cells that do not wait in `larger_backlog.py`; which
consumers are given up in `failures.py`, and which command ends the run in `command_failures.py`.
`size/` searches for a backlog, `capacity/` for a rate; what both share is in `searching.py`.

`gate.py`, `ab.py`, `overhead_check.py`, `replay.py`, `record.py` and `rules/` with `rules/advice/`
answer questions of their own. What follows from stored samples is in `harness.answers`, not here.
"""
