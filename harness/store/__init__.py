"""Runs on disk: `<folder>/<machine>/<run>/` with plan, environment and samples.

Begin at `read.py`, which gives a `StoredRun`; `write.py` makes one, `find.py` finds them.
"""

from harness.store.find import find_run, list_runs
from harness.store.layout import ENVIRONMENT, KEPT_SAMPLES, PLAN, SAMPLES, new_folder
from harness.store.read import StoredRun, load_run, read_sample_lines
from harness.store.write import RunWriter

__all__ = [
    "ENVIRONMENT",
    "KEPT_SAMPLES",
    "PLAN",
    "SAMPLES",
    "RunWriter",
    "StoredRun",
    "find_run",
    "list_runs",
    "load_run",
    "new_folder",
    "read_sample_lines",
]
