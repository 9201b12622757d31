"""Numbers of instructions and names of kernels as every page about them has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.plain import plain
from harness.reporters.page import Box, number
from harness.reporters.units import NOTHING, share, signed

DIGITS_OF_CHECKSUM = 12
"""So many of a kernel's are shown."""
LEAST_SHOWN = 0.05
"""Less of what events cost is shown as 0.0, and so not at all."""


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


def floors_words(floors: Iterable[tuple[str, float | None]], unit: str = "") -> str:
    """The largest floor of each workload: `0.02`, or `0.02 (syscalls) and 404.92 (udp)`.

    `floors` are of cells, by workload; `unit` stands behind the first number.
    """
    largest: dict[str, float] = {}
    for workload, floor in floors:
        if floor is not None:
            largest[workload] = max(floor, largest.get(workload, 0.0))
    if not largest:
        return "unknown"
    numbers = {workload: instructions(floor, 2) for workload, floor in largest.items()}
    first = next(iter(numbers))
    numbers[first] += unit
    if len(numbers) == 1:
        return numbers[first]
    words = [f"{shown} ({plain(workload)})" for workload, shown in numbers.items()]
    return f"{', '.join(words[:-1])} and {words[-1]}"


def short_kernel_names(kernels: Sequence[str]) -> list[str]:
    """The versions alone, as in `6.12.117`, where these tell the kernels apart."""
    short = [kernel.split("-")[0].split("+")[0] for kernel in kernels]
    return short if len(set(short)) == len(short) else list(kernels)
