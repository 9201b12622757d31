"""Where a cell's time is waiting for room in the backlog: what is judged, and where it is said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.answers.ab import judge_ab
from harness.answers.compare.comparability import find_differences
from harness.answers.compare.compare import CompareOptions, Side, compare_runs
from harness.answers.gate import GateRules, gate_run
from harness.answers.history.history import HistoryOptions, read_history
from harness.answers.limits import read_limits
from harness.answers.result import make_result, make_view
from harness.model.ab import AbReport, AbSide
from harness.model.run import Cell
from harness.model.stored.plan import StoredPlan
from harness.reporters.ab import ab_sentences
from harness.reporters.answer import answer
from harness.reporters.compare import compare_page
from harness.reporters.documents.ab import ab_document
from harness.reporters.documents.compare import changes_document
from harness.reporters.documents.gate import gate_document
from harness.reporters.documents.history import history_document
from harness.reporters.documents.result import result_document
from harness.reporters.gate import gate_page
from harness.reporters.history import history_page
from harness.reporters.html.page import report_html
from harness.reporters.render.markdown import page_markdown
from harness.reporters.result import result_page
from harness.store import StoredRun, load_run
from tests.support.runs import OPS
from tests.support.stored.altered_runs import Change, altered_run, slower
from tests.support.stored.waiting_runs import run_with_further_cells, waited

RULES = Cell("udp", "rules", "assemble")
FURTHER = Cell("udp", "rules+backlog-8192", "assemble")
A, B = AbSide("A", "a.rules", "no-rules"), AbSide("B", "b.rules", "rules")
SCHEMAS = Path(__file__).parents[3] / "docs/schema"


@pytest.fixture
def stored(tmp_path: Path) -> Callable[..., StoredRun]:
    def stored(*changes: Change, factors: dict[str, float] | None = None, **plan: Any) -> StoredRun:
        folder = tmp_path / "h-1" / f"run-{len(list(tmp_path.rglob('plan.toml')))}"
        if factors is None:
            return load_run(altered_run(folder, *changes))
        return load_run(run_with_further_cells(folder, *changes, factors=factors, **plan))

    return stored


def test_waiting_is_told_with_its_limit_and_the_price_without(
    stored: Callable[..., StoredRun],
) -> None:
    result = make_result(stored(waited("rules", 0.2), factors={"rules": 0.6}))
    (found,) = result.waiting
    assert (found.cell, found.further) == (RULES, FURTHER)
    assert found.share == pytest.approx(0.2)
    assert (found.backlog_limit, found.further_backlog_limit) == (64, 8192)
    assert found.further_share == 0
    assert found.cost is not None
    assert found.cost.ratio == pytest.approx(1.5, rel=0.01)
    words = answer(result)
    assert "rules spent 20 % of its time waiting for room in the backlog of 64 records" in words
    assert re.search(r"with a backlog of 8,192 records it costs \+(49|50)[.\d]* %\.", words)
    assert "rules+backlog-8192" not in words


def test_the_price_without_is_measured_and_not_subtracted(
    stored: Callable[..., StoredRun],
) -> None:
    result = make_result(stored(waited("rules", 0.2), factors={"rules": 0.95}))
    compared = {c.cell: c for c in result.comparisons if c.metric == result.primary}
    assert result.waiting[0].cost == compared[FURTHER]
    assert compared[RULES].ratio == pytest.approx(2.5, rel=0.01)


@pytest.mark.parametrize(("share", "told"), [(0.0, False), (0.019, False), (0.021, True)])
def test_it_is_told_above_2_percent(
    stored: Callable[..., StoredRun], share: float, told: bool
) -> None:
    result = make_result(stored(waited("rules", share)))
    assert bool(result.waiting) is told
    assert ("waiting for room" in answer(result)) is told


def test_the_time_of_all_workers_counts(stored: Callable[..., StoredRun]) -> None:
    change = waited("rules", 0.03, workers=4)
    alone = make_result(stored(change, factors={}))
    together = make_result(stored(change, factors={}, workers=4))
    assert alone.waiting[0].share == pytest.approx(0.12)
    assert together.waiting[0].share == pytest.approx(0.03)


def test_waiting_never_exceeds_the_time(stored: Callable[..., StoredRun]) -> None:
    assert make_result(stored(waited("rules", 7.0))).waiting[0].share == 1


def test_an_older_run_says_that_the_price_without_was_not_measured(
    stored: Callable[..., StoredRun],
) -> None:
    words = answer(make_result(stored(waited("rules", 0.2))))
    assert "the price without waiting was not measured" in words


def test_cells_that_were_not_measured_without_share_a_sentence(
    stored: Callable[..., StoredRun],
) -> None:
    words = answer(make_result(stored(waited("rules", 0.2), waited("no-rules", 0.1))))
    assert words.count("waiting for room in the backlog") == 1
    assert "no-rules spent 10 % of its time" in words
    assert ", rules 20 % at 64 records, which is the backlog's doing" in words


def test_a_larger_backlog_that_fills_as_well_is_told(stored: Callable[..., StoredRun]) -> None:
    changes = [waited("rules", 0.2), waited("rules+backlog-8192", 0.05, limit=8192)]
    result = make_result(stored(*changes, factors={"rules": 0.6}))
    assert len(result.waiting) == 1
    assert "and still waits 5 % of its time" in answer(result)


def without_events(**terms: int | None) -> Change:
    """The load of `rules` made no event that was to be recorded; others waited all the same."""

    def change(sample: dict[str, Any]) -> None:
        if sample["scenario"] == "rules":
            sample["ledger"] |= {"generated": 0, "complete": 0, **terms}

    return change


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"generated": OPS, "suppressed": OPS},
        {"generated": 0, "suppressed": None},
        {"generated": None, "suppressed": None},
    ],
)
def test_a_load_without_events_did_not_wait(
    stored: Callable[..., StoredRun], terms: dict[str, int | None]
) -> None:
    """The kernel's counter is of all processes; a load that queues nothing waits for nothing."""
    result = make_result(stored(waited("rules", 0.9), without_events(**terms)))
    assert result.waiting == ()
    assert "waiting for room" not in answer(result)
    paced = StoredPlan.read({**result.plan.document, "question": "loss"})
    assert "made the load wait" not in answer(replace(result, plan=paced, question="loss"))


