"""A result for the terminal: three tables per workload, loss, noise floor, cautions, the answer.

Fits 80 columns; plain where the output is no terminal or NO_COLOR is set (rich sees to that).
"""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from harness.model.result import Result, Verdict
from harness.reporters.answer import answer
from harness.reporters.ledger import LINE_HEADERS, equation, is_silent, line
from harness.reporters.loss import loss_lines
from harness.reporters.matching import matching_lines
from harness.reporters.ranking import (
    LEGEND,
    STANDING_HEADERS,
    SUSTAINED_HEADERS,
    SUSTAINED_LEGEND,
    by_group,
    process_lines,
    ranking_rows,
    sustained_rows,
)
from harness.reporters.rows import Row, by_workload, cell_label, rows, several_consumers
from harness.reporters.units import NOTHING, count, duration, interval, ratio, share
from harness.reporters.words import VERDICTS, legend_lines, metric_words
from workloads.catalog import WORKLOADS


def render_result(result: Result, console: Console) -> None:
    """Print a result."""
    console.print(Group(*_parts(result)))


def _parts(result: Result) -> Iterator[RenderableType]:
    for workload, group in by_workload(rows(result)).items():
        yield heading(result, workload, group)
        several = several_consumers(group)
        yield _ratio_table(result, group, several=several)
        yield from inconclusive_cells(group, result.primary)
        yield Text()
        yield _cpu_table(result, group, several=several)
        yield Text()
        yield from _events_table(group, several=several)
        yield from (Text(words) for words in loss_lines(result, group))
    yield from _ranking(result)
    yield from (Text(line, style="dim") for line in legend_lines(result))
    yield from map(Text, matching_lines(result.plan.login, result.plan.matching))
    yield from _noise(result)
    for caution in result.cautions:
        yield Text(f"! {caution.one_line()}", style="yellow")
    if sentence := answer(result):
        yield Text(sentence, style="bold")
    if not result.complete:
        yield Text("The run was stopped early; these are its results so far.")


def heading(result: Result, workload: str, group: list[Row]) -> Text:
    """The heading of a workload's tables."""
    found = [
        row.by_metric[result.primary].blocks for row in group if result.primary in row.by_metric
    ]
    ops = result.plan.ops.get(workload, 0)
    info = WORKLOADS.get(workload)
    operation = f" ({info.operation})" if info is not None else ""
    blocks = max(found, default=0)
    return Text(
        f"\n{workload}{operation}: {blocks} block{'s' * (blocks != 1)}, "
        f"{count(ops)} {result.operation}s per trial",
        style="bold",
    )


def row_name(row: Row, *, several: bool) -> Text:
    """A cell as its row is called: the scenario, with the consumer where there are several."""
    return Text(cell_label(row.cell, several=several))


def verdict_text(verdict: Verdict) -> Text:
    """A verdict as tables show it: mark and word, in its colour."""
    look = VERDICTS[verdict]
    return Text(look.marked, style=look.style)


def table_of(*headers: str) -> Table:
    """An empty table in the style of all; the first column to the left."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for place, header in enumerate(headers):
        table.add_column(escape(header), justify="left" if place == 0 else "right", overflow="fold")
    return table


def _ratio_table(result: Result, group: list[Row], *, several: bool) -> Table:
    what, per = metric_words(result.primary), f"per {result.operation}"
    table = table_of(what, per, "ratio", "95 % interval", "verdict")
    if several:
        # Two names and the longest verdict fit into 80 columns.
        table.padding = (0, 1, 0, 0)
    for row in group:
        comparison = row.by_metric.get(result.primary)
        if comparison is None:
            continue
        note = "" if comparison.interleaved else " *"
        table.add_row(
            row_name(row, several=several),
            duration(comparison.estimate),
            ratio(comparison.ratio) + note,
            interval(comparison.ci_low, comparison.ci_high),
            verdict_text(comparison.verdict),
        )
    if any(not c.interleaved for row in group for c in row.by_metric.values()):
        table.caption = "* measured before the blocks, not interleaved"
    return table


def _cpu_table(result: Result, group: list[Row], *, several: bool) -> Table:
    table = table_of(f"CPU per {result.operation}", "workload", "consumer", "kauditd", "total")
    for row in filter(lambda row: row.by_metric, group):
        table.add_row(
            row_name(row, several=several),
            duration(row.estimate("cpu_workload_ns_per_op")),
            duration(row.estimate("cpu_consumer_ns_per_op")),
            duration(row.estimate("cpu_kauditd_ns_per_op")),
            duration(row.estimate("cpu_total_ns_per_op")),
        )
    return table


def inconclusive_cells(group: list[Row], metric: str) -> Iterator[RenderableType]:
    """What inconclusive comparisons could have shown, and how many more blocks would decide."""
    several = several_consumers(group)
    found = []
    for row in group:
        comparison = row.by_metric.get(metric)
        if comparison is None or comparison.verdict != "inconclusive":
            continue
        if comparison.detectable is None:
            continue
        needed = comparison.blocks_needed
        more = NOTHING if needed is None else f"+{count(needed - comparison.blocks)}"
        name = row_name(row, several=several).plain
        found.append(f"{name} {share(comparison.detectable)}, {more}")
    if found:
        words = "inconclusive (detectable difference, more blocks needed): "
        yield Text(words + "; ".join(found), style="dim")


def _events_table(group: list[Row], *, several: bool) -> Iterator[RenderableType]:
    """The events of the cells that had any; the others are named below in one line."""
    table = table_of("events", *LINE_HEADERS)
    table.padding = (0, 1, 0, 0)
    silent: list[str] = []
    equations: list[str] = []
    for row in group:
        if row.ledger is None:
            continue
        total = row.ledger.total
        if is_silent(total):
            silent.append(row_name(row, several=several).plain)
            continue
        name = row_name(row, several=several)
        table.add_row(name, *line(total))
        if words := equation(total):
            equations.append(f"{name.plain}: {words}")
    if table.row_count:
        yield table
    yield from (Text(words) for words in equations)
    if silent:
        yield Text(f"no events: {', '.join(silent)}", style="dim")


def _ranking(result: Result) -> Iterator[RenderableType]:
    """The consumers ranked, and the rates that they sustain."""
    for (workload, scenario), group in by_group(result.ranking).items():
        yield Text(f"\nconsumers, {workload} × {scenario}", style="bold")
        table = table_of(*STANDING_HEADERS)
        table.padding = (0, 1, 0, 0)
        for row in ranking_rows(group):
            table.add_row(*row)
        yield table
        yield from (Text(words, style="dim") for words in process_lines(group))
    if result.ranking:
        yield Text(LEGEND, style="dim")
    if result.sustained:
        yield Text()
        table = table_of(*SUSTAINED_HEADERS)
        for row in sustained_rows(result.sustained):
            table.add_row(*row)
        yield table
        yield Text(SUSTAINED_LEGEND, style="dim")


def _noise(result: Result) -> Iterator[RenderableType]:
    floors = [
        f"{floor.workload} {ratio(floor.ratio)} ({interval(floor.ci_low, floor.ci_high)})"
        for floor in result.noise_floor
    ]
    if floors:
        yield Text(f"\nNoise floor (the reference against itself): {'; '.join(floors)}")
