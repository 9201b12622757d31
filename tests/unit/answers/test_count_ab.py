"""`ab --count`: what B costs against A in instructions, in the words and the shape of `ab`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness.answers.compare.count import CountOptions
from harness.answers.count_ab import judge_count_ab
from harness.model.ab import AbSide, CountAbReport
from harness.reporters.counts.ab import count_ab_page, count_ab_sentences
from harness.reporters.documents.count_ab import count_ab_document
from harness.reporters.render.markdown import page_markdown
from harness.store import load_run
from tests.support.schemas import schema
from tests.support.stored.counted_runs import counted_run

A, B = AbSide("A", "old.rules", "old"), AbSide("B", "new.rules", "new")
EVENTS = {
    "instructions_per_op": 1.0,
    "kauditd_instructions_per_op": 0.5,
    "consumer_instructions_per_op": 0.0,
}


def judged(folder: Path, old: float, new: float, **stored: object) -> CountAbReport:
    """A run in which every boot of A and of B counted this, or this and so much more or less."""
    apart = float(stored.pop("apart", 0.0))  # type: ignore[arg-type]
    counts = {
        "no-audit": (300.0, 300.0),
        "old": (old - apart / 2, old + apart / 2),
        "new": (new, new),
    }
    run = counted_run(folder / "m" / "run", counts, **stored)  # type: ignore[arg-type]
    return judge_count_ab(load_run(run, counted_too=True), A, B, CountOptions())


@pytest.mark.parametrize(
    ("new", "verdict", "sentence"),
    [
        (915.0, "worse", "syscalls: B costs 1.67 % more than A (15.0 instructions per operation)."),
        (
            810.0,
            "better",
            "syscalls: B costs 10 % less than A (90.0 instructions per operation).",
        ),
        (
            900.9,
            "equal",
            "syscalls: equal: B costs +0.1 %, +0.9 instructions per operation against A, within "
            "the margin of 0.5 %.",
        ),
    ],
)
def test_the_answer_says_what_b_costs_against_a(
    tmp_path: Path, new: float, verdict: str, sentence: str
) -> None:
    report = judged(tmp_path, 900.0, new)
    assert report.verdict == verdict
    assert count_ab_sentences(report) == [sentence]


def test_boots_that_lie_further_apart_than_the_margin_decide_nothing_finer(
    tmp_path: Path,
) -> None:
    report = judged(tmp_path, 900.0, 905.0, apart=9.0)
    assert report.verdict == "inconclusive"
    (sentence,) = count_ab_sentences(report)
    assert sentence.startswith("syscalls: inconclusive: +0.556 %, +5.0 instructions per operation;")
    assert "boots of the same lie 9.0 apart, more than the margin of 0.5 %" in sentence


def test_what_events_cost_is_a_sentence_where_it_differs(tmp_path: Path) -> None:
    report = judged(tmp_path, 900.0, 800.0, metrics=EVENTS)
    assert count_ab_sentences(report)[1:] == [
        "syscalls: B costs 11.1 % less than A (50.0 instructions of kauditd per operation)."
    ]


def test_the_page_has_the_parts_of_ab(tmp_path: Path) -> None:
    text = page_markdown(count_ab_page(judged(tmp_path, 900.0, 915.0, metrics=EVENTS)))
    text = text.replace("\u2060", "")
    assert text.startswith("## auditbench ab\n\n**syscalls: B costs 1.67 % more than A")
    assert "A is old.rules (scenario old)" in text
    assert "B is new.rules (scenario new)" in text
    rows = [line.split("|")[2].strip() for line in text.splitlines() if line.startswith("| sys")]
    assert rows == ["no-audit", "A", "B", "B against A"] * 2, "and no table of zeros"
    assert "one operation of syscalls:" in text
    assert "instructions: margin 0.5 %, floor 0.00" in text


def test_several_kernels_have_a_sentence_each(tmp_path: Path) -> None:
    kernels = {"6.1.0-x": 1.0, "6.12.9-x": 2.0}
    report = judged(tmp_path, 900.0, 915.0, kernels=kernels)
    assert [each.split(":")[0] for each in count_ab_sentences(report)] == [
        "syscalls, Linux 6.1.0",
        "syscalls, Linux 6.12.9",
    ]


def test_a_guest_that_failed_makes_the_answer_doubtful(tmp_path: Path) -> None:
    failed = {"name": "failed-guest", "what": "the guest hung", "remedy": "run it again"}
    report = judged(tmp_path, 900.0, 915.0, environment={"cautions": [failed]})
    assert report.verdict == "untrustworthy"
    assert count_ab_sentences(report) == ["Not trustworthy: the guest hung."]


def test_a_trial_of_the_reference_that_failed_leaves_the_answer(tmp_path: Path) -> None:
    report = judged(tmp_path, 900.0, 915.0, invalid={"no-audit": "the kernel refused it"})
    assert report.verdict == "worse"
    assert report.costs == ()
    assert "B against A" in page_markdown(count_ab_page(report)).replace("\u2060", "")


def test_the_document_follows_its_schema(tmp_path: Path) -> None:
    report = judged(tmp_path, 900.0, 915.0, metrics=EVENTS)
    document = json.loads(json.dumps(count_ab_document(report)))
    jsonschema.validate(document, schema("ab-count"))
    jsonschema.validate(document["result"], schema("count"))
    (first, *_) = document["comparisons"]
    assert (first["base_scenario"], first["scenario"], first["verdict"]) == ("old", "new", "worse")
    assert {row["base_scenario"] for row in document["costs"]} == {"no-audit"}
    assert document["answer"].startswith("syscalls: B costs 1.67 % more than A")
