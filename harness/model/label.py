"""A run's label: the name that the user gave it, shown beside its date, found as `@LABEL`."""

from __future__ import annotations

import re

from harness.errors import UsageError
from harness.model.stored.environment import StoredEnvironment

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,63}")
"""Branches, commits, versions and dates; nothing that a shell or a terminal would act upon."""


def is_label(text: str) -> bool:
    """Whether a text can be a label, and so the name of a run."""
    return _LABEL.fullmatch(text) is not None


def check_label(text: str) -> None:
    """UsageError for a label that cannot name a run; an empty one is none."""
    if text and not is_label(text):
        raise UsageError(
            f"--label {text!r} cannot name a run",
            remedy="give up to 64 letters, digits and ._/+-, beginning with a letter or digit",
        )


def label_of(environment: StoredEnvironment) -> str:
    """The label of a stored run; that of a run without one is the default."""
    return environment.label or _default(environment)


def name_by_label(environment: StoredEnvironment) -> str:
    """The label by which a run is found; empty where the user gave none that can name a run."""
    label = environment.label
    return label if is_label(label) and label != _default(environment) else ""


def _default(environment: StoredEnvironment) -> str:
    """The versions that a run depends on most: auditbench's and the kernel's."""
    release = environment.facts.kernel.release
    words = [environment.auditbench, f"Linux {release}" if release else ""]
    return ", ".join(word for word in words if word)