def test_waiting_beside_other_processes_is_at_most_that_much(
    stored: Callable[..., StoredRun],
) -> None:
    def others(sample: dict[str, Any]) -> None:
        sample["ledger"]["foreign_events"] = 20 if sample["scenario"] == "rules" else 5

    waits = [waited("rules", 0.2), waited("no-rules", 0.1)]
    result = make_result(stored(*waits, others))
    assert [each.with_others for each in result.waiting] == [False, True]
    words = answer(result)
    assert "no-rules spent 10 % of its time" in words
    assert ", rules up to 20 % at 64 records" in words
    assert words.count("Other processes made events as well, and their waiting is in these") == 1
    assert "Other processes" not in answer(make_result(stored(*waits)))


def test_one_consumer_is_not_named_with_several_workloads(
    stored: Callable[..., StoredRun],
) -> None:
    run = stored(waited("rules", 0.2))
    second = [replace(s, workload="shells", index=s.index + 1000) for s in run.samples]
    words = answer(make_result(replace(run, samples=(*run.samples, *second))))
    assert "udp: rules spent 20 % of its time" in words
    assert "shells: rules spent 20 % of its time" in words


def report_of(stored: StoredRun) -> AbReport:
    return judge_ab(stored, A, B)


def test_ab_compares_b_without_waiting_with_a(stored: Callable[..., StoredRun]) -> None:
    report = report_of(stored(waited("rules", 0.2), factors={"rules": 0.5}))
    assert report.verdict == "worse"
    (without,) = report.without_waiting
    assert without.cell == FURTHER
    assert without.ratio == pytest.approx(7500 / 6100, rel=0.01)
    told = " ".join(ab_sentences(report))
    assert "rules spent 20 % of its time waiting" in told
    assert "Without waiting: udp: B costs 2" in told


def test_ab_takes_the_larger_backlog_of_both(stored: Callable[..., StoredRun]) -> None:
    changes = [waited("rules", 0.2), waited("no-rules", 0.1)]
    report = report_of(stored(*changes, factors={"rules": 0.5, "no-rules": 0.5}))
    assert report.without_waiting[0].ratio == pytest.approx(7500 / 3050, rel=0.01)


def test_ab_says_no_price_without_waiting_where_there_is_none(
    stored: Callable[..., StoredRun],
) -> None:
    assert report_of(stored()).without_waiting == ()
    assert report_of(stored(waited("rules", 0.2))).without_waiting == ()
    changes = [waited("rules", 0.2), waited("rules+backlog-8192", 0.05)]
    assert report_of(stored(*changes, factors={"rules": 0.6})).without_waiting == ()


