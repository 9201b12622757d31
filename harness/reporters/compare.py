"""What changed from BASE to HEAD: the answer, then a table per workload and metric."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.counted import counted
from harness.model.compare import Change, ChangeReport, LossChange, RunChanges, WaitChange
from harness.model.result import Comparison, LossComparison
from harness.reporters.page import (
    INTERVAL,
    WIDE,
    Box,
    Column,
    Grid,
    Heading,
    Line,
    Page,
    Part,
    Picture,
    columns,
    interval_boxes,
    number,
    text,
    verdict,
)
from harness.reporters.parts.deciding import deciding_words
from harness.reporters.units import (
    NOTHING,
    interval,
    metric_value,
    ratio,
    share,
    share_interval,
)
from harness.reporters.words import CHANGES, METHODS, VERDICTS, detectable_words, metric_words

_COLUMNS = (
    Column("scenario", left=True),
    *columns("base", "head", "ratio", left=0),
    *INTERVAL,
    Column("verdict"),
)
_PLAIN = (Column("plain"), Column("plain 95 %", media=WIDE))
_LOSS_COLUMNS = columns("cell", "base", "head", "head, 95 %", "events lost", "verdict", left=1)


def compare_page(report: ChangeReport) -> Page:
    """A comparison of runs."""
    pairs = [part for place in range(len(report.pairs)) for part in _pair(report, place)]
    return Page("auditbench compare", (Line(answer_words(report), "answer"), *pairs))


def picture_name(place: int) -> str:
    """Of the plot of one pair: its ratios of the primary metric."""
    return f"changes-{place}"


def _pair(report: ChangeReport, place: int) -> Iterator[Part]:
    """One HEAD against BASE."""
    pair = report.pairs[place]
    yield Heading(f"{pair.head} against {pair.base}")
    if pair.boots is not None:
        old, new = pair.boots
        yield Line(f"Each run is one block: {counted(old, 'run')} of BASE, {new} of HEAD.")
    yield from pair.cautions
    yield Picture(picture_name(place))
    for index, group in enumerate(_by_table(pair.changes)):
        yield _grid(pair, f"changes-{place}-{index}", group)
    yield from (Line(words, "note") for words in _method_lines(pair))
    lines = [
        *map(_wait_line, pair.waits),
        *_doubt_lines(pair),
        *_drift_lines(pair, report.primary),
        *_loss_lines(pair.losses),
    ]
    yield from map(Line, lines)
    yield _losses(f"losses-{place}", pair.losses)


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
        f"{loss.head.cell.workload} × {loss.head.cell.scenario} ({_loss_words(loss.head)})"
        for pair in report.pairs
        for loss in pair.losses
        if loss.head.verdict in ("worse", "lost")
    ]
    if report.verdict == "inconclusive" and report.without_answer:
        empty = report.without_answer[0]
        return (
            f"Inconclusive: {empty.head} and {empty.base} have nothing to compare but the "
            "reference."
        )
    if report.verdict == "inconclusive":
        return CHANGES[report.verdict] + deciding_words(report)
    if report.verdict != "worse":
        return CHANGES[report.verdict]
    return f"Worse: {', '.join(dict.fromkeys(worse))}."


def _loss_words(loss: LossComparison) -> str:
    if loss.verdict != "lost":
        return "loss"
    much = "" if loss.loss_ratio is None else f"{share(loss.loss_ratio)} of the events "
    trials = f"{loss.trials_with_loss} of {counted(loss.trials, 'trial')}"
    return f"lost {much}in {trials}, where the base lost none"


def _by_table(changes: Sequence[Change]) -> Iterable[list[Change]]:
    """Changes by workload and metric, order kept."""
    tables: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        key = change.comparison.cell.workload, change.comparison.metric
        tables.setdefault(key, []).append(change)
    return tables.values()


def row_name(change: Change, *, several: bool) -> str:
    """The scenario, with BASE's where that is another, and the consumer where there are several."""
    cell = change.comparison.cell
    name = cell.scenario
    if change.base_scenario != cell.scenario:
        name = f"{change.base_scenario} → {name}"
    if change.base_consumer != cell.consumer:
        return f"{name} ({change.base_consumer} → {cell.consumer})"
    return f"{name} {cell.consumer}" if several else name


def several_consumers(changes: Sequence[Change]) -> bool:
    """Whether rows must be told apart by their consumer."""
    cells = [change.comparison.cell for change in changes]
    return len({(cell.workload, cell.scenario) for cell in cells}) < len(cells)


