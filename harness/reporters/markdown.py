"""A result, or comparisons, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.model.result import CellLedger, Comparison, LossComparison, Result
from harness.reporters.answer import answer
from harness.reporters.ledger import LINE_HEADERS, is_silent, line
from harness.reporters.matching import matching_sentences
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
from harness.reporters.render.markdown import escaped, markdown_table
from harness.reporters.units import (
    interval,
    metric_value,
    ratio,
    share,
    share_interval,
)
from harness.reporters.words import VERDICTS, detectable_words, legend_lines

COMPARISON_HEADERS = (
    "workload",
    "scenario",
    "consumer",
    "metric",
    "value",
    "ratio",
    "95 % interval",
    "verdict",
)
LOSS_HEADERS = (
    "workload",
    "scenario",
    "consumer",
    "trials with loss",
    "95 % interval",
    "events lost",
    "verdict",
)


def result_markdown(result: Result) -> str:
    """A whole result: the primary metric, loss, events, noise, cautions and the answer."""
    primary = [c for c in result.comparisons if c.metric == result.primary]
    parts = [comparisons_markdown(primary, f"auditbench: {result.run}")]
    if words := answer(result):
        parts.append(f"**{escaped(words)}**\n")
    parts += [f"- ⚠ {escaped(caution.one_line())}\n" for caution in result.cautions]
    parts += [_ranking(result), _sustained(result)]
    parts += [loss_markdown(result.losses), _events(result.ledgers)]
    parts += [f"{escaped(line)}\n" for line in legend_lines(result)]
    parts += [f"{escaped(line)}\n" for line in matching_sentences(result)]
    parts += _noise(result)
    others = [c for c in result.comparisons if c.metric != result.primary]
    if others:
        table = comparisons_table(others)
        parts.append(f"<details><summary>other metrics</summary>\n\n{table}\n</details>\n")
    if not result.complete:
        parts.append("The run was stopped early; these are its results so far.\n")
    return "\n".join(filter(None, parts))


def comparisons_markdown(comparisons: Iterable[Comparison], title: str) -> str:
    """Comparisons as one table under a heading."""
    return f"## {escaped(title)}\n\n{comparisons_table(comparisons)}"


def comparisons_table(comparisons: Iterable[Comparison]) -> str:
    """Comparisons as one table: a row per cell and metric."""
    return markdown_table(COMPARISON_HEADERS, [_row(c) for c in comparisons], text_columns=4)


def loss_markdown(losses: Iterable[LossComparison]) -> str:
    """Which cells lost events, as a table; empty where nothing is known."""
    rows = [
        [
            loss.cell.workload,
            loss.cell.scenario,
            loss.cell.consumer,
            f"{loss.trials_with_loss} of {loss.trials}",
            share_interval(loss.share_low, loss.share_high),
            share(loss.loss_ratio),
            VERDICTS[loss.verdict].marked,
        ]
        for loss in losses
    ]
    return markdown_table(LOSS_HEADERS, rows, text_columns=3) if rows else ""


def _row(comparison: Comparison) -> list[str]:
    note = "" if comparison.interleaved else " (not interleaved)"
    return [
        comparison.cell.workload,
        comparison.cell.scenario,
        comparison.cell.consumer,
        comparison.metric,
        metric_value(comparison.estimate, comparison.unit),
        ratio(comparison.ratio),
        interval(comparison.ci_low, comparison.ci_high),
        VERDICTS[comparison.verdict].marked + note + detectable_words(comparison),
    ]


def _ranking(result: Result) -> str:
    """The consumers ranked, a table per workload and scenario."""
    parts = []
    for (workload, scenario), group in by_group(result.ranking).items():
        table = markdown_table(STANDING_HEADERS, ranking_rows(group), text_columns=1)
        parts.append(f"### Consumers: {escaped(workload)} × {escaped(scenario)}\n\n{table}\n")
        parts += [f"- {escaped(words)}\n" for words in process_lines(group)]
    return "".join(parts) + f"\n{escaped(LEGEND)}\n" if parts else ""


def _sustained(result: Result) -> str:
    """The highest rates without loss."""
    if not result.sustained:
        return ""
    rows = sustained_rows(result.sustained)
    table = markdown_table(SUSTAINED_HEADERS, rows, text_columns=1)
    return f"{table}\n{escaped(SUSTAINED_LEGEND)}\n"


def _events(ledgers: Iterable[CellLedger]) -> str:
    rows = [
        [ledger.cell.workload, ledger.cell.scenario, ledger.cell.consumer, *line(ledger.total)]
        for ledger in ledgers
        if not is_silent(ledger.total)
    ]
    headers = ("workload", "scenario", "consumer", *LINE_HEADERS)
    return markdown_table(headers, rows, text_columns=3) if rows else ""


def _noise(result: Result) -> Iterator[str]:
    floors = "; ".join(
        f"{floor.workload} {ratio(floor.ratio)} ({interval(floor.ci_low, floor.ci_high)})"
        for floor in result.noise_floor
    )
    if floors:
        yield f"Noise floor (the reference against itself): {escaped(floors)}\n"
