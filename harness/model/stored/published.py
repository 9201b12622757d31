"""Measurements that others have published: as a plan has them, and beside what was found here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

Agreement = Literal[
    "same", "larger", "smaller", "direction", "opposite", "none", "inconclusive", "not-measured"
]
"""Of the change found here with the published one: its direction and size; more than twice, or less
than half of it; its direction, the size left open; the other direction; no such change; left open;
not measured."""


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One published measurement, and the cell of the plan that redoes it.

    `ratio` is what was found with audit (or the rules) to what was found without, read out of
    `found`; the cell's ratio to its reference in `metric` is compared with it.
    """

    name: str
    source: str
    set_up: str
    found: str
    ratio: Annotated[float, msgspec.Meta(gt=0, le=1e6)]
    workload: str
    scenario: str
    metric: str = "elapsed_ns_per_op"
    why: str
    """Why a host of today may find something else."""


@dataclass(frozen=True, slots=True)
class Redone:
    """A published measurement and what was found here; None is what was not measured."""

    published: Published
    agreement: Agreement
    reference: float | None = None
    value: float | None = None
    unit: str = ""
    ratio: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
