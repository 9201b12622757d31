"""A run's label, shown beside its date: a version or commit given by the user who measured."""

from __future__ import annotations

from harness.model.stored import StoredEnvironment


def label_of(environment: StoredEnvironment) -> str:
    """The label of a stored run; that of a run without one is the default."""
    return environment.label or _default(environment)


def _default(environment: StoredEnvironment) -> str:
    """The versions that a run depends on most: auditbench's and the kernel's."""
    release = environment.facts.kernel.release
    words = [environment.auditbench, f"Linux {release}" if release else ""]
    return ", ".join(word for word in words if word)
