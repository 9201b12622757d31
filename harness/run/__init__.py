"""Plan runs and carry them out.

`request.py` is what the command line, a test or a script asks for. Begin at `session.py`: one run
from its plan to stored samples. It has `runner.py` do one trial after the other, and `trial.py` is
one trial: consumer up, scenario in force, load, drain, read.

`lifecycle/` is how a run begins, goes on and ends; `plan/` says what is measured, from the request
to the order of trials; begin there at `plan.py`. `environment.py` has what else numbers depend on.
Which blocks a run has is in `blocks.py`, the rates after them in `ladder.py`. Which trials count is
decided in `validity.py`, which consumers are given up in `failures.py`. `sample.py` and
`trial_metrics.py` lead from a trial's documents to what is stored.

`gate.py`, `ab.py`, `overhead_check.py`, `replay.py` and `record.py` are runs for a question of
their own. What follows from stored samples is in `harness.answers`, not here.
"""
