"""What changed from BASE to HEAD, for the terminal: a table per workload and metric.

Fits 80 columns; plain where the output is no terminal or NO_COLOR is set (rich sees to that).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.model.compare import Change, ChangeReport, LossChange, RunChanges
from harness.model.result import Comparison, LossComparison
from harness.plain import plain
from harness.reporters.markdown import metric_value
from harness.reporters.terminal import verdict_text
from harness.reporters.units import NOTHING, interval, ratio, share, share_interval
from harness.reporters.words import CHANGES, METHODS, VERDICTS, metric_words


def render_changes(report: ChangeReport, console: Console) -> None:
    """Print a comparison of runs."""
    console.print(Group(*_parts(report)))


def _parts(report: ChangeReport) -> Iterator[RenderableType]:
    for pair in report.pairs:
        yield Text(f"base  {plain(pair.base)}\nhead  {plain(pair.head)}", style="bold")
        for (workload, metric), group in by_table(pair.changes).items():
            yield Text(f"\n{plain(workload)}: {metric_words(metric)}")
            yield _table(group, within=pair.within)
        yield from _methods(pair)
        yield from (
            Text(line) for line in [*drift_lines(pair, report.primary), *loss_lines(pair.losses)]
        )
        yield from _losses(pair.losses)
        for caution in pair.cautions:
            yield Text(f"! {plain(caution.one_line())}", style="yellow")
        yield Text()
    yield Text(answer_words(report), style="bold")


def answer_words(report: ChangeReport) -> str:
    """The verdict of the whole comparison, with what got worse."""
    worse = [
        f"{change.comparison.cell.workload} × {change.comparison.cell.scenario} "
        f"({metric_words(change.comparison.metric)})"
        for pair in report.pairs
        for change in pair.changes
        if change.counts and change.comparison.verdict == "worse"
    ]
    worse += [
        f"{loss.head.cell.workload} × {loss.head.cell.scenario} (loss)"
        for pair in report.pairs
        for loss in pair.losses
        if loss.head.verdict == "worse"
    ]
    if report.verdict == "inconclusive" and report.without_answer:
        empty = report.without_answer[0]
        return (
            f"Inconclusive: {plain(empty.head)} and {plain(empty.base)} have nothing to compare "
            "but the reference."
        )
    if report.verdict != "worse":
        return CHANGES[report.verdict]
    return f"Worse: {', '.join(plain(word) for word in dict.fromkeys(worse))}."


def by_table(changes: Sequence[Change]) -> dict[tuple[str, str], list[Change]]:
    """Changes by workload and metric, order kept."""
    tables: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        key = change.comparison.cell.workload, change.comparison.metric
        tables.setdefault(key, []).append(change)
    return tables


def row_name(change: Change, *, several: bool) -> str:
    """The scenario, with BASE's where that is another, and the consumer where there are several."""
    cell = change.comparison.cell
    name = cell.scenario
    if change.base_scenario != cell.scenario:
        name = f"{change.base_scenario} → {name}"
    if change.base_consumer != cell.consumer:
        return plain(f"{name} ({change.base_consumer} → {cell.consumer})")
    return plain(f"{name} {cell.consumer}" if several else name)


def several_consumers(changes: Sequence[Change]) -> bool:
    """Whether rows must be told apart by their consumer."""
    scenarios = [change.comparison.cell.scenario for change in changes]
    return len(set(scenarios)) < len(scenarios)


def _table(group: list[Change], *, within: bool) -> Table:
    several = several_consumers(group)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    headers = ["scenario", "base", "head", "ratio", "95 % interval"]
    headers += ["verdict"] if within else ["verdict", "plain"]
    for place, header in enumerate(headers):
        table.add_column(header, justify="left" if place == 0 else "right", overflow="fold")
    for change in group:
        compared = change.comparison
        cells: list[str | Text] = [
            Text(row_name(change, several=several)),
            metric_value(compared.reference, compared.unit),
            metric_value(compared.estimate, compared.unit),
            marked_ratio(change),
            interval(compared.ci_low, compared.ci_high),
            verdict_text(compared.verdict),
        ]
        table.add_row(*cells, *([] if within else [ratio(change.plain_ratio)]))
    return table


