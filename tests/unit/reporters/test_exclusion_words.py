"""What is said of exclusions: the gain, what was kept back, and which program they are about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.answers.result import make_result
from harness.model.result import Result
from harness.model.stored.plan import StoredPlan
from harness.reporters.answer import answer
from harness.reporters.parts.exclusions import exclusion_sentences
from harness.reporters.render.markdown import page_markdown
from harness.reporters.result import result_page
from tests.support.runs import made_up_run

PROGRAM = "/usr/sbin/mysqld"
COPY = "/var/tmp/auditbench-0000_abc/bin/mysqld"


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return make_result(made_up_run(tmp_path / "h-1" / "run"))


def told(result: Result, **changes: Any) -> str:
    """The sentences with the exclusion changed like this."""
    (exclusion,) = result.exclusions
    return " ".join(
        exclusion_sentences(replace(result, exclusions=(replace(exclusion, **changes),)))
    )


def named(result: Result, *workloads: str, copy: str = COPY) -> Result:
    program = {"path": PROGRAM, "copy": copy, "workloads": list(workloads)}
    plan = StoredPlan.read({**result.plan.document, "excluded_program": program})
    return replace(result, plan=plan)


def gain(result: Result, verdict: str, ratio: float | None) -> Any:
    (exclusion,) = result.exclusions
    return replace(exclusion.gain, verdict=verdict, ratio=ratio, reference=10_000.0)


def test_the_answer_has_the_gain_against_the_rules(result: Result) -> None:
    words = "The exclusion of the program that makes the load, compared with the same rules"
    assert words in answer(result)
    assert "rules+exclude-exe kept all events back and saves 5" in answer(result)


@pytest.mark.parametrize(
    ("events", "without", "words"),
    [
        (1.0, 1.0, "rules+exclude-exe kept nothing back and "),
        (0.75, 1.0, "rules+exclude-exe kept 25 % of the events back and "),
        (0.0, 1.0, "rules+exclude-exe kept all events back and "),
        (0.0, 0.0, "rules+exclude-exe had nothing to keep back and "),
        (None, 1.0, "rules+exclude-exe saves "),
        (0.0, None, "rules+exclude-exe saves "),
    ],
)
def test_what_was_kept_back(
    result: Result, events: float | None, without: float | None, words: str
) -> None:
    assert words in told(result, events=events, events_without=without)


@pytest.mark.parametrize(
    ("verdict", "ratio", "words"),
    [
        ("better", 0.4, "saves 60 % (6.00 µs per operation)."),
        ("worse", 1.25, "costs 25 % more (2.50 µs per operation)."),
        ("equal", 1.01, "gains nothing (+1.0 %, equal)."),
        ("inconclusive", 0.9, "has no proven gain (−10.0 %, inconclusive)."),
        ("inconclusive", None, "back and its gain is inconclusive."),
    ],
)
def test_what_was_gained(result: Result, verdict: str, ratio: float | None, words: str) -> None:
    assert words in told(result, gain=gain(result, verdict, ratio))


def test_for_execs_exe_is_the_program_started(result: Result) -> None:
    assert "For execs" not in told(result)
    assert (
        "For execs, exe is the program started (here /usr/bin/dash), not the one that starts it."
        in told(result, started="/usr/bin/dash")
    )


def test_the_copy_is_told_where_there_was_one(result: Result) -> None:
    words = told(named(result, "udp"))
    assert words.startswith(f"The exclusion of {PROGRAM}, compared with")
    assert f"udp: the load ran from {COPY}, a private copy of its interpreter" in words
    assert f"exe={PROGRAM} in the rules of all cells was replaced by it" in words
    assert "private copy" not in told(result)


def test_rules_about_the_program_itself_are_told(result: Result) -> None:
    words = told(named(result, copy=""))
    assert f"udp: the rules are about {PROGRAM} itself." in words
    assert "private copy" not in words


def test_every_form_has_it(result: Result) -> None:
    assert "rules+exclude-exe kept all events back" in page_markdown(
        result_page(named(result, "udp"))
    )


def test_nothing_is_said_without_exclusions(result: Result) -> None:
    assert exclusion_sentences(replace(result, exclusions=())) == []
