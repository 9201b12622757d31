"""What does not close is told, and makes the run untrustworthy; others' losses are only a bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.answers.result import make_result
from harness.answers.trust import doubts_about
from harness.model.run import Ledger, Scenario
from harness.reporters.parts.ledger import equation
from harness.run.plan.scenario import bind_named
from harness.run.trials.demanded_events import rules_name_only
from harness.store import load_run
from harness.store.old_ledgers import ledger_of_now
from tests.support.command import auditbench
from tests.support.stored.altered_runs import Change, altered_run

OTHERS = 9
NOT_OURS = {"complete": 990, "refused": 1, "lost": 10, "foreign_lost": OTHERS}


def in_block(block: int, **terms: int) -> Change:
    """Terms of the ledger of the scenario `rules` in one block; 0 is the warm-up."""

    def change(sample: dict[str, Any]) -> None:
        if sample["scenario"] == "rules" and sample["block"] == block:
            sample["ledger"] |= terms

    return change


@pytest.mark.parametrize("block", [0, 3])
def test_a_trial_that_does_not_close_is_told_and_trusted_nowhere(
    tmp_path: Path, block: int
) -> None:
    run = altered_run(tmp_path / "run", in_block(block, unexplained=-70))
    shown = auditbench("show", run, cwd=tmp_path)
    words = " ".join((shown.stdout + shown.stderr).split())
    assert "1 trial has events that are not accounted for" in words
    assert "udp × rules: −70" in words
    assert "an error of this program" in words
    assert shown.returncode == 3
    assert "1 trial has events not accounted for" in doubts_about(make_result(load_run(run)))[0]


def test_what_others_lost_is_a_bound_and_no_error(tmp_path: Path) -> None:
    run = altered_run(tmp_path / "run", in_block(0, **NOT_OURS), in_block(3, **NOT_OURS))
    shown = auditbench("show", run, cwd=tmp_path)
    words = " ".join((shown.stdout + shown.stderr).split())
    assert "in each of 2 trials other processes lost events as well, at most 9" in words
    assert "error of this program" not in words
    assert "not accounted for" not in words
    assert shown.returncode == 0
    assert make_result(load_run(run)).trustworthy


def of_before(**terms: int) -> Change:
    """Terms of block 3, as they were written before others' losses had one."""
    change = in_block(3, **terms)

    def changed(sample: dict[str, Any]) -> None:
        change(sample)
        del sample["ledger"]["foreign_lost"]

    return changed


def test_what_others_lost_is_a_bound_in_a_run_of_before_too(tmp_path: Path) -> None:
    """9 of 578 refused events were counted that the load had not made."""
    terms = {"complete": 430, "partial": 1, "refused": 578, "lost": 590, "unexplained": -OTHERS}
    run = altered_run(tmp_path / "run", of_before(**terms))
    shown = auditbench("show", run, cwd=tmp_path)
    words = " ".join((shown.stdout + shown.stderr).split())
    assert "in 1 trial other processes lost events as well, at most 9" in words
    assert "up to 9 events of other processes lost as well" in words
    assert "569 refused" in words
    assert "unaccounted" not in words
    assert "error of this program" not in words
    assert shown.returncode == 0
    assert make_result(load_run(run)).trustworthy


def test_a_missing_serial_of_others_is_theirs_in_a_run_of_before(tmp_path: Path) -> None:
    ledger = Ledger(
        generated=100,
        complete=97,
        partial=3,
        lost=5,
        refused=2,
        refused_low=2,
        vanished=4,
        unnamed_events=3,
        unexplained=-8,
    )
    found = ledger_of_now(ledger)
    assert (found.refused, found.vanished, found.partial) == (0, 0, 1)
    assert (found.unnamed_events, found.unexplained, found.foreign_lost) == (1, 0, 8)
    assert found.refused_low == 0
    assert found.generated is not None
    terms = (found.complete, found.partial, found.refused, found.vanished)
    assert sum(term or 0 for term in terms) == found.generated - 2


@pytest.mark.parametrize(
    "terms",
    [
        {"refused": 4, "unexplained": -5},
        {"refused": 4, "unexplained": 5},
        {"refused": 9, "unexplained": -5, "foreign_lost": 2},
    ],
)
def test_what_others_cannot_have_lost_stays_open_in_a_run_of_before(terms: dict[str, int]) -> None:
    ledger = Ledger(generated=10, complete=5, partial=0, lost=9, **terms)  # type: ignore[arg-type]
    assert ledger_of_now(ledger) == ledger


@pytest.mark.parametrize(
    "terms",
    [
        {"complete": 920, "refused": 100, "lost": 130, "unexplained": -20, "foreign_lost": 10},
        {"complete": 985, "vanished": 10, "unexplained": 5, "foreign_lost": None},
    ],
)
def test_more_than_others_were_expected_to_lose_is_no_error_of_the_program(
    tmp_path: Path, terms: dict[str, Any]
) -> None:
    run = altered_run(tmp_path / "run", in_block(3, **terms))
    shown = auditbench("show", run, cwd=tmp_path)
    words = " ".join((shown.stdout + shown.stderr).split())
    assert "1 trial has events that are not accounted for" in words
    assert "lost events of other processes can be the reason" in words
    assert "error of this program" not in words
    assert shown.returncode == 3


def test_a_negative_term_is_subtracted() -> None:
    wrong = Ledger(generated=9, complete=12, partial=1, lost=0, unexplained=-4)
    assert equation(wrong) == "9 generated = 12 complete + 1 partial − 4 unexplained"


@pytest.mark.parametrize(("number", "words"), [(1, "up to 1 event of"), (9, "up to 9 events of")])
def test_the_equation_tells_others_apart(number: int, words: str) -> None:
    ledger = Ledger(generated=9, complete=8, partial=0, refused=1, lost=9, foreign_lost=number)
    text = equation(ledger)
    assert text.startswith("9 generated = 8 complete + 1 refused; ")
    assert words in text


def scoped(name: str) -> Scenario:
    return bind_named(name, exe="/bin/true", noisy="connect")


def test_only_rules_that_ask_for_a_login_uid_of_no_account_name_the_load_only() -> None:
    assert rules_name_only(scoped("connect-scoped"), 2147480123)
    assert not rules_name_only(scoped("connect-scoped"), 2147480124)
    assert not rules_name_only(scoped("rules"), 2147480123)
    assert not rules_name_only(scoped("no-rules"), 0)  # root is an account
    assert not rules_name_only(scoped("no-rules"), 4294967295)  # and daemons have none
