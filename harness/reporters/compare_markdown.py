"""What changed from BASE to HEAD, as Markdown."""

from __future__ import annotations

from harness.model.compare import Change, ChangeReport, RunChanges
from harness.reporters.compare import (
    LOSS_HEADERS,
    answer_words,
    by_table,
    doubt_lines,
    drift_lines,
    loss_lines,
    loss_rows,
    marked_ratio,
    method_lines,
    row_name,
    several_consumers,
)
from harness.reporters.markdown import (
    detectable_words,
    escaped,
    markdown_table,
    metric_value,
)
from harness.reporters.units import NOTHING, interval, ratio
from harness.reporters.words import VERDICTS, metric_words

HEADERS = ("base", "head", "ratio", "95 % interval", "verdict")


def changes_markdown(report: ChangeReport) -> str:
    """A comparison of runs: the answer, then a table per workload and metric."""
    parts = [f"## auditbench compare\n\n**{escaped(answer_words(report))}**\n"]
    for pair in report.pairs:
        parts += _pair(pair, report.primary)
    return "\n".join(filter(None, parts))


def _pair(pair: RunChanges, primary: str) -> list[str]:
    parts = [f"### {escaped(pair.head)} against {escaped(pair.base)}\n"]
    parts += [f"- ⚠ {escaped(caution.one_line())}\n" for caution in pair.cautions]
    for (workload, metric), group in by_table(pair.changes).items():
        title = f"{workload}: {metric_words(metric)}"
        several = several_consumers(group)
        headers = (title, *HEADERS) if pair.within else (title, *HEADERS, "plain ratio")
        rows = [_row(change, several=several, within=pair.within) for change in group]
        parts.append(markdown_table([escaped(h) for h in headers], rows, text_columns=1))
    lines = [
        *method_lines(pair),
        *doubt_lines(pair),
        *drift_lines(pair, primary),
        *loss_lines(pair.losses),
    ]
    parts += [f"{escaped(line)}\n" for line in lines]
    parts.append(_losses(pair))
    return parts


def _row(change: Change, *, several: bool, within: bool) -> list[str]:
    compared = change.comparison
    cells = [
        row_name(change, several=several),
        metric_value(compared.reference, compared.unit),
        metric_value(compared.estimate, compared.unit),
        marked_ratio(change),
        interval(compared.ci_low, compared.ci_high),
        VERDICTS[compared.verdict].marked + detectable_words(compared),
    ]
    if within:
        return cells
    bounds = interval(change.plain_low, change.plain_high)
    return [
        *cells,
        NOTHING if change.plain_ratio is None else f"{ratio(change.plain_ratio)} ({bounds})",
    ]


def _losses(pair: RunChanges) -> str:
    rows = loss_rows(pair.losses)
    return markdown_table(LOSS_HEADERS, rows, text_columns=1) if rows else ""
