"""Each plan names its question, and the answer is to it: the same words on every medium."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.answers.result import make_result
from harness.model.question import Question, question_of
from harness.model.result import Comparison, ReportView, Result
from harness.model.run import Cell, Sample
from harness.model.stored.plan import StoredPlan
from harness.reporters.answer import answer, answer_parts
from harness.reporters.documents.result import result_document
from harness.reporters.html.headline import headline
from harness.reporters.html.page import report_html
from harness.reporters.render.markdown import page_markdown
from harness.reporters.render.terminal import render_page
from harness.reporters.result import result_page
from harness.store import StoredRun
from tests.support.runs import made_up_run

Change = Callable[[Sample], Sample]


@pytest.fixture
def stored(tmp_path: Path) -> StoredRun:
    return made_up_run(tmp_path / "h-1" / "run")


def asked(
    stored: StoredRun, question: Question, change: Change = lambda s: s, **plan: Any
) -> Result:
    """The result of the run as if its plan had asked this, with the samples changed."""
    read = StoredPlan.read({**stored.plan.document, "question": question, **plan})
    return make_result(
        replace(stored, plan=read, samples=tuple(change(sample) for sample in stored.samples))
    )


def losing(sample: Sample) -> Sample:
    """`rules` loses a tenth of its events, and is twice as fast as the reference."""
    if sample.scenario != "rules":
        return sample
    fast = {name: value / 5 for name, value in sample.metrics.items()}
    ledger = replace(sample.ledger, suppressed=0, complete=900, lost=400, refused=100)
    return replace(sample, metrics=fast, ledger=ledger)


def waiting(sample: Sample) -> Sample:
    """`rules` makes the load wait a microsecond per operation."""
    if sample.scenario != "rules":
        return sample
    return replace(sample, ledger=replace(sample.ledger, waited_ms=1.0))


def all_media(result: Result) -> list[str]:
    """The result on a terminal, in Markdown, on the page and in JSON."""
    file = io.StringIO()
    render_page(result_page(result), Console(file=file, width=80))
    return [
        " ".join(file.getvalue().split()),
        page_markdown(result_page(result)),
        unescape(report_html([ReportView(result, ())], {})),
        str(result_document(result)["answer"]),
    ]


def comparison_of(result: Result, scenario: str) -> Comparison:
    return next(
        c for c in result.comparisons if c.cell.scenario == scenario and c.metric == result.primary
    )


@pytest.mark.parametrize(
    ("plan", "question"),
    [("pressure", "loss"), ("rate", "loss"), ("consumers", "ranking"), ("mine", "cost")],
)
def test_a_run_of_an_older_plan_has_the_question_of_its_name(plan: str, question: str) -> None:
    assert question_of(plan) == question
    assert StoredPlan.read({"name": plan}).question == question


def test_the_stored_question_goes_before_the_name() -> None:
    assert StoredPlan.read({"name": "pressure", "question": "cost"}).question == "cost"
    with pytest.raises(ValueError, match="question"):
        StoredPlan.read({"question": "speed"})


def test_cost_begins_with_the_price_and_what_the_exclusion_gives_back(stored: StoredRun) -> None:
    first = answer_parts(asked(stored, "cost")).first
    assert first == (
        "Compared with no audit: udp takes up to 149 % longer (rules). rules+exclude-exe gives "
        "back 86.6 % of what rules costs in udp. What other operations pay for an exclusion was "
        "not measured: add the workload syscalls."
    )


def test_an_exclusion_is_priced_against_its_rules_alone(stored: StoredRun) -> None:
    result = asked(stored, "cost")
    (cells,) = answer_parts(result).cells
    assert "rules +149 %" in cells
    assert "rules+exclude-exe" not in cells
    (card,) = headline(result).cards
    line = next(line for line in card.lines if line.name == "rules+exclude-exe")
    assert line.cost.startswith("against rules: kept all events back and saves 5")
    assert line.verdict == "better"


def test_what_other_operations_pay_is_said_where_it_was_measured(stored: StoredRun) -> None:
    result = asked(stored, "cost")
    (exclusion,) = result.exclusions
    other = replace(
        exclusion,
        cell=replace(exclusion.cell, workload="syscalls"),
        without=replace(exclusion.without, workload="syscalls"),
        gain=replace(exclusion.gain, verdict="worse", ratio=1.04),
        events=0.0,
        events_without=0.0,
    )
    first = answer_parts(replace(result, exclusions=(exclusion, other))).first
    assert "costs in udp; every other operation pays 4 % more (syscalls)." in first
    equal = replace(other, gain=replace(other.gain, verdict="equal", ratio=1.001))
    first = answer_parts(replace(result, exclusions=(exclusion, equal))).first
    assert "every other operation pays nothing more that matters (syscalls)." in first
    first = answer_parts(replace(result, exclusions=(other,))).first
    assert "rules+exclude-exe kept nothing back; every other operation pays 4 % more" in first


@pytest.mark.parametrize(
    ("verdict", "ratio", "words"),
    [
        (
            "inconclusive",
            0.3,
            "kept all events back in udp, but whether that saves anything is inconclusive.",
        ),
        ("inconclusive", None, "kept all events back in udp, but whether that saves anything is"),
        ("equal", 1.001, "gives nothing back in udp that matters."),
        ("worse", 1.3, "costs 30 % more in udp than rules."),
    ],
)
def test_what_is_not_decided_is_not_called_nothing(
    stored: StoredRun, verdict: str, ratio: float | None, words: str
) -> None:
    result = asked(stored, "cost")
    (exclusion,) = result.exclusions
    gain = replace(exclusion.gain, verdict=verdict, ratio=ratio)  # type: ignore[arg-type]
    first = answer_parts(replace(result, exclusions=(replace(exclusion, gain=gain),))).first
    assert f"rules+exclude-exe {words}" in first
    unknown = replace(exclusion, gain=gain, events=None, events_without=None)
    first = answer_parts(replace(result, exclusions=(unknown,))).first
    if verdict == "inconclusive":
        assert "whether it gives anything back in udp is inconclusive." in first


def without_rules(stored: StoredRun) -> StoredRun:
    kept = tuple(sample for sample in stored.samples if sample.scenario != "rules")
    return replace(stored, samples=kept)


def test_an_exclusion_without_its_rules_says_what_to_add(stored: StoredRun) -> None:
    result = asked(without_rules(stored), "cost")
    words = (
        "What rules+exclude-exe gains is not known: the same rules without it were not measured; "
        "add the scenario rules."
    )
    assert answer_parts(result).first.endswith(words)
    for text in all_media(result):
        assert words in text
    assert "is not known" not in answer(asked(stored, "cost"))


def test_an_exclusion_beside_a_rule_file_is_not_taken_for_one_of_it(stored: StoredRun) -> None:
    mine = {"scenario": "disabled", "file": "mine.rules", "rules": 1, "can_match": 1}
    result = asked(without_rules(stored), "cost", matching=[{**mine, "recording": 1}])
    assert "add the scenario rules, or --exclude-exe PROGRAM for an exclusion of disabled." in (
        answer_parts(result).first
    )


def test_two_exclusions_without_their_rules_share_a_sentence(stored: StoredRun) -> None:
    def second(sample: Sample) -> Sample:
        aside = sample.scenario == "no-rules"
        return replace(sample, scenario="rules+exclude-call") if aside else sample

    first = answer_parts(asked(without_rules(stored), "cost", second)).first
    assert (
        "What rules+exclude-call and rules+exclude-exe gain is not known: the same rules without "
        "them were not measured; add the scenario rules."
    ) in first


def test_the_price_says_how_many_cells_it_leaves_out(stored: StoredRun) -> None:
    result = asked(stored, "cost")
    comparisons = tuple(
        replace(c, verdict="inconclusive") if c.cell.scenario == "disabled" else c
        for c in result.comparisons
    )
    first = answer_parts(replace(result, comparisons=comparisons)).first
    assert "(rules); 1 of 3 cells is inconclusive." in first


def test_a_cell_that_lost_what_its_reference_did_not_is_lost_whatever_its_speed(
    stored: StoredRun,
) -> None:
    for question in ("cost", "loss"):
        result = asked(stored, question, losing)
        found = comparison_of(result, "rules")
        assert found.verdict == "lost"
        assert found.ratio is not None
        assert found.ratio < 0.6
        assert found.ci_high is not None
        (loss,) = (loss for loss in result.losses if loss.cell == found.cell)
        assert loss.verdict == "lost"
        assert "better" not in {c.verdict for c in result.comparisons if c.cell == found.cell}
    assert "1 of 3 cells lost events" in answer_parts(asked(stored, "cost", losing)).first


def test_a_cell_is_not_lost_where_its_reference_lost_too(stored: StoredRun) -> None:
    def all_lose(sample: Sample) -> Sample:
        return replace(sample, ledger=replace(sample.ledger, generated=1000, complete=900, lost=9))

    result = asked(stored, "loss", all_lose)
    assert "lost" not in {c.verdict for c in result.comparisons}
    assert "lost" not in {loss.verdict for loss in result.losses}


def test_loss_names_the_cells_that_lost_and_no_time(stored: StoredRun) -> None:
    result = asked(stored, "loss", losing)
    parts = answer_parts(result)
    assert parts.first == ("Events were lost in rules (10 % of them); every cell lost some.")
    assert parts.cells == ("Lost, worst first: rules 10 % of the events (in 6 of 6 trials).",)
    assert "longer" not in answer(result)
    no_events = next(words for words in parts.notes if words.startswith("No events to lose: "))
    assert "no-audit, no-audit-aa, disabled" in no_events
    (card,) = headline(result).cards
    first = card.lines[0]
    assert (first.name, first.change, first.verdict) == ("rules", "10 %", "lost")


def test_loss_names_the_cells_that_waited(stored: StoredRun) -> None:
    parts = answer_parts(asked(stored, "loss", waiting))
    assert parts.first == "No events were lost in any of 1 cell; 1 cell made the load wait."
    assert parts.cells == ("Waited: rules waited 1.00 µs per operation.",)
    assert not any("lose any" in words for words in parts.notes)
    (card,) = headline(asked(stored, "loss", waiting)).cards
    assert [line.interval for line in card.lines if line.verdict != "lost"] == [""] * len(
        card.lines
    )


def test_loss_puts_the_worst_first(stored: StoredRun) -> None:
    def two_lose(sample: Sample) -> Sample:
        kept = {"rules": 900, "disabled": 100, "no-rules": 1000}.get(sample.scenario)
        if kept is None:
            return sample
        ledger = replace(sample.ledger, suppressed=0, generated=1000, complete=kept)
        return replace(sample, ledger=ledger)

    parts = answer_parts(asked(stored, "loss", two_lose))
    assert parts.first == (
        "Events were lost in 2 of 3 cells, most in disabled (90 % of them); "
        "no other made the load wait, 1 cell did neither."
    )
    (cells,) = parts.cells
    assert cells.index("disabled") < cells.index("rules")
    assert "Neither: no-rules." in parts.notes


def test_loss_says_where_nothing_is_known(stored: StoredRun) -> None:
    def unseen(sample: Sample) -> Sample:
        blind = replace(sample.ledger, generated=None, complete=None, lost=None, waited_ms=None)
        return replace(sample, ledger=replace(blind, partial=None, vanished=None))

    parts = answer_parts(asked(stored, "loss", unseen))
    assert parts.first.startswith("Whether events were lost is not known")
    assert any(words.startswith("Not known whether any were lost: ") for words in parts.notes)


@pytest.mark.parametrize("paced", [{"rate_per_s": 1000}, {"cell": 1000}])
def test_a_paced_load_has_no_elapsed_time_as_headline(
    stored: StoredRun, paced: dict[str, int]
) -> None:
    document: dict[str, Any] = {"rate_per_s": paced.get("rate_per_s")}
    if rate := paced.get("cell"):
        cells = [{**each, "rate_per_s": rate} for each in stored.plan.document["scenarios"]["udp"]]
        document["scenarios"] = {"udp": cells}
    result = asked(stored, "cost", **document)
    assert result.primary == "cpu_total_ns_per_op"
    first = answer_parts(result).first
    assert "udp needs up to 149 % more total CPU (rules)" in first
    assert "longer" not in answer(result)
    assert headline(result).question.startswith("Total CPU per operation")


@pytest.mark.parametrize("question", ["loss", "cost"])
@pytest.mark.parametrize(
    ("per_second", "words"),
    [
        (60_000, "All cells kept up 60,000 operations per second."),
        (100_000, "2 of 6 cells did not keep up 100,000 operations per second: rules 66,"),
    ],
)
def test_a_rate_that_was_asked_for_and_not_kept_up_is_told(
    stored: StoredRun, question: Question, per_second: int, words: str
) -> None:
    def paced(sample: Sample) -> Sample:
        metrics = {**sample.metrics, "elapsed_ns_per_op": 10_000.0}
        if sample.scenario in ("rules", "disabled"):
            metrics["elapsed_ns_per_op"] = 15_000.0 if sample.scenario == "rules" else 12_500.0
        return replace(sample, metrics=metrics)

    result = asked(stored, question, paced, rate_per_s=per_second)
    parts = answer_parts(result)
    assert words in answer(result)
    assert (words in parts.first) == (question == "loss")
    if per_second == 100_000:
        assert "rules 66,667, disabled 80,000." in answer(result)
    assert "kept up" not in answer(asked(stored, question, paced))
    # The rate of one cell alone.
    cells = [dict(each) for each in stored.plan.document["scenarios"]["udp"]]
    cells[4]["rate_per_s"] = per_second
    one = asked(stored, question, paced, scenarios={"udp": cells})
    assert ("did not keep up" in answer(one)) == (per_second == 100_000)


def two_consumers(sample: Sample) -> Sample:
    """The cells without exclusion under two consumers, one of them ten times as dear."""
    if sample.scenario not in ("rules", "disabled"):
        return sample
    dear = sample.scenario == "disabled"
    metrics = {**sample.metrics, "cpu_consumer_ns_per_event": 30_000.0 if dear else 3_000.0}
    if not dear:
        return replace(sample, metrics=metrics)
    ledger = replace(sample.ledger, suppressed=0, generated=1000, complete=1000)
    return replace(sample, scenario="rules", consumer="store", metrics=metrics, ledger=ledger)


def test_ranking_begins_with_the_cheapest_and_the_dearest(stored: StoredRun) -> None:
    result = asked(stored, "ranking", two_consumers, consumers=["assemble", "store"])
    first = answer_parts(result).first
    assert first.startswith("udp: assemble needs the least CPU per event (3.00 µs), store the most")
    assert "(30.0 µs, 10 × as much)" in first
    kinds = [type(part).__name__ for part in result_page(result).parts]
    page = page_markdown(result_page(result))
    assert page.index("Consumers: udp") < page.index("Elapsed time per operation")
    assert kinds[:2] == ["Line", "Line"]
    (card,) = headline(result).cards
    assert [line.name for line in card.lines] == ["1. assemble", "2. store"]


def test_ranking_says_which_consumer_lost(stored: StoredRun) -> None:
    def lossy(sample: Sample) -> Sample:
        found = two_consumers(sample)
        if found.consumer != "store":
            return found
        return replace(found, ledger=replace(found.ledger, complete=990, refused=10))

    result = asked(stored, "ranking", lossy, consumers=["assemble", "store"])
    parts = answer_parts(result)
    assert "Lost events: store (udp, 1 % of the events)." in parts.notes
    # What the events cost that came to one that lost others says little.
    expected = "udp: assemble needs the least CPU per event (3.00 µs) of those that lost nothing."
    assert parts.first == expected
    (card,) = headline(result).cards
    assert [line.verdict for line in card.lines] == ["ranked", "lost"]


def test_one_consumer_has_no_ranking_and_is_answered_with_its_cost(stored: StoredRun) -> None:
    assert answer_parts(asked(stored, "ranking")).first.startswith("Compared with no audit: ")


@pytest.mark.parametrize("question", ["cost", "loss", "ranking"])
def test_the_same_words_are_on_every_medium(stored: StoredRun, question: Question) -> None:
    result = asked(stored, question, losing)
    parts = answer_parts(result)
    html = unescape(report_html([ReportView(result, ())], {}))
    assert f'<p class="first">{parts.first}</p>' in html
    assert all(words in html for words in parts.notes)
    assert page_markdown(result_page(result)).split("\n\n")[1] == f"**{parts.first}**"
    document = result_document(result)
    assert document["question"] == question
    assert str(document["answer"]).startswith(parts.first)


@pytest.mark.parametrize(
    ("question", "order"),
    [
        ("cost", ["forest", "cpu", "ledger"]),
        ("loss", ["ledger", "cpu", "forest"]),
        ("ranking", ["consumers", "cpu", "ledger", "forest"]),
    ],
)
def test_the_page_goes_on_with_what_the_question_is_about(
    stored: StoredRun, question: Question, order: list[str]
) -> None:
    change = two_consumers if question == "ranking" else losing
    result = asked(stored, question, change, consumers=["assemble", "store"])
    html = report_html([ReportView(result, ())], {})
    about = set(order)
    sections = re.findall(r'<section[^>]* aria-labelledby="r0-(\w+)">', html)
    assert sections[0] == "answer"
    assert [name for name in sections if name in about] == order
    assert sections[1 : 1 + len(order)] == order
    linked = re.findall(r'<li><a href="#r0-(\w+)">', html)
    assert [name for name in linked if name in about] == order
    assert set(sections) == set(linked)


def test_the_page_about_loss_shows_the_loss_of_every_cell_first(stored: StoredRun) -> None:
    html = report_html([ReportView(asked(stored, "loss", losing), ())], {})
    assert html.index("Trials that lost events") < html.index("Where the events of all trials went")
    assert html.index("Where the events of all trials went") < html.index("Elapsed time per")
    table = html[html.index("Trials that lost events") :]
    assert table.index(">rules<") < table.index(">disabled<")
    assert "<summary>Loss by cell" not in html
    assert "<summary>Loss by cell" in report_html([ReportView(asked(stored, "cost"), ())], {})


def test_the_reference_is_never_lost(stored: StoredRun) -> None:
    result = asked(stored, "loss", losing)
    reference = Cell("udp", "no-audit", "assemble")
    assert {c.verdict for c in result.comparisons if c.cell == reference} == {"reference"}
