"""Rules that match nothing have no price: what is judged so, and what a run, a gate and A/B say."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from harness.answers.ab import judge_ab
from harness.answers.gate import GateRules, gate_run
from harness.answers.limits import read_limits
from harness.answers.result import make_result, make_view
from harness.model.ab import AbSide
from harness.model.result import Result
from harness.model.run import Cell
from harness.reporters.ab import ab_sentences
from harness.reporters.answer import answer
from harness.reporters.documents.result import result_document
from harness.reporters.export.junit import result_junit
from harness.reporters.gate import gate_sentence, notes
from harness.reporters.html.page import report_html
from harness.reporters.render.markdown import page_markdown
from harness.reporters.render.terminal import render_page
from harness.reporters.result import result_page
from harness.store import load_run
from tests.support.runs import COSTS_NS
from tests.support.stored.altered_runs import Change, lossy, slower, unexplained
from tests.support.stored.unmatched_runs import (
    CONNECT,
    FORESEEN,
    LOGIN,
    eventless,
    run_with_rules,
    uncounted,
)
from tests.support.stored.waiting_runs import run_with_further_cells, waited

CELL = Cell("udp", "rules", "assemble")
SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/schema/result.schema.json").read_text(encoding="utf-8")
)
NEVER = "-a never,exit -S all -F exe=/usr/sbin/mysqld"


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., Result]:
    def judged(*changes: Change, **words: Any) -> Result:
        folder = tmp_path / "h-1" / f"run-{len(list(tmp_path.rglob('plan.toml')))}"
        return make_result(load_run(run_with_rules(folder, *changes, **words)))

    return judged


def of_workload(name: str) -> Change:
    def change(sample: dict[str, Any]) -> None:
        sample["workload"] = name

    return change


def test_rules_without_an_event_matched_nothing(judged: Callable[..., Result]) -> None:
    result = judged(eventless("rules"))
    assert (result.unmatched, result.unmatched_scenarios) == ((CELL,), ("rules",))
    verdicts = {(c.cell.scenario, c.verdict) for c in result.comparisons}
    assert ("rules", "nothing-matched") in verdicts
    assert {name for name, verdict in verdicts if verdict == "nothing-matched"} == {"rules"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        # Events came, were lost, or are missing.
        ([], {}),
        ([eventless("rules"), lossy("rules", events=0)], {"rules": ()}),
        ([lossy("rules", events=1000)], {}),
        ([eventless("rules"), unexplained("rules")], {}),
        # Nothing that could make an event: no rules, exclusions only.
        ([eventless("rules")], {"rules": (NEVER,)}),
        ([eventless("rules")], {"rules": ("-a always,exclude -F msgtype=CWD",)}),
        ([eventless("rules")], {"rules": ("-a always,user -F uid=0",)}),
        # A never rule that may have kept events back, and nobody counted them.
        ([eventless("rules"), uncounted], {"rules": (NEVER, *CONNECT)}),
    ],
)
def test_of_others_something_matched_or_may_have(
    judged: Callable[..., Result], changes: list[Change], words: dict[str, Any]
) -> None:
    result = judged(*changes, **words)
    assert (result.unmatched, result.unmatched_scenarios) == ((), ())
    assert "nothing-matched" not in {c.verdict for c in result.comparisons}


def test_what_never_rules_kept_back_was_matched(judged: Callable[..., Result]) -> None:
    def kept_back(sample: dict[str, Any]) -> None:
        if sample["scenario"] == "rules":
            sample["ledger"] |= {"generated": 1000, "complete": 0, "suppressed": 1000}

    assert judged(kept_back, rules=(NEVER, *CONNECT)).unmatched == ()


def test_what_was_foreseen_decides_where_nothing_was_counted(
    judged: Callable[..., Result],
) -> None:
    unknown, rules = [eventless("rules"), uncounted], (NEVER, *CONNECT)
    assert judged(*unknown, rules=rules, matching=[FORESEEN]).unmatched == (CELL,)
    withheld = FORESEEN | {"withholding": {"udp": 1}}
    assert judged(*unknown, rules=rules, matching=[withheld]).unmatched == ()


def test_without_a_consumer_only_what_is_certain_counts(judged: Callable[..., Result]) -> None:
    def unheard(sample: dict[str, Any]) -> None:
        sample["ledger"] |= dict.fromkeys(("complete", "partial", "generated", "suppressed"))

    assert judged(unheard).unmatched == ()
    assert judged(unheard, matching=[FORESEEN]).unmatched == (CELL,)
    can_match = FORESEEN | {"can_match": 1, "by_workload": {"udp": 1}}
    assert judged(unheard, matching=[can_match]).unmatched == ()


def test_the_load_that_no_rule_records_keeps_its_price(tmp_path: Path) -> None:
    """`syscalls` shows what rules cost the calls that they do not record."""
    folder = run_with_rules(tmp_path / "h-1" / "run", eventless("rules"), of_workload("syscalls"))
    plan = folder / "plan.toml"
    plan.write_text(plan.read_text(encoding="utf-8").replace("udp", "syscalls"), encoding="utf-8")
    assert make_result(load_run(folder)).unmatched == ()


def test_the_answer_says_it_first_and_names_no_price(judged: Callable[..., Result]) -> None:
    words = answer(judged(eventless("rules"), matching=[FORESEEN], login=LOGIN))
    assert words.startswith(
        "rules: nothing matched (udp); of its 40 rules 20 need another euid, 17 need another "
        "path, 3 need another auid. Compared with no audit: "
    )
    assert "; rules nothing matched." in words
    assert "; rules +" not in words


def test_the_terminal_says_what_can_match_and_which_login_uid(
    judged: Callable[..., Result],
) -> None:
    console = Console(file=io.StringIO(), width=80, highlight=False)
    render_page(result_page(judged(eventless("rules"), matching=[FORESEEN], login=LOGIN)), console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "nothing matched" in text
    assert "rules stig.rules: 0 of 40 rules can match this load (udp): 20 need another" in text
    assert "login uid of the load: 1000 (5 rules can match, 2 under the caller's auid" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_documents_and_the_page_say_it(tmp_path: Path) -> None:
    folder = run_with_rules(
        tmp_path / "h-1" / "run", eventless("rules"), matching=[FORESEEN], login=LOGIN
    )
    result = make_result(load_run(folder))
    document = result_document(result)
    document["host"] = {}
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "host": {}}}
    jsonschema.validate(json.loads(json.dumps(document)), schema)
    assert document["unmatched"] == [
        {"workload": "udp", "scenario": "rules", "consumer": "assemble"}
    ]
    assert document["plan"]["login"] == LOGIN
    assert document["plan"]["matching"] == [FORESEEN]
    markdown = page_markdown(result_page(result))
    assert "rules: nothing matched (udp)" in markdown
    assert "0 of 40 rules can match this load (udp)" in markdown
    page = report_html([make_view(load_run(folder))], {})
    assert "rules: nothing matched (udp)" in page
    assert 'class="v-nothing-matched"' in page
    assert "0 of 40 rules can match this load (udp)" in page
    assert 'type="nothing-matched"' in result_junit(result)


@pytest.mark.parametrize("limit", ["rules/elapsed:5%", "rules/elapsed:1s", "rules/lost:0"])
def test_a_limit_on_nothing_is_inconclusive_and_no_doubt(tmp_path: Path, limit: str) -> None:
    folder = run_with_rules(tmp_path / "h-1" / "run", eventless("rules"), slower("rules", 9.0))
    report = gate_run(folder, GateRules(read_limits([limit])))
    assert (report.verdict, report.doubts) == ("inconclusive", ())
    assert gate_sentence(report) == "The gate is inconclusive: 1 of 1 check is."
    assert list(notes(report)) == [
        f"{limit}: inconclusive: nothing matched: the rules made no event"
    ]
    passes = gate_run(folder, GateRules(read_limits([limit]), inconclusive_passes=True))
    assert passes.verdict == "pass"


def test_a_limit_on_rules_that_matched_elsewhere_is_judged(tmp_path: Path) -> None:
    """What rules cost a load that they do not record is a price, where they record another."""
    folder = run_with_rules(tmp_path / "h-1" / "run", eventless("rules"))
    samples = folder / "samples.jsonl"
    lines = samples.read_text(encoding="utf-8").splitlines()
    more = [json.loads(line) | {"workload": "shells"} for line in lines]
    for sample in more:
        sample["index"] += len(lines)
        sample["ledger"] |= {"generated": 7, "complete": 7}
    samples.write_text("\n".join([*lines, *map(json.dumps, more)]) + "\n", encoding="utf-8")
    result = make_result(load_run(folder))
    assert (result.unmatched, result.unmatched_scenarios) == ((CELL,), ())
    assert answer(result).startswith("rules: nothing matched (udp). ")
    report = gate_run(folder, GateRules(read_limits(["rules/udp/elapsed:900%"])))
    assert report.verdict == "pass"


A, B = AbSide("A", "a.rules", "no-rules"), AbSide("B", "b.rules", "rules")


def test_a_file_without_rules_has_no_price(tmp_path: Path) -> None:
    """As the file that distributions ship: settings alone."""
    empty = {**FORESEEN, "file": "rules.d", "rules": 0, "recording": 0, "hindered": {}}
    folder = run_with_rules(
        tmp_path / "h-1" / "run", eventless("rules"), rules=(), matching=[empty], login=LOGIN
    )
    result = make_result(load_run(folder))
    assert result.unmatched == (CELL,)
    assert answer(result).startswith("rules: nothing matched (udp); there are no rules in it. ")
    page = page_markdown(result_page(result))
    assert "rules rules.d: no rules in it, so only its settings are measured" in page
    others = run_with_rules(
        tmp_path / "h-1" / "other", eventless("rules"), rules=(), matching=[{**empty, "file": ""}]
    )
    assert make_result(load_run(others)).unmatched == ()


def test_ab_says_of_which_nothing_matched(tmp_path: Path) -> None:
    folder = run_with_rules(
        tmp_path / "h-1" / "run", eventless("rules"), scenarios=("rules", "no-rules")
    )
    report = judge_ab(load_run(folder), A, B)
    assert report.unmatched == (A, B)
    assert report.verdict == "inconclusive"
    assert ab_sentences(report) == [
        "A, no-rules: nothing matched (udp): there is no price to compare.",
        "B, rules: nothing matched (udp): there is no price to compare.",
    ]


def test_ab_has_no_price_where_nothing_of_one_matched(tmp_path: Path) -> None:
    def swapped(sample: dict[str, Any]) -> None:
        if sample["scenario"] == "no-rules":
            sample["ledger"] |= {"generated": 1000, "complete": 1000}

    folder = run_with_rules(
        tmp_path / "h-1" / "run",
        swapped,
        eventless("rules"),
        scenarios=("rules", "no-rules"),
        matching=[FORESEEN],
    )
    report = judge_ab(load_run(folder), A, B)
    assert report.unmatched == (B,)
    assert report.inconclusive
    (sentence,) = ab_sentences(report)
    assert sentence.startswith("B, rules: nothing matched (udp); of its 40 rules 20 need")
    assert {c.verdict for c in report.primary} == {"nothing-matched"}


def test_ab_has_no_price_without_waiting_either_where_nothing_of_one_matched(
    tmp_path: Path,
) -> None:
    """One of the two waited and was measured without; the other has nothing to compare it with."""
    rules = [{"name": name, "rules": list(CONNECT), "enabled": 1} for name in COSTS_NS]
    folder = run_with_further_cells(
        tmp_path / "h-1" / "run",
        waited("no-rules", 0.5),
        eventless("rules"),
        factors={"no-rules": 0.5},
        scenarios={"udp": rules},
    )
    report = judge_ab(load_run(folder), A, B)
    assert report.unmatched == (B,)
    assert report.without_waiting == ()
    words = " ".join(ab_sentences(report))
    assert "waiting for room" in words
    assert "B costs" not in words


WARNING = "the load ran with auid 0 (the caller's loginuid was unset: its uid 0 was used)"


@pytest.mark.parametrize(
    ("login", "cautioned"),
    [
        ({"auid": 0, "caller": 0, "basis": "caller"}, False),
        ({"auid": 1000, "caller": 0, "basis": "chosen"}, True),
        (None, True),
    ],
)
def test_the_login_uid_is_told_once(
    tmp_path: Path, login: dict[str, Any] | None, cautioned: bool
) -> None:
    """In the notes where it was settled before the run; in a caution where not, or if not so."""

    def warned(sample: dict[str, Any]) -> None:
        sample["warnings"] = [WARNING, "events are told from others' by the process tree"]

    settled = {} if login is None else {"login": login, "matching": [FORESEEN]}
    folder = run_with_rules(tmp_path / "h-1" / "run", warned, **settled)
    result = make_result(load_run(folder))
    cautions = [each.one_line() for each in result.cautions]
    assert (f"{WARNING}: --auid sets another login uid" in cautions) == cautioned
    assert "events are told from others' by the process tree" in cautions
    page = page_markdown(result_page(result))
    assert page.count("login uid of the load: ") == (login is not None)


def test_a_login_uid_that_was_unset_is_told_without_rule_files_too(tmp_path: Path) -> None:
    login = {"auid": 0, "caller": 0, "basis": "caller", "remark": "it was unset"}
    folder = run_with_rules(tmp_path / "h-1" / "run", login=login)
    page = page_markdown(result_page(make_result(load_run(folder))))
    assert "login uid of the load: 0 (it was unset); no other matches more rules" in page
