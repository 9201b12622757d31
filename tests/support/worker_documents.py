"""What a worker answers with, made up."""

from __future__ import annotations

from typing import Any

from harness.model.stored.documents import WorkerDocument
from harness.run.trials.said import worker_said

DONE: dict[str, Any] = {
    "ops": 50,
    "elapsed_ns": 1000,
    **dict.fromkeys(("cpu_user_ns", "cpu_system_ns"), 0),
    **dict.fromkeys(("cpu_children_user_ns", "cpu_children_system_ns"), 0),
    "involuntary_switches": 0,
    "failures": 0,
    "errors": {},
    "latency": {},
    "yields": {},
    "exe": "/bin/true",
    "auid": 1000,
    "session": 7,
    "session_reason": None,
    "details": {},
}


def worker_document(**said: Any) -> WorkerDocument:
    """That of a worker that did nothing remarkable, but for what is given."""
    return worker_said(DONE | said)