def method_lines(pair: RunChanges) -> list[str]:
    """How the ratios were made, a line for each way that occurs."""
    judged = (change for change in pair.changes if change.comparison.ratio is not None)
    return [METHODS[method] for method in dict.fromkeys(c.method for c in judged)]


def marked_ratio(change: Change) -> str:
    """The ratio that is judged, with a star where it is not taken against a reference."""
    value = change.comparison.ratio
    return ratio(value) + ("*" if value is not None and change.method == "plain" else "")


def _methods(pair: RunChanges) -> Iterator[Text]:
    yield from (Text(line, style="dim") for line in method_lines(pair))


def doubt_lines(pair: RunChanges) -> list[str]:
    """One line where a verdict is inconclusive although the interval lies beyond the margin."""
    if not any(_doubted(change.comparison) for change in pair.changes):
        return []
    return [
        "Inconclusive although the interval is beyond the margin: with many comparisons and so few "
        "blocks this may be chance (q above 0.05)."
    ]


def _doubted(compared: Comparison) -> bool:
    if compared.verdict != "inconclusive" or compared.ci_low is None or compared.ci_high is None:
        return False
    return compared.ci_low > 1 + compared.margin or compared.ci_high < 1 / (1 + compared.margin)


def drift_lines(pair: RunChanges, metric: str) -> list[str]:
    """The reference cell of one run against that of the other: what the machine did."""
    references = [
        change
        for change in pair.changes
        if change.is_reference and change.comparison.metric == metric
    ]
    several = several_consumers(references)
    return [
        f"Reference against reference, {plain(change.comparison.cell.workload)} × "
        f"{row_name(change, several=several)}: {ratio(change.plain_ratio)} "
        f"({interval(change.plain_low, change.plain_high)})"
        for change in references
        if change.plain_low is not None
    ]


def loss_lines(losses: Sequence[LossChange]) -> list[str]:
    """One line for the cells that lost nothing in either run, with what cannot be excluded."""
    clean = [loss for loss in losses if not has_loss(loss) and loss.head.trials]
    if not clean:
        return []
    fewest = min(clean, key=lambda loss: loss.head.trials).head
    cells = "1 cell" if len(clean) == 1 else f"{len(clean)} cells"
    return [
        f"None lost in {cells}, {fewest.trials} trials each: "
        f"at most {share(fewest.share_high)} of trials lose any."
    ]


def has_loss(loss: LossChange) -> bool:
    """Whether any trial of either run lost something."""
    return bool(loss.base.trials_with_loss or loss.head.trials_with_loss)


LOSS_HEADERS = ("trials with loss", "base", "head", "head, 95 %", "events lost", "verdict")


def _losses(losses: Sequence[LossChange]) -> Iterator[RenderableType]:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for place, header in enumerate(LOSS_HEADERS):
        table.add_column(header, justify="left" if place == 0 else "right", overflow="fold")
    for loss in filter(has_loss, losses):
        *cells, _ = loss_cells(loss, several=_several_in_losses(losses))
        table.add_row(*map(Text, cells), verdict_text(loss.head.verdict))
    if table.row_count:
        yield Text()
        yield table


def loss_rows(losses: Sequence[LossChange]) -> list[list[str]]:
    """A row under LOSS_HEADERS for every cell that lost something in either run."""
    several = _several_in_losses(losses)
    return [loss_cells(loss, several=several) for loss in losses if has_loss(loss)]


def loss_cells(loss: LossChange, *, several: bool) -> list[str]:
    """One cell under LOSS_HEADERS."""
    cell = loss.head.cell
    name = f"{cell.workload} × {cell.scenario}{f' {cell.consumer}' if several else ''}"
    return [
        plain(name),
        _trials(loss.base),
        _trials(loss.head),
        share_interval(loss.head.share_low, loss.head.share_high),
        f"{share(loss.base.loss_ratio)} → {share(loss.head.loss_ratio)}",
        VERDICTS[loss.head.verdict].marked,
    ]


def _several_in_losses(losses: Sequence[LossChange]) -> bool:
    names = [(loss.head.cell.workload, loss.head.cell.scenario) for loss in losses]
    return len(set(names)) < len(names)


def _trials(loss: LossComparison) -> str:
    """`3 of 20`; a dash where nobody could have seen a loss."""
    return f"{loss.trials_with_loss} of {loss.trials}" if loss.trials else NOTHING