def test_a_limit_is_for_the_rules_as_they_were_asked_for(
    stored: Callable[..., StoredRun],
) -> None:
    run = stored(waited("rules", 0.2), slower("rules+backlog-8192", 10), factors={"rules": 0.6})
    report = gate_run(run.folder, GateRules(limits=read_limits(["elapsed:200%"])))
    assert "rules" in {check.cell.scenario for check in report.checks}
    assert report.verdict == "pass"
    report = gate_run(run.folder, GateRules(limits=read_limits(["rules+backlog-8192/elapsed:5%"])))
    assert [check.cell for check in report.checks] == [FURTHER]


def test_every_medium_says_it_in_the_same_words(stored: Callable[..., StoredRun]) -> None:
    run = stored(waited("rules", 0.2), factors={"rules": 0.6})
    result = make_result(run)
    sentence = "spent 20 % of its time waiting for room in the backlog of 64 records"
    gate = gate_run(run.folder, GateRules(limits=read_limits(["elapsed:5%"])))
    told = [
        page_markdown(result_page(result)),
        page_markdown(gate_page(gate)),
        report_html([make_view(run)], {}),
        json.dumps(gate_document(gate)),
        json.dumps(ab_document(report_of(run))),
    ]
    assert [sentence in " ".join(words.split()) for words in told] == [True] * len(told)


def test_the_documents_are_as_their_schemas_say(stored: Callable[..., StoredRun]) -> None:
    run = stored(waited("rules", 0.2), factors={"rules": 0.6})
    document = result_document(make_result(run))
    (waiting,) = document["waiting"]
    schema = json.loads((SCHEMAS / "result.schema.json").read_text(encoding="utf-8"))
    of_waiting = {**schema["properties"]["waiting"], "$defs": schema["$defs"]}
    jsonschema.validate(document["waiting"], of_waiting)
    assert waiting["further_scenario"] == "rules+backlog-8192"
    assert waiting["cost"]["scenario"] == "rules+backlog-8192"
    gate = gate_run(run.folder, GateRules(limits=read_limits(["elapsed:5%"])))
    for name, made in (("gate", gate_document(gate)), ("ab", ab_document(report_of(run)))):
        schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
        schema["properties"].pop("result", None)
        made.pop("result", None)
        schema["required"] = [word for word in schema["required"] if word != "result"]
        jsonschema.validate(json.loads(json.dumps(made)), schema)


def test_runs_of_which_one_waited_stay_alike(stored: Callable[..., StoredRun]) -> None:
    base, head = stored(), stored(waited("rules", 0.2), factors={"rules": 0.6})
    assert find_differences(base, head, [], chosen=False) == []


def test_what_is_compared_says_how_much_of_it_is_waiting(stored: Callable[..., StoredRun]) -> None:
    """A slower cell that only waited more has no dearer rules."""
    base, head = stored(), stored(waited("rules", 0.3))
    report = compare_runs(Side(base), [Side(head)], CompareOptions())
    text = page_markdown(compare_page(report))
    assert "Waiting for room in the backlog, udp × rules: 0 % → 30 % of the time." in text
    document = json.loads(json.dumps(changes_document(report)))
    (found,) = document["pairs"][0]["waiting"]
    assert (found["scenario"], found["base"], found["head"]) == ("rules", 0, pytest.approx(0.3))
    schema = json.loads((SCHEMAS / "compare.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    same = compare_runs(Side(base), [Side(stored())], CompareOptions())
    assert "Waiting for room" not in page_markdown(compare_page(same))


def test_a_history_says_how_much_of_the_time_was_waiting(
    stored: Callable[..., StoredRun], tmp_path: Path
) -> None:
    stored()
    stored(waited("rules", 0.2))
    history = read_history(tmp_path, HistoryOptions())
    tables = page_markdown(history_page(history)).split("## ")
    waiting = [table for table in tables if "| waited |" in table]
    assert len(waiting) == 1
    assert "udp × rules × assemble" in waiting[0]
    assert "| 20 % |" in waiting[0]
    schema = json.loads((SCHEMAS / "history.schema.json").read_text())
    document = json.loads(json.dumps(history_document(history)))
    jsonschema.validate(document, schema)
    told = [point["waited"] for track in document["cells"] for point in track["points"] if point]
    assert max(share or 0 for share in told) == pytest.approx(0.2)