def _grid(pair: RunChanges, name: str, group: Sequence[Change]) -> Grid:
    """One workload and metric; between runs with the plain ratio beside."""
    compared = group[0].comparison
    caption = f"{compared.cell.workload}: {metric_words(compared.metric)}"
    several = several_consumers(group)
    rows = tuple(_row(change, several=several, within=pair.within) for change in group)
    return Grid(name, caption, _COLUMNS if pair.within else _COLUMNS + _PLAIN, rows)


def _row(change: Change, *, several: bool, within: bool) -> tuple[Box, ...]:
    compared = change.comparison
    boxes = (
        text(row_name(change, several=several)),
        number(metric_value(compared.reference, compared.unit), compared.reference),
        number(metric_value(compared.estimate, compared.unit), compared.estimate),
        number(_marked_ratio(change), compared.ratio),
        *interval_boxes(compared.ci_low, compared.ci_high),
        verdict(VERDICTS[compared.verdict], detectable_words(compared)),
    )
    if within:
        return boxes
    plain = number(ratio(change.plain_ratio), change.plain_ratio)
    return (*boxes, plain, text(interval(change.plain_low, change.plain_high)))


def _method_lines(pair: RunChanges) -> list[str]:
    """How the ratios were made, a line for each way that occurs."""
    judged = (change for change in pair.changes if change.comparison.ratio is not None)
    return [METHODS[method] for method in dict.fromkeys(c.method for c in judged)]


def _marked_ratio(change: Change) -> str:
    """The ratio that is judged, with a star where it is not taken against a reference."""
    value = change.comparison.ratio
    return ratio(value) + ("*" if value is not None and change.method == "plain" else "")


def _doubt_lines(pair: RunChanges) -> list[str]:
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


def _wait_line(waited: WaitChange) -> str:
    """How much of a cell's time was waiting on each side; it is no work of the rules."""
    cell = waited.cell
    return (
        f"Waiting for room in the backlog, {cell.workload} × {cell.scenario}: "
        f"{_share_known(waited.base)} → {_share_known(waited.head)} of the time. Elapsed time "
        "has it in it, CPU has not: it is the backlog's doing and no work of the rules."
    )


def _share_known(value: float | None) -> str:
    return "unknown" if value is None else share(value)


def _drift_lines(pair: RunChanges, metric: str) -> list[str]:
    """The reference cell of one run against that of the other: what the machine did."""
    references = [
        change
        for change in pair.changes
        if change.is_reference and change.comparison.metric == metric
    ]
    several = several_consumers(references)
    return [
        f"Reference against reference, {change.comparison.cell.workload} × "
        f"{row_name(change, several=several)}: {ratio(change.plain_ratio)} "
        f"({interval(change.plain_low, change.plain_high)})"
        for change in references
        if change.plain_low is not None
    ]


def _loss_lines(losses: Sequence[LossChange]) -> list[str]:
    """One line for the cells that lost nothing in either run."""
    clean = [loss for loss in losses if not _has_loss(loss) and loss.head.trials]
    if not clean:
        return []
    fewest = min(clean, key=lambda loss: loss.head.trials).head
    return [f"None lost in {counted(len(clean), 'cell')}, {counted(fewest.trials, 'trial')} each."]


def _has_loss(loss: LossChange) -> bool:
    """Whether any trial of either run lost something."""
    return bool(loss.base.trials_with_loss or loss.head.trials_with_loss)


def _losses(name: str, losses: Sequence[LossChange]) -> Grid:
    """The cells that lost something in either run."""
    several = _several_in_losses(losses)
    rows = tuple(_loss_row(loss, several=several) for loss in losses if _has_loss(loss))
    return Grid(name, "Trials that lost events", _LOSS_COLUMNS, rows)


def _loss_row(loss: LossChange, *, several: bool) -> tuple[Box, ...]:
    cell = loss.head.cell
    return (
        text(f"{cell.workload} × {cell.scenario}{f' {cell.consumer}' if several else ''}"),
        text(_trials(loss.base)),
        text(_trials(loss.head)),
        text(share_interval(loss.head.share_low, loss.head.share_high)),
        text(f"{share(loss.base.loss_ratio)} → {share(loss.head.loss_ratio)}"),
        verdict(VERDICTS[loss.head.verdict]),
    )


def _several_in_losses(losses: Sequence[LossChange]) -> bool:
    names = [(loss.head.cell.workload, loss.head.cell.scenario) for loss in losses]
    return len(set(names)) < len(names)


def _trials(loss: LossComparison) -> str:
    """`3 of 20`; a dash where nobody could have seen a loss."""
    return f"{loss.trials_with_loss} of {loss.trials}" if loss.trials else NOTHING
