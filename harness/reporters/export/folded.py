"""Folded stacks: one line per stack with its samples, as flame graph tools read them.

Of several cells each line begins with its cell, so that one picture has them side by side.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import UsageError
from harness.model.stored.profile import StoredProfile
from harness.plain import plain


def folded_stacks(run: str, profiles: Sequence[StoredProfile]) -> str:
    """The stacks of all profiled cells of a run, by its name; UsageError where it has none."""
    if not profiles:
        raise UsageError(
            f"{run} has no sampled stacks to fold",
            remedy="measure with `auditbench run --profile`",
        )
    several = len(profiles) > 1
    return "".join(
        f"{f'{_first(profile)};' if several else ''}{stack} {samples}\n"
        for profile in profiles
        for stack, samples in profile.stacks
    )


def _first(profile: StoredProfile) -> str:
    names = (profile.workload, profile.scenario, profile.consumer)
    return plain(" × ".join(names).replace(";", ",").replace("\n", " "))
