"""Counted runs over time."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness.answers.history.history import read_history
from harness.answers.history.places import HistoryOptions
from harness.errors import UsageError
from harness.model.history import History
from harness.reporters.documents.history import history_document, history_rows
from harness.reporters.history import history_page
from harness.reporters.plots.history import HISTORY
from harness.reporters.plots.picture import svg_text
from harness.reporters.render.markdown import page_markdown
from tests.support.runs import made_up_run
from tests.support.schemas import schema
from tests.support.stored.counted_runs import BASIC, counted_run

DEARER = {**BASIC, "site": (850.5, 850.3)}
FACTS = {"facts": {"machine": "h-1"}}


def results(folder: Path, *runs: dict[str, object]) -> Path:
    """Counted runs, one a day."""
    for day, changes in enumerate(runs, start=1):
        place = folder / "h-1" / f"2026-03-{day:02}T120000Z-overhead"
        counted_run(place, environment=FACTS, **changes)  # type: ignore[arg-type]
    return folder


def history(folder: Path, **options: object) -> History:
    return read_history(folder, HistoryOptions(**options))  # type: ignore[arg-type]


def test_a_count_that_moves_is_a_change_of_level(tmp_path: Path) -> None:
    found = history(results(tmp_path, {}, {}, {"counts": DEARER}))
    assert [track.cell.scenario for track in found.tracks] == list(BASIC)
    steps = {t.cell.scenario: [p.step for p in t.points if p and p.step] for t in found.tracks}
    assert steps["no-rules"] == []
    (step,) = steps["site"]
    assert (step.before, step.after) == (pytest.approx(820.4), pytest.approx(850.4))
    verdicts = [p.verdict for p in found.tracks[2].points if p]
    assert verdicts == [None, "equal", "worse"]
    text = page_markdown(history_page(found))
    assert "2026-03-03 12:00 syscalls × site × none: instructions +3.7 % (820.4 to 850.4)" in text


def test_two_runs_are_enough_and_one_says_so(tmp_path: Path) -> None:
    found = history(results(tmp_path / "one", {}))
    assert "needs at least 2 runs" in page_markdown(history_page(found))
    found = history(results(tmp_path, {}, {}))
    assert "No change of level" in page_markdown(history_page(found))


def test_kernels_are_followed_and_told(tmp_path: Path) -> None:
    found = history(results(tmp_path, {}, {"kernels": {"6.12.9-x": 1.1}}))
    assert found.runs[1].notes == ("Linux 6.1.0-x → 6.12.9-x",)
    assert {track.kernel for track in found.tracks} == {""}
    assert all(track.points[1] and track.points[1].verdict == "worse" for track in found.tracks)


def test_of_several_kernels_each_has_its_tracks(tmp_path: Path) -> None:
    both = {"kernels": {"6.1.0-x": 1.0, "6.12.9-x": 1.1}}
    found = history(results(tmp_path, both, both), cells=("6.12.9-x/site",))
    (track,) = found.tracks
    assert (track.kernel, track.points[0] and track.points[0].estimate) == (
        "6.12.9-x",
        pytest.approx(902.44),
    )
    assert "syscalls × site × Linux 6.12.9-x" in page_markdown(history_page(found))
    with pytest.raises(UsageError, match="--cell 'sight' is none"):
        history(tmp_path, cells=("sight",))


def test_other_rules_are_another_history(tmp_path: Path) -> None:
    found = history(results(tmp_path, {"rules": {"site": ["-a never,task"]}}, {}, {}))
    assert len(found.runs) == 2
    assert any("rules of syscalls × site" in caution.what for caution in found.cautions)


def test_counts_and_times_are_two_histories(tmp_path: Path) -> None:
    results(tmp_path, {}, {})
    timed = tmp_path / "h-1" / "2026-02-01T120000Z-overhead"
    made_up_run(timed)
    name = next(line for line in (timed / "plan.toml").read_text().splitlines() if "name" in line)
    plan = timed / "plan.toml"
    plan.write_text(plan.read_text().replace(name, 'name = "overhead"', 1))
    found = history(tmp_path)
    assert len(found.runs) == 2
    assert [c.what for c in found.cautions if c.name == "other-instrument"] == [
        "1 run of this plan not shown: they measure times"
    ]
    times = history(tmp_path, like=timed)
    assert [run.name for run in times.runs] == [timed.name]
    assert any("they count instructions" in caution.what for caution in times.cautions)


def test_document_rows_and_picture(tmp_path: Path) -> None:
    found = history(results(tmp_path, {}, {"counts": DEARER}))
    document = json.loads(json.dumps(history_document(found)))
    jsonschema.validate(document, schema("history"))
    assert document["least_runs_for_changes"] == 2
    assert document["cells"][0]["unit"] == "instructions"
    assert len(list(history_rows(found))) == 2 * len(BASIC)
    assert "850.4" in HISTORY.describe(found)
    assert "<svg" in svg_text(HISTORY.draw(found))


def test_events_are_no_instructions(tmp_path: Path) -> None:
    run: dict[str, object] = {"metrics": {"instructions_per_op": 1.0, "events_per_op": 0.001}}
    found = history(results(tmp_path, run, run), metrics=("events_per_op",))
    assert {track.unit for track in found.tracks} == {"events"}
    assert {track.unit for track in history(tmp_path).tracks} == {"instructions"}
