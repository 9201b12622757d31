"""What we say the kernel refuses, it refuses, and nothing else: field by field, on the running one.

Audit stays disabled; every rule is deleted again.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.errors import KernelAnswerError
from harness.kernel.client import AuditClient
from harness.kernel.rules.checks.paths import path_refusals
from harness.kernel.rules.checks.refusals import rule_refusals
from harness.kernel.rules.fields import (
    ALL_SYSCALLS,
    MAX_KEY_BYTES,
    STRING_FIELDS,
    UNSET,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rules.rule import Rule, RuleField

pytestmark = pytest.mark.kernel

PATHS = {Field.WATCH: b"/etc/passwd", Field.DIR: b"/etc", Field.EXE: b"/bin/true"}
ANOTHER = RuleField(Field.PERS, Operator.EQUAL, 0x7001)
"""Makes the rules match nothing: no process has this personality."""

NAMES = """folder folder/ file file/ missing missing/ missing/below file/below folder/below
    folder-link folder-link/ folder-link/below file-link file-link/ file-link/below nowhere-link
    nowhere-link/ nowhere-link/below loop-link loop-link/ loop-link/below folder/. folder/.. . ..
    folder//below"""


def value_of(number: int) -> int | bytes:
    if number in STRING_FIELDS:
        return PATHS.get(Field(number), b"text")
    return 1


def taken(client: AuditClient, rule: Rule) -> bool:
    """Whether the kernel takes the rule, which is deleted at once."""
    try:
        client.add_rule(rule.to_bytes())
    except KernelAnswerError:
        return False
    (payload,) = client.list_rules()
    client.delete_rule(payload)
    return True


def assert_foreseen(client: AuditClient, rules: Iterable[Rule]) -> tuple[int, int]:
    """Hold each rule against the kernel; how many it took, and how many it did not."""
    wrong, counts = [], [0, 0]
    for rule in rules:
        foreseen = [*rule_refusals(rule), *path_refusals(rule)]
        took = taken(client, rule)
        counts[not took] += 1
        if took == bool(foreseen):
            wrong.append((rule, [warning.what for warning in foreseen]))
    assert wrong == []
    return counts[0], counts[1]


def test_every_field_with_every_operator_on_every_list(empty: AuditClient) -> None:
    lists = [*map(int, FilterList), 8]
    fields = [*map(int, Field), 27, 99, 114, 204, 211]
    rules = (
        Rule(number, 0, ALL_SYSCALLS, (RuleField(field, operator, value_of(field)),))
        for number in lists
        for field in fields
        for operator in Operator
    )
    took, refused = assert_foreseen(empty, rules)
    assert took > 500
    assert refused > 500


def test_values_and_company(empty: AuditClient) -> None:
    def exit_rule(*fields: RuleField) -> Rule:
        return Rule(FilterList.EXIT, 0, ALL_SYSCALLS, (*fields, ANOTHER))

    path, folder, inode, exe, key = (
        RuleField(Field.WATCH, Operator.EQUAL, b"/etc/passwd"),
        RuleField(Field.DIR, Operator.EQUAL, b"/etc"),
        RuleField(Field.INODE, Operator.EQUAL, 5),
        RuleField(Field.EXE, Operator.EQUAL, b"/bin/true"),
        RuleField(Field.FILTERKEY, Operator.EQUAL, b"k"),
    )
    pairs = [(a, b) for a in (path, folder, inode, exe, key) for b in (path, folder, inode)]
    pairs += [(exe, exe), (exe, key), (key, key), (folder, exe)]
    rules = [exit_rule(*pair) for pair in pairs]
    for field in Field:
        if field not in STRING_FIELDS:
            for operator in (Operator.EQUAL, Operator.LESS):
                rules.append(exit_rule(RuleField(field, operator, UNSET)))
        else:
            rules.append(exit_rule(RuleField(field, Operator.EQUAL, b"")))
    rules.append(exit_rule(RuleField(Field.FILTERKEY, Operator.EQUAL, b"k" * MAX_KEY_BYTES)))
    rules += [Rule(FilterList.EXIT, action, ALL_SYSCALLS, (ANOTHER,)) for action in range(4)]
    assert_foreseen(empty, rules)


def test_paths(empty: AuditClient, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for name in ("folder", "file", "nowhere", "loop"):
        (tmp_path / f"{name}-link").symlink_to(name if name != "loop" else "loop-link")
    names = NAMES.split()
    names += ["n" * 255, "n" * 256, "/".join(["d" * 200] * 19)]
    texts = [f"{tmp_path}/{name}".encode() for name in names]
    texts += [b"/", b"//", b"relative", b"/etc", b"/proc/self/exe", b"/" + b"./" * 2046 + b"xyz"]
    texts += [b"/" + b"./" * 2047 + b"x", b"/" + b"./" * 2045 + b"abcd", b"/./../etc"]
    rules = (
        Rule(FilterList.EXIT, 0, ALL_SYSCALLS, (RuleField(field, Operator.EQUAL, text), ANOTHER))
        for field in PATHS
        for text in texts
    )
    took, refused = assert_foreseen(empty, rules)
    assert took >= 30
    assert refused >= 30
