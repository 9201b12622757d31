"""What rules can match, and under which login uid, in words: short, plain, 80 columns."""

from __future__ import annotations

import pytest

from harness.model.matching import Login, RuleMatches
from harness.reporters.parts.matching import (
    MOST_REASONS,
    WIDTH,
    file_line,
    hindered_words,
    login_line,
    matching_lines,
)

UNSET = 4294967295


def matches(**words: object) -> RuleMatches:
    given = {
        "scenario": "stig",
        "file": "stig.rules",
        "rules": 40,
        "can_match": 12,
        "recording": 40,
        "by_workload": {"udp": 12},
        "hindered": {"euid": 8, "path": 17, "auid": 3},
    }
    return RuleMatches(**(given | words))  # type: ignore[arg-type]


def test_a_file_in_one_line() -> None:
    assert file_line(matches()) == (
        "rules stig.rules: 12 of 40 rules can match this load (udp): 17 need another path, 8 need "
        "another euid, 3 need another auid"
    )


def test_one_rule_and_one_hindrance() -> None:
    one = matches(rules=1, can_match=0, hindered={"call": 1}, by_workload={"udp": 0, "files": 0})
    assert file_line(one) == (
        "rules stig.rules: 0 of 1 rule can match this load (udp, files): 1 needs another system "
        "call"
    )


def test_where_all_match_nothing_is_hindered() -> None:
    assert file_line(matches(can_match=40, hindered={})).endswith("can match this load (udp)")


@pytest.mark.parametrize("reason", ["earlier", "record", "message", "io_uring", "field", "off"])
def test_what_is_no_field_is_not_said_as_one(reason: str) -> None:
    assert f"another {reason}" not in hindered_words({reason: 1})
    assert hindered_words({reason: 1}) != hindered_words({reason: 2}).replace("2", "1")


def test_the_number_of_reasons_is_bounded() -> None:
    many = {f"f{number}": number for number in range(1, 20)}
    words = hindered_words(many)
    assert words.count(", ") == MOST_REASONS
    assert words.endswith(f"{sum(range(1, 20 - MOST_REASONS))} something else")


def test_what_is_said_before_a_run_fits_80_columns() -> None:
    long = matches(file="/etc/audit/" + "deep/" * 40 + "stig.rules", hindered={"arch": 10, "-C": 5})
    login = Login(auid=1000, caller=0, basis="chosen", rules=12, caller_rules=3)
    lines = matching_lines(login, [long, matches(), matches(file="")])
    assert max(map(len, lines)) <= WIDTH
    assert sum(line.startswith("rules ") for line in lines) == 2
    assert " ".join(lines).count("login uid of the load") == 1
    assert len(lines) <= 3 * 3


REMARK = "the caller's loginuid was unset: its uid 0 was used"


@pytest.mark.parametrize(
    ("login", "words"),
    [
        (
            Login(auid=0, caller=0, basis="caller", rules=3, caller_rules=3),
            "login uid of the load: 0, the caller's; no other matches more rules",
        ),
        (
            Login(auid=0, caller=0, basis="caller", remark=REMARK),
            f"login uid of the load: 0 ({REMARK}); no other matches more rules",
        ),
        (
            Login(auid=0, caller=0, basis="asked", remark=REMARK),
            f"login uid of the load: 0, as asked for ({REMARK})",
        ),
        (
            Login(auid=1000, caller=UNSET, basis="chosen", rules=1, caller_rules=0),
            "login uid of the load: 1000 (1 rule can match, none under the caller's auid unset); "
            "--auid sets another",
        ),
        (Login(auid=UNSET, caller=0, basis="asked"), "login uid of the load: unset, as asked for"),
        (
            Login(
                auid=0,
                caller=0,
                basis="fixed",
                hinders="loginuid_immutable",
                rules=2,
                best=1000,
                best_rules=9,
            ),
            "login uid of the load: 0, the caller's; it cannot be set (loginuid_immutable): 2 of "
            "the rules can match, 9 under auid 1000",
        ),
    ],
)
def test_the_login_uid_in_one_line(login: Login, words: str) -> None:
    assert login_line(login) == words


def test_a_plan_without_files_says_nothing_unless_the_login_uid_is_not_the_callers() -> None:
    builtin = matches(file="")
    caller = Login(auid=0, caller=0, basis="caller")
    assert matching_lines(caller, [builtin]) == []
    assert matching_lines(None, []) == []
    assert matching_lines(Login(auid=7, caller=0, basis="chosen"), [builtin])
