"""A run's label, shown beside its date: a version or commit given by the user who measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def label_of(environment: Mapping[str, Any]) -> str:
    """The label of a stored run; that of a run without one is the default."""
    return str(environment.get("label") or _default(environment))


def _default(environment: Mapping[str, Any]) -> str:
    """The versions that a run depends on most: auditbench's and the kernel's."""
    release = environment.get("facts", {}).get("kernel", {}).get("release")
    words = [str(environment.get("auditbench", "")), f"Linux {release}" if release else ""]
    return ", ".join(word for word in words if word)
