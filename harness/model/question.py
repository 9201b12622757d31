"""What a run was asked: the answer at the top of every report is to this question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Question = Literal["cost", "loss", "ranking"]
"""What audit costs; which cells lose events, and which wait; which consumer costs least."""

_OF_BUILT_IN: Mapping[str, Question] = {
    "pressure": "loss",
    "rate": "loss",
    "consumers": "ranking",
}


def question_of(plan: str) -> Question:
    """The question of a run that was stored without one, by the name of its plan."""
    return _OF_BUILT_IN.get(plan, "cost")
