"""Requests in few words: each word is put where a request has it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from harness.run.request import Conduct, Load, Request, Subject, WorkloadOptions

PARTS = {"subject": Subject, "load": Load, "conduct": Conduct}


def asked(**words: Any) -> Request:
    """A request; `workload_options` is a mapping. TypeError for a word that no request has."""
    if "workload_options" in words:
        words["workload_options"] = WorkloadOptions(others=words["workload_options"])
    parts = {
        name: kind(**{f.name: words.pop(f.name) for f in fields(kind) if f.name in words})
        for name, kind in PARTS.items()
    }
    return Request(**parts, **words)
