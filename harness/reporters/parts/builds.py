"""Builds of one consumer beside the first: CPU per event, memory, delay, and lost events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.counted import counted
from harness.model.result import BuildChange, Comparison
from harness.reporters.page import (
    DATA,
    INTERVAL,
    WIDE,
    Box,
    Column,
    Grid,
    Heading,
    Part,
    interval_boxes,
    number,
    text,
    verdict,
)
from harness.reporters.parts.ranking import size
from harness.reporters.units import metric_value, percent, ratio
from harness.reporters.words import VERDICTS, detectable_words, metric_words

_COLUMNS = (
    Column("workload", left=True, media=WIDE),
    Column("scenario", left=True, media=WIDE),
    Column("build", left=True),
    Column("metric", left=True),
    Column("first build"),
    Column("this build"),
    Column("ratio"),
    *INTERVAL,
    Column("verdict"),
    Column("blocks", media=DATA),
)


def builds_parts(builds: Sequence[BuildChange]) -> Iterator[Part]:
    """A table of all builds but the first, whose sentences are in the answer."""
    if not builds:
        return
    yield Heading("Builds of one consumer")
    rows = tuple(_row(build, each) for build in builds for each in build.comparisons)
    yield Grid("builds", "Each build against the first, paired by block", _COLUMNS, rows)


def build_sentences(builds: Sequence[BuildChange]) -> list[str]:
    """What each build costs per event, and whether it loses events that the first does not."""
    return [f"{_sentence(build)}." for build in builds]


def _sentence(build: BuildChange) -> str:
    cell, first = build.cell, build.comparisons[0]
    words = f"{cell.workload} × {cell.scenario}: {cell.consumer} {_cost(first)}"
    words += f" {build.against.consumer}"
    loss = build.loss
    if loss is not None and loss.trials_with_loss:
        words += f"; it lost events in {loss.trials_with_loss} of {counted(loss.trials, 'trial')}"
    return words


def _cost(found: Comparison) -> str:
    what = metric_words(found.metric)
    if found.ratio is None:
        return f"has no {what} to compare with that of"
    between = ""
    if found.ci_low is not None and found.ci_high is not None:
        between = f" ({percent(found.ci_low)} to {percent(found.ci_high)})"
    if found.verdict == "equal":
        return f"needs as much {what}{between} as"
    if found.verdict == "inconclusive":
        return f"is inconclusive in {what}{between}{detectable_words(found)} against"
    more = "more" if found.ratio > 1 else "less"
    return f"needs {more} {what}: {percent(found.ratio)}{between} against"


def _row(build: BuildChange, found: Comparison) -> tuple[Box, ...]:
    return (
        text(build.cell.workload),
        text(build.cell.scenario),
        text(build.cell.consumer),
        text(metric_words(found.metric)),
        number(_value(found.reference, found), found.reference),
        number(_value(found.estimate, found), found.estimate),
        number(ratio(found.ratio), found.ratio),
        *interval_boxes(found.ci_low, found.ci_high),
        verdict(VERDICTS[found.verdict]),
        number(str(found.blocks), found.blocks),
    )


def _value(value: float | None, found: Comparison) -> str:
    return size(value) if found.unit == "B" else metric_value(value, found.unit)
