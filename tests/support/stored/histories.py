"""Made-up runs of a plan, one a day. No number in here is a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.stored.two_runs import write_run


def write_history(
    results: Path,
    costs: Sequence[float],
    *,
    machine: str = "h-1",
    first_day: int = 1,
    plan: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    blocks: int = 8,
) -> list[Path]:
    """One run a day in which the scenario `rules` costs so many times what it is made up to."""
    folders = []
    for place, cost in enumerate(costs):
        day = first_day + place
        name = f"2026-01-{day:02d}T120000Z-{(plan or {}).get('name', 'overhead')}"
        folders.append(
            write_run(
                results / machine / name,
                seed=day,
                blocks=blocks,
                drift=1 + day / 50,
                costs={"rules": cost},
                plan=plan,
                environment=environment,
            )
        )
    return folders
