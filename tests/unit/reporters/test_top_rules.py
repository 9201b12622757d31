"""Which rule events are put down to."""

from __future__ import annotations

from typing import Any

from harness.analysis.top_rules import credit_rules
from harness.kernel.rules.file import parse_rules_text

X86_64 = 0xC000003E
RULES = """
-a always,exit -F arch=b64 -S execve -k run
-a always,exit -F arch=b64 -S connect -F success=1 -k net
-a always,exit -F arch=b64 -S connect -F exit=-ECONNREFUSED -k net
-a always,exit -F arch=b64 -S connect -F auid>=1000 -F auid!=unset -k net
-a always,exit -F arch=b64 -S openat -F path=/etc/passwd -k file
-a always,exit -F arch=b64 -S openat -F dir=/etc -k file
-a always,exit -F arch=b64 -S kill
-a never,exit -F arch=b64 -S mkdir -k dir
-w /etc/shadow -p wa -k watch
"""


def shape(number: int, key: bytes | None, **other: Any) -> dict[str, Any]:
    plain = {"exe": b"/bin/x", "auid": 0, "uid": 0, "exit": 0, "events": 1}
    return {
        "arch": X86_64, "number": number, "key": key, "records": 3, "bytes": 100, **plain, **other
    }  # fmt: skip


def credited(one: dict[str, Any]) -> tuple[int, ...]:
    rules = parse_rules_text(RULES, "rules").rules
    (found,) = [credit for credit in credit_rules(rules, [one]) if credit.events]
    return found.rules


def test_the_key_alone_decides() -> None:
    assert credited(shape(59, b"run")) == (0,)


def test_conditions_decide_between_rules_of_one_key() -> None:
    assert credited(shape(42, b"net")) == (1,)
    assert credited(shape(42, b"net", exit=-111)) == (2,)
    assert credited(shape(42, b"net", exit=-2, auid=1000)) == (3,)


def test_what_cannot_be_told_apart_is_named_together() -> None:
    assert credited(shape(257, b"file")) == (4, 5)


def test_rules_without_key() -> None:
    assert credited(shape(62, None)) == (6,)


def test_a_watch() -> None:
    assert credited(shape(90, b"watch")) == (8,)


def test_no_rule() -> None:
    assert credited(shape(59, b"other")) == ()
    assert credited(shape(60, b"run")) == ()
    assert credited(shape(42, b"net", exit=-2, auid=4294967295)) == ()
    assert credited(shape(83, b"dir")) == ()


def test_unknown_values_decide_nothing() -> None:
    assert credited(shape(42, b"net", exit=None, auid=None)) == (1, 2, 3)


def test_rules_without_events_are_listed() -> None:
    rules = parse_rules_text(RULES, "rules").rules
    found = credit_rules(rules, [shape(59, b"run", events=7)])
    assert [credit.events for credit in found] == [7] + [0] * 7
    assert sorted(place for credit in found for place in credit.rules) == [0, 1, 2, 3, 4, 5, 6, 8]
