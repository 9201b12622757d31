"""Each trap is found, and a good rule has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.kernel.rules.checks.lint import rule_warnings
from harness.kernel.rules.fields import ALL_SYSCALLS, Field, FilterList, Operator
from harness.kernel.rules.rule import Rule, RuleField
from tests.support.rule_lines import parse_rule_text


def codes(line: str) -> list[str]:
    rule = parse_rule_text(line).rule
    assert rule is not None
    return [warning.code for warning in rule_warnings(rule)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-a always,exit -F arch=b64 -S execve -F auid!=unset -k x", []),
        ("-a always,exit -S all -F pid=1", []),
        ("-a never,task", []),
        ("-a never,task -F uid=0 -F auid=1000", []),
        ("-w /etc/passwd -p wa -k x", []),
        ("-w /etc/not-there-yet -p wa", []),
        ("-a always,exclude -F msgtype=CWD", []),
        ("-a always,exit -F arch=b64 -S openat -F exit=-EACCES", []),
        ("-a never,filesystem -F fstype=tracefs -k x", []),
        ("-a always,exit -S execve", ["arch-missing"]),
        ("-a always,exit -F arch=b64 -S openat -F exit<0", ["exit-unsigned"]),
        ("-a always,exit -F arch=b64 -S openat -F exit>=0", ["exit-unsigned"]),
        ("-a never,task -F arch=b64", ["task-field"]),
        ("-a never,task -F a0=1", ["task-field"]),
        ("-a always,user", ["no-field"]),
        ("-a always,user -F euid=0", ["field-not-evaluated"]),
        ("-w /etc/*.conf", ["path-literal"]),
        ("-w /etc/../etc/passwd", ["path-literal"]),
        ("-w /etc/two..dots", []),
    ],
)
def test_traps(line: str, expected: list[str]) -> None:
    assert codes(line) == expected


def test_a_key_on_the_lists_that_stop_at_it(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.touch()
    assert codes(f"-a always,user -F exe={program} -k key") == ["key-on-record-list"]
    key = RuleField(Field.FILTERKEY, Operator.EQUAL, b"key")
    (warning,) = rule_warnings(Rule(FilterList.EXCLUDE, 2, ALL_SYSCALLS, (key,)))
    assert warning.code == "key-on-record-list"
    assert warning.remedy == "leave the key out"


def test_a_warning_is_one_line_with_its_remedy() -> None:
    rule = parse_rule_text("-a always,exit -S execve").rule
    assert rule is not None
    (warning,) = rule_warnings(rule)
    line = warning.at("audit.rules:7").one_line()
    assert line.startswith("audit.rules:7: -S without arch: ")
    assert line.endswith(warning.remedy)
    assert "\n" not in line
