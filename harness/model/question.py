"""What a run was asked: the answer at the top of every report is to this question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Question = Literal[
    "cost", "loss", "ranking", "scaling", "victim", "published", "soak", "capacity", "size"
]
"""What audit costs; which cells lose events, and which wait; which consumer costs least; how the
cost grows with the processes that make events at once; what an innocent load beside the noisy one
feels; which published measurements are found again; what of a
consumer grows in the course of time; how much rules and a consumer can take; how large the backlog
must be.
"""

_OF_BUILT_IN: Mapping[str, Question] = {
    "pressure": "loss",
    "rate": "loss",
    "consumers": "ranking",
    "workers": "scaling",
    "victim": "victim",
    "published": "published",
    "soak": "soak",
}


def question_of(plan: str) -> Question:
    """The question of a run that was stored without one, by the name of its plan."""
    return _OF_BUILT_IN.get(plan, "cost")
