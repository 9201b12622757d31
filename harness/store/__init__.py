"""Runs on disk: `<folder>/<machine>/<run>/` with plan, environment and samples.

Begin at `read.py`, which gives a `StoredRun`; `write.py` makes one, `find.py` finds them.
"""

from harness.store.find import (
    find_run,
    latest_name,
    list_runs,
    measured_runs,
    no_run_under,
    short_names,
)
from harness.store.layout import ENVIRONMENT, KEPT_SAMPLES, PLAN, PROFILES, SAMPLES, new_folder
from harness.store.read import StoredRun, load_documents, load_run, read_sample_lines
from harness.store.write import ResumedWriter, RunWriter

__all__ = [
    "ENVIRONMENT",
    "KEPT_SAMPLES",
    "PLAN",
    "PROFILES",
    "SAMPLES",
    "ResumedWriter",
    "RunWriter",
    "StoredRun",
    "find_run",
    "latest_name",
    "list_runs",
    "load_documents",
    "load_run",
    "measured_runs",
    "new_folder",
    "no_run_under",
    "read_sample_lines",
    "short_names",
]
