"""What changed between counted runs, kernels or scenarios: the answer, then a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.counted import agreeing, counted
from harness.model.count import INSTRUCTIONS
from harness.model.count_changes import CountChange, CountPair, CountReport
from harness.model.stored.environment import StoredGuest
from harness.plain import plain
from harness.reporters.counts.numbers import (
    DIGITS_OF_CHECKSUM,
    LEAST_SHOWN,
    count_box,
    floors_words,
    more,
    share_more,
)
from harness.reporters.page import (
    WIDE,
    Box,
    Column,
    Grid,
    Heading,
    Line,
    Page,
    Part,
    columns,
    number,
    text,
    verdict,
)
from harness.reporters.units import share
from harness.reporters.words import COUNT_CHANGES, COUNT_VERDICTS, metric_title, metric_words

_COLUMNS = (
    *columns("workload", "scenario", "base", "head", "difference", "change", left=2),
    Column("floor", media=WIDE),
    Column("verdict"),
)


def count_changes_page(report: CountReport) -> Page:
    """A comparison of counted runs."""
    parts = (part for place in range(len(report.pairs)) for part in _pair(report, place))
    return Page("auditbench compare", (Line(count_answer(report), "answer"), *parts))


def count_answer(report: CountReport) -> str:
    """The verdict of the whole comparison, with the kernels where these are compared."""
    kernels = dict.fromkeys(words for pair in report.pairs if (words := kernel_words(pair)))
    words = COUNT_CHANGES[report.verdict]
    worse = dict.fromkeys(
        change_words(change, pair)
        for pair in report.pairs
        for change in pair.changes
        if change.verdict == "worse"
    )
    if report.verdict == "worse":
        words += f": {'; '.join(worse)}"
        better = sum(change.verdict == "better" for p in report.pairs for change in p.changes)
        if better:
            words += f". {counted(better, 'other')} {agreeing(better, 'is', 'are')} better"
    return plain(f"{'; '.join(kernels)}. {words}." if kernels else f"{words}.")


def kernel_words(pair: CountPair) -> str:
    """Which kernels are compared; empty where it is the same one on both sides."""
    if pair.guests is None:
        return ""
    old, new = pair.guests
    if old.name != new.name:
        return f"Linux {new.name} against Linux {old.name}"
    return f"Two builds of Linux {new.name}: {_checksum(new)} against {_checksum(old)}"


def _checksum(guest: StoredGuest) -> str:
    return (
        f"sha256 {guest.sha256[:DIGITS_OF_CHECKSUM]}…"
        if guest.sha256
        else "one of unknown checksum"
    )


def told_changes(changes: Sequence[CountChange]) -> list[CountChange]:
    """Without the metrics of events where no cell has any: tables of zeros."""
    some = {c.metric for c in changes if max(abs(c.base), abs(c.head)) >= LEAST_SHOWN}
    return [change for change in changes if change.metric in some | {INSTRUCTIONS}]


def change_words(change: CountChange, pair: CountPair) -> str:
    """One change in words, such as `… rules +12.0 (+1.4 %)`."""
    where = f"{change.workload} × {_row_name(change, pair)}"
    what = "" if change.metric == INSTRUCTIONS else f", {metric_words(change.metric)}"
    return f"{where}{what} {more(change.difference)} ({share_more(change.share)})"


def _pair(report: CountReport, place: int) -> Iterator[Part]:
    pair = report.pairs[place]
    yield Heading(f"{pair.head} against {pair.base}")
    yield from pair.cautions
    shown = told_changes(pair.changes)
    for metric in dict.fromkeys(change.metric for change in shown):
        group = [change for change in shown if change.metric == metric]
        yield _grid(f"counts-{place}-{metric}", metric, group, pair)
    yield from (Line(words, "note") for words in standards(shown))


def _grid(name: str, metric: str, group: Sequence[CountChange], pair: CountPair) -> Grid:
    rows = tuple(_row(change, pair) for change in group)
    return Grid(name, metric_title(metric), _COLUMNS, rows)


def _row(change: CountChange, pair: CountPair) -> tuple[Box, ...]:
    return (
        text(change.workload),
        text(_row_name(change, pair)),
        count_box(change.base),
        count_box(change.head),
        number(more(change.difference), change.difference),
        number(share_more(change.share), change.share),
        count_box(change.floor, 2),
        verdict(COUNT_VERDICTS[change.verdict]),
    )


def _row_name(change: CountChange, pair: CountPair) -> str:
    """The scenario, with BASE's where that is another, and the kernel where there are several."""
    name = change.scenario
    if change.base_scenario != name:
        name = f"{change.base_scenario} → {name}"
    several = len({other.kernel for other in pair.changes}) > 1
    return f"{name} ({change.kernel})" if several else name


def standards(changes: Sequence[CountChange]) -> Iterator[str]:
    """What the verdicts are taken against."""
    for metric in dict.fromkeys(change.metric for change in changes):
        group = [change for change in changes if change.metric == metric]
        floor = floors_words((change.workload, change.floor) for change in group)
        yield (
            f"{metric_words(metric)}: margin {share(group[0].margin)}, floor {floor}: no smaller "
            "difference means anything"
        )
