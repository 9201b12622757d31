"""Consumers side by side: the ranking by CPU per event, and the highest rates without loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.model.result import RankedConsumer, Result, Sustained
from harness.reporters.page import (
    DATA,
    INTERVAL,
    TEXT_ONLY,
    Box,
    Column,
    Grid,
    Heading,
    Line,
    Part,
    columns,
    number,
    text,
)
from harness.reporters.units import NOTHING, count, duration, milliseconds, ratio

_RANKED = (
    Column("workload", left=True, media=DATA),
    Column("consumer", left=True, media=TEXT_ONLY),
    Column("consumer", left=True, media=DATA),
    Column("place", media=DATA),
    Column("CPU/event"),
    Column("vs previous", media=TEXT_ONLY),
    Column("vs previous", media=DATA),
    *INTERVAL[1:],
    *columns("memory", "written", "delay", left=0),
    Column("delay, at most", media=DATA),
)
_RATES = (
    Column("workload", left=True, media=DATA),
    *columns("consumer", "none lost at", "lost at", "trials", "why no higher", left=1),
)
_LEGEND = (
    "Ranked by CPU per event that was received; `vs previous` is the ratio to the consumer one "
    "line up, with its 95 % interval: if that includes 1, their order is inconclusive. Memory is "
    "the highest of all trials, written is per event, delay is the median age of the newest event "
    "in the output."
)
_SUSTAINED_LEGEND = (
    "Operations per second, one event each, with no process waiting: the highest step of the "
    "ladder at which no trial lost an event, and the step above."
)


def ranking_parts(ranking: Sequence[RankedConsumer]) -> Iterator[Part]:
    """The consumers ranked, a table per workload and scenario."""
    for place, ((workload, scenario), group) in enumerate(by_group(ranking).items()):
        yield Heading(f"Consumers: {workload} × {scenario}")
        rows = tuple(map(_ranked, group))
        yield Grid(f"consumers-{place}", "CPU per event, the cheapest first", _RANKED, rows)
        yield from (Line(words, "note") for words in process_lines(group))
    if ranking:
        yield Line(_LEGEND, "note")


def _ranked(ranked: RankedConsumer) -> tuple[Box, ...]:
    name = ranked.cell.consumer
    return (
        text(ranked.cell.workload),
        text(f"{ranked.place}. {name}"),
        text(name),
        number(count(ranked.place), ranked.place),
        number(duration(ranked.cpu_ns_per_event), ranked.cpu_ns_per_event),
        text(between(ranked)),
        number(ratio(ranked.ratio), ranked.ratio),
        number(ratio(ranked.ci_low), ranked.ci_low),
        number(ratio(ranked.ci_high), ranked.ci_high),
        number(size(ranked.memory_bytes), ranked.memory_bytes),
        number(size(ranked.written_bytes), ranked.written_bytes),
        number(milliseconds(ranked.delay_p50_ms), ranked.delay_p50_ms),
        number(milliseconds(ranked.delay_max_ms), ranked.delay_max_ms),
    )


def process_lines(ranking: Sequence[RankedConsumer]) -> Iterator[str]:
    """The CPU of each process; only for consumers that have several."""
    for ranked in ranking:
        if ranked.cpu_by_process_ns:
            parts = ", ".join(
                f"{name} {duration(used_ns)}" for name, used_ns in ranked.cpu_by_process_ns.items()
            )
            yield f"{ranked.cell.consumer}: {parts} of CPU per event"


def sustained_parts(steps: Sequence[Sustained]) -> Iterator[Part]:
    """The highest rates without loss, in operations per second."""
    longest = sorted(steps, key=lambda one: -(one.without_loss or 0))
    rows = tuple(
        (
            text(step.workload),
            text(step.consumer),
            number(per_second(step.without_loss), step.without_loss),
            number(per_second(step.with_loss), step.with_loss),
            number(count(step.trials), step.trials),
            text(step.limit or "it loses events"),
        )
        for step in longest
    )
    yield Grid("rates", "The highest rate without loss", _RATES, rows)
    if steps:
        yield Line(_SUSTAINED_LEGEND, "note")


def consumers_sentence(workload: str, result: Result) -> str:
    """What the ranking says of a workload, in one sentence; empty where there is none."""
    ranked = [ranked for ranked in result.ranking if ranked.cell.workload == workload]
    costs = ", ".join(
        f"{ranked.cell.consumer} {duration(ranked.cpu_ns_per_event)}" for ranked in ranked
    )
    return f"{workload}, CPU per event of the consumer: {costs}." if costs else ""


def sustained_sentence(steps: Sequence[Sustained]) -> str:
    """Up to which rate the consumers lost nothing; empty where no ladder was climbed."""
    known = sorted(
        (step for step in steps if step.without_loss), key=lambda one: -(one.without_loss or 0)
    )
    rates = ", ".join(
        f"{step.consumer} {'' if step.with_loss else 'at least '}{per_second(step.without_loss)}"
        for step in known
    )
    return f"Without loss: {rates}." if rates else ""


def by_group(ranking: Sequence[RankedConsumer]) -> dict[tuple[str, str], list[RankedConsumer]]:
    """Standings by workload, and the scenario that most of them are of."""
    groups: list[list[RankedConsumer]] = []
    for ranked in ranking:
        if ranked.place == 1:
            groups.append([])
        groups[-1].append(ranked)
    return {_name_of(group): group for group in groups}


def _name_of(group: Sequence[RankedConsumer]) -> tuple[str, str]:
    scenarios = [ranked.cell.scenario for ranked in group]
    return group[0].cell.workload, max(scenarios, key=scenarios.count)


def between(ranked: RankedConsumer) -> str:
    """The ratio to the consumer above, with its interval."""
    if ranked.ratio is None:
        return NOTHING
    if ranked.ci_low is None or ranked.ci_high is None:
        return f"{ranked.ratio:.2f}"
    return f"{ranked.ratio:.2f} ({ranked.ci_low:.2f}–{ranked.ci_high:.2f})"


def per_second(rate: int | None) -> str:
    """A rate of the ladder."""
    return NOTHING if rate is None else f"{count(rate)}/s"


def size(value: float | None) -> str:
    """Bytes in the unit that suits them."""
    if value is None:
        return NOTHING
    for factor, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return f"{value:.0f} B"
