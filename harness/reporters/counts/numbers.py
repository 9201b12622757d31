"""Numbers of instructions as every page about them has them."""

from __future__ import annotations

from harness.reporters.page import Box, number
from harness.reporters.units import NOTHING, share, signed


def instructions(value: float | None, digits: int = 1) -> str:
    """A number of instructions."""
    return NOTHING if value is None else signed(f"{value:,.{digits}f}")


def more(value: float | None) -> str:
    """A difference of instructions, with its sign."""
    return NOTHING if value is None else signed(f"{value:+,.1f}")


def share_more(value: float | None) -> str:
    """A difference as a share: `+4.2 %`."""
    if value is None:
        return NOTHING
    return f"+{share(value)}" if value > 0 else share(value)


def count_box(value: float | None, digits: int = 1) -> Box:
    """A number of instructions in a table."""
    return number(instructions(value, digits), value)
