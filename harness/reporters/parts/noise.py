"""The noise floor: the reference against itself."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model.result import NoiseFloor, Result
from harness.reporters.page import DATA, Box, Column, Grid, Line, Part, number, text
from harness.reporters.units import count, interval, ratio, share

_COLUMNS = tuple(
    Column(name, left=place < 4, media=DATA)
    for place, name in enumerate(
        ("workload", "scenario", "consumer", "metric", "ratio", "from", "to", "blocks")
    )
)


def noise_parts(result: Result) -> Iterator[Part]:
    """What is noise on this machine: a sentence per A/A cell, and the numbers as data."""
    several = len(result.plan.worker_counts) > 1
    yield from (Line(_words(floor, by_scenario=several)) for floor in result.noise_floor)
    yield Grid(
        "noise", "The reference against itself", _COLUMNS, tuple(map(_row, result.noise_floor))
    )


def _row(floor: NoiseFloor) -> tuple[Box, ...]:
    return (
        *map(text, (floor.workload, floor.scenario, floor.consumer, floor.metric)),
        number(ratio(floor.ratio), floor.ratio),
        number(ratio(floor.ci_low), floor.ci_low),
        number(ratio(floor.ci_high), floor.ci_high),
        number(count(floor.blocks), floor.blocks),
    )


def _words(floor: NoiseFloor, *, by_scenario: bool) -> str:
    name = f"{floor.workload} × {floor.scenario}" if by_scenario else floor.workload
    return (
        f"Noise floor of {name}: the same state measured twice gives a ratio of "
        f"{ratio(floor.ratio)} ({interval(floor.ci_low, floor.ci_high)}){_lost_in_noise(floor)}."
    )


def _lost_in_noise(floor: NoiseFloor) -> str:
    """The difference that may be noise: as far as the interval reaches from 1."""
    if floor.ci_low is None or floor.ci_high is None:
        return ""
    reach = max(abs(floor.ci_low - 1), abs(floor.ci_high - 1))
    return f", so a difference of less than {share(float(f'{reach:.2g}'))} may be noise"
