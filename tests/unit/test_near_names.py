"""A mistyped name is answered with the names that it may mean, and with all there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import run_command
from harness.errors import EXIT_USAGE, did_you_mean, near_names, one_of


def test_the_likeliest_name_stands_first() -> None:
    assert near_names("overhed", ["replay", "overhead", "overheads"])[0] == "overhead"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("laurel", "auditd-laurel"), ("Assemble", "assemble"), ("excluded", "rules-excluded")],
)
def test_a_part_of_a_name_and_other_capitals_will_do(typed: str, meant: str) -> None:
    assert near_names(typed, ["none", "assemble", "auditd-laurel", "rules-excluded"]) == [meant]


def test_a_part_behind_a_plus_will_do() -> None:
    names = ["rules", "rules+exclude-exe", "rules+exclude-call"]
    assert near_names("exclude", names) == names[1:]


def test_two_letters_in_the_wrong_order_will_do_in_a_short_name() -> None:
    assert near_names("upd", ["shells", "udp", "up"])[0] == "udp"


def test_the_only_name_that_begins_like_it_is_likelier_than_one_that_looks_like_it() -> None:
    assert near_names("hist", ["list", "history"]) == ["history", "list"]
    assert near_names("rule", ["rules", "rules+exclude-exe"])[0] == "rules"


def test_several_suggestions_are_a_list() -> None:
    assert did_you_mean(["a"]) == "did you mean a?"
    assert did_you_mean(["a", "b", "c"]) == "did you mean a, b or c?"


def test_what_is_like_nothing_suggests_nothing() -> None:
    assert one_of("quiet", ["wait", "borrow"]) == "one of wait, borrow"


def test_the_whole_list_is_told_beside_a_suggestion() -> None:
    told = one_of("wiat", ["wait", "borrow"], otherwise=", or a file")
    assert told == "did you mean wait? Otherwise one of wait, borrow, or a file"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["run", "overhed"], "overhead"),
        (["run", "--scenario", "disbled"], "disabled"),
        (["run", "--workload", "shels"], "shells"),
        (["run", "--workload", "upd"], "udp"),
        (["run", "--consumer", "laurel"], "auditd-laurel"),
        (["run", "--consumer", "asemble"], "assemble"),
        (["run", "pressure", "--scenario", "backlog-64-wiat"], "backlog-64-wait"),
        (["show", "--to", "jsn"], "json"),
        (["gate", "--fail", "elasped:5%"], "elapsed"),
        (["compare", "latest", "latest", "--metric", "elasped"], "elapsed"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_one_that_was_meant(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run_command([*words, "--results", str(tmp_path)]) == EXIT_USAGE
    said = capsys.readouterr().err
    assert f"did you mean {meant}" in said
    assert len(said.splitlines()) == 1
