"""A history for the terminal: a table per cell, a line per run, changes of level marked."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.model.history import MIN_RUNS, History, PastRun, Point, Track
from harness.plain import plain
from harness.reporters.terminal import verdict_text
from harness.reporters.units import NOTHING, duration, interval, percent, ratio
from harness.reporters.words import metric_words

CHANGE = "◆"
"""The mark before a change of level."""
STOPPED, DOUBTFUL = "stopped", "doubtful"


def render_history(history: History, console: Console) -> None:
    """Print a history."""
    console.print(Group(*_parts(history)))


def _parts(history: History) -> Iterator[RenderableType]:
    runs = f"{len(history.runs)} run{'s' * (len(history.runs) != 1)}"
    yield Text(plain(f"{history.plan} on {history.machine}: {runs}"), style="bold")
    for track in history.tracks:
        yield Text()
        yield _table(history, track)
    yield Text()
    for run in history.runs:
        if run.notes:
            yield Text(plain(f"{moment(run)} {'; '.join(run.notes)}"), style="dim")
    yield from (Text(f"{words}.") for words in change_lines(history))
    for caution in history.cautions:
        yield Text(plain(f"! {caution.one_line()}"), style="yellow")


def moment(run: PastRun) -> str:
    """When a run began, to the minute, UTC."""
    return plain(run.started_at[:16].replace("T", " ")) or NOTHING


def track_name(track: Track) -> str:
    """The cell of a track, fit for a terminal."""
    cell = track.cell
    return plain(f"{cell.workload} × {cell.scenario} × {cell.consumer}")


def level(track: Track, value: float | None) -> str:
    """A level in the terms of its track."""
    return ratio(value) if track.is_ratio else duration(value)


def change_lines(history: History) -> list[str]:
    """Each change of level in words; or why none was looked for, or that there is none."""
    found = [
        f"{CHANGE} {moment(run)} {track_name(track)}: {metric_words(track.metric)} "
        f"{percent(point.step.after / point.step.before)} "
        f"({level(track, point.step.before)} to {level(track, point.step.after)})"
        for track in history.tracks
        for run, point in zip(history.runs, track.points, strict=True)
        if point is not None and point.step is not None
    ]
    judged = [track for track in history.tracks if track.judged]
    if history.tracks and not judged:
        return [f"Change detection needs at least {MIN_RUNS} runs"]
    if history.tracks and not found:
        found = ["No change of level"]
    if len(judged) < len(history.tracks):
        names = ", ".join(track_name(track) for track in history.tracks if not track.judged)
        found.append(f"Fewer than {MIN_RUNS} runs, too few for change detection: {names}")
    return found


def _table(history: History, track: Track) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_edge=False,
        title_justify="left",
    )
    table.title = Text(f"{track_name(track)}, {metric_words(track.metric)}", style="bold")
    table.add_column("run (UTC)", no_wrap=True, min_width=16)
    # The only column that may be narrower than its text: its cells end in an ellipsis then.
    table.add_column("label")
    table.add_column("ratio" if track.is_ratio else "per op", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("", no_wrap=True)
    for run, point in zip(history.runs, track.points, strict=True):
        table.add_row(
            moment(run),
            Text(plain(run.label), no_wrap=True, overflow="ellipsis"),
            NOTHING if point is None else level(track, point.level),
            interval(point.ci_low, point.ci_high) if point and track.is_ratio else "",
            _verdict(run, point),
            _marks(run, point),
        )
    return table


def _verdict(run: PastRun, point: Point | None) -> Text:
    if not run.trustworthy:
        return Text(DOUBTFUL, style="yellow")
    if point is None or point.verdict is None:
        return Text()
    return verdict_text(point.verdict)


def _marks(run: PastRun, point: Point | None) -> Text:
    """The notes of a run's row beside its numbers."""
    marks = Text() if run.complete else Text(f"{STOPPED} ", style="yellow")
    if point is not None and point.step is not None:
        step = f"{CHANGE} {percent(point.step.after / point.step.before)}"
        marks.append(step, style="bold magenta")
    return marks
