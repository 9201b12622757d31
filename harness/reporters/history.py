"""A history: where a level changed, then a table per cell with a row per run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.counted import counted
from harness.model.history import History, PastRun, Point, Track
from harness.model.result import WAITS
from harness.plain import plain
from harness.reporters.counts.numbers import instructions
from harness.reporters.page import (
    INTERVAL,
    Box,
    Column,
    Grid,
    Line,
    Page,
    Part,
    interval_boxes,
    number,
    text,
    verdict,
)
from harness.reporters.units import NOTHING, duration, percent, ratio, share
from harness.reporters.words import CHANGE_OF_LEVEL, DOUBTFUL, STOPPED, VERDICTS, metric_words

_RUN, _LABEL = Column("run (UTC)", left=True), Column("label", left=True)
_LONG_WORD, _LONG_LABEL = 24, 64
"""Letters from which on labels are cut short, so that the other columns have room."""
_VERDICT = Column("verdict", left=True)
_WAITED = Column("waited")
_CHANGE, _STATE = Column("change"), Column("state", left=True)
_NO_BOX = Box("")


def history_page(history: History) -> Page:
    """The runs of one plan on one machine."""
    return Page("auditbench history", tuple(_parts(history)))


def _parts(history: History) -> Iterator[Part]:
    yield from (Line(f"{words}.", "answer") for words in change_lines(history))
    yield Line(f"{history.plan} on {history.machine}: {counted(len(history.runs), 'run')}")
    yield from history.cautions
    for place, track in enumerate(history.tracks):
        yield _grid(history, track, f"cell-{place}")
    for run in history.runs:
        if run.notes:
            yield Line(f"{moment(run)} {'; '.join(run.notes)}", "note")
    yield from (Line(f"{words}.", "note") for words in unjudged_lines(history))


def _grid(history: History, track: Track, name: str) -> Grid:
    """One cell and metric; columns that would be empty in every row are left out."""
    stopped = not all(run.complete for run in history.runs)
    changed = any(point is not None and point.step is not None for point in track.points)
    waited = any(point is not None and (point.waited or 0.0) > WAITS for point in track.points)
    header = (
        _RUN,
        replace(_LABEL, shortened=any(_is_long(run.label) for run in history.runs)),
        Column("ratio" if track.is_ratio else "per op"),
        *(INTERVAL if track.is_ratio else ()),
        *((_WAITED,) if waited else ()),
        _VERDICT,
        *((_CHANGE,) if changed else ()),
        *((_STATE,) if stopped else ()),
    )
    rows = tuple(
        (
            text(moment(run)),
            text(run.label),
            *_level_boxes(track, point),
            *((_waited_box(point),) if waited else ()),
            _verdict_box(run, point),
            *((_change_box(point),) if changed else ()),
            *((_NO_BOX if run.complete else verdict(STOPPED),) if stopped else ()),
        )
        for run, point in zip(history.runs, track.points, strict=True)
    )
    return Grid(name, f"{track_name(track)}, {metric_words(track.metric)}", header, rows)


def _is_long(label: str) -> bool:
    return len(label) > _LONG_LABEL or any(len(word) > _LONG_WORD for word in label.split())


def _level_boxes(track: Track, point: Point | None) -> tuple[Box, ...]:
    """The level, and the interval of one that is a ratio."""
    value = None if point is None else point.level
    shown = number(level(track, value), value)
    if not track.is_ratio:
        return (shown,)
    if point is None:
        return shown, *(_NO_BOX,) * len(INTERVAL)
    return shown, *interval_boxes(point.ci_low, point.ci_high)


def _waited_box(point: Point | None) -> Box:
    """The share of the time that was waiting for room in the backlog."""
    if point is None or point.waited is None:
        return _NO_BOX
    return number(share(point.waited), point.waited)


def _verdict_box(run: PastRun, point: Point | None) -> Box:
    if not run.trustworthy:
        return verdict(DOUBTFUL)
    if point is None or point.verdict is None:
        return _NO_BOX
    return verdict(VERDICTS[point.verdict])


def _change_box(point: Point | None) -> Box:
    """By how much the level changed with a run."""
    if point is None or point.step is None:
        return _NO_BOX
    change = point.step.after / point.step.before
    return Box(percent(change), repr(change), number=True, look=CHANGE_OF_LEVEL)


def moment(run: PastRun) -> str:
    """When a run began, to the minute, UTC."""
    return plain(run.started_at[:16].replace("T", " ")) or NOTHING


def track_name(track: Track) -> str:
    """The cell of a track, fit for a terminal."""
    cell = track.cell
    last = f"Linux {track.kernel}" if track.kernel else cell.consumer
    return plain(f"{cell.workload} × {cell.scenario} × {last}")


def level(track: Track, value: float | None) -> str:
    """A level in the terms of its track."""
    if track.is_ratio:
        return ratio(value)
    return duration(value) if track.unit == "ns" else instructions(value)


def change_lines(history: History) -> list[str]:
    """Each change of level in words; or why none was looked for, or that there is none."""
    if not history.runs:
        return ["Nothing to show: no run could be read"]
    if not history.tracks:
        return ["Nothing to show: no run measured such a cell"]
    if not any(track.judged for track in history.tracks):
        return [f"Change detection needs at least {counted(history.least_runs, 'run')}"]
    found = [
        f"{CHANGE_OF_LEVEL.mark} {moment(run)} {track_name(track)}: {metric_words(track.metric)} "
        f"{percent(point.step.after / point.step.before)} "
        f"({level(track, point.step.before)} to {level(track, point.step.after)})"
        for track in history.tracks
        for run, point in zip(history.runs, track.points, strict=True)
        if point is not None and point.step is not None
    ]
    return found or ["No change of level"]


def unjudged_lines(history: History) -> list[str]:
    """The cells with too few runs, where others have enough."""
    names = [track_name(track) for track in history.tracks if not track.judged]
    if not names or len(names) == len(history.tracks):
        return []
    return [
        f"Fewer than {counted(history.least_runs, 'run')}, too few for change detection: "
        f"{', '.join(names)}"
    ]
