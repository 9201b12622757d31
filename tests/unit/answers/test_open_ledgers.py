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
