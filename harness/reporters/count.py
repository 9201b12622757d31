"""What a counted run says: the guest, a row per cell, and the floor."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import counted
from harness.model.count import CountedCell, CountedResult
from harness.model.stored.environment import StoredGuest
from harness.plain import plain
from harness.reporters.page import Box, Column, Grid, Line, Page, Part, columns, number, text
from harness.reporters.units import NOTHING, signed

_COLUMNS = (*columns("workload", "scenario", "instructions per operation", left=2),
            Column("to the reference"), Column("between boots"))  # fmt: skip


def count_page(result: CountedResult) -> Page:
    """All that a counted run says."""
    return Page(f"auditbench count: {plain(result.run)}", tuple(_parts(result)))


def _parts(result: CountedResult) -> Iterator[Part]:
    yield Line(plain(_sentence(result)), "answer")
    yield from result.cautions
    yield Grid("counts", "Instructions", _COLUMNS, tuple(map(_row, result.cells)))
    if result.floor is not None:
        yield Line(
            f"the boots differ by {_instructions(result.floor, 2)} instructions at most: this is "
            "the floor, and no smaller difference means anything",
            "note",
        )
    yield Line("instructions are not time: see docs/count.md", "note")


def _sentence(result: CountedResult) -> str:
    guest = result.guests[0] if result.guests else StoredGuest()
    if not result.cells:
        return f"Nothing was counted under Linux {guest.kernel}."
    boots = max(len(cell.boots) for cell in result.cells)
    dearest = max(result.cells, key=lambda cell: cell.difference or 0.0)
    words = f"Counted under Linux {guest.kernel} ({guest.source}) in {counted(boots, 'boot')}"
    if not dearest.difference:
        return f"{words}."
    return (
        f"{words}: {dearest.scenario} costs {dearest.workload} most, "
        f"{_instructions(dearest.difference)} instructions per operation more than "
        f"{result.reference}."
    )


def _row(cell: CountedCell) -> tuple[Box, ...]:
    difference = cell.difference
    shown = NOTHING if difference is None else signed(f"{difference:+,.1f}")
    apart = cell.apart if len(cell.boots) > 1 else None
    return (
        text(cell.workload),
        text(cell.scenario),
        number(_instructions(cell.estimate), cell.estimate),
        number(shown, difference),
        number(_instructions(cell.apart, 2), apart),
    )


def _instructions(value: float, digits: int = 1) -> str:
    return signed(f"{value:,.{digits}f}")
