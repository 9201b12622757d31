"""What a run is for, in one line."""

from __future__ import annotations

import shlex
from pathlib import Path

from harness.run.plan.plan import Plan


def purpose_of(plan: Plan) -> str:
    """The plan with its summary, and the command or the rule files that are measured."""
    files = dict.fromkeys(
        Path(scenario.file).name
        for scenarios in plan.scenarios.values()
        for scenario in scenarios
        if scenario.file
    )
    about = shlex.join(plan.command) or ", ".join(files)
    words = f"{plan.name}: {plan.summary}" if plan.summary else plan.name
    if plan.victim is not None:
        words = f"{words}; the victim is {plan.victim.words}"
    return f"{words} ({about})" if about else words
