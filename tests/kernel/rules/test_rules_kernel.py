"""Rules on the running kernel: what we encode is taken, listed and printed as we say.

Audit stays disabled but for the last tests, and every rule is deleted again.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import KernelAnswerError, UsageError
from harness.kernel.client import AuditClient
from harness.kernel.rules.checks.paths import path_refusals
from harness.kernel.rules.checks.refusals import rule_refusals
from harness.kernel.rules.fields import (
    ALL_SYSCALLS,
    LISTS_WITH_SYSCALLS,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rules.format import format_listing
from harness.kernel.rules.parsed_line import ParsedLine
from harness.kernel.rules.rule import Rule, RuleField
from harness.kernel.rules.set import RuleSet
from harness.kernel.rules.text import parse_rule
from harness.kernel.rules.words import split_line
from tests.golden.rules.auditctl_shim import auditctl_or_skip, packaged_files
from tests.golden.rules.regenerate import lines_of
from tests.kernel.conftest import enabled
from tests.support.rule_lines import parse_rule_text

pytestmark = pytest.mark.kernel

CLASS_BITS = bytes(254) + b"\xff\xff"
TRUSTED_APP, USER_MARKER = 1121, 1111


def additions(lines: list[bytes]) -> list[ParsedLine]:
    """The rules to add among these lines, each only once, and without the kinds of the future."""
    parsed: list[ParsedLine] = []
    for line in lines:
        try:
            words = split_line(line)
            one = parse_rule(words) if words else None
        except UsageError:
            continue  # a user or group that this host has not
        if one is not None and one.operation == "add" and one.rule is not None:
            known = {other.rule.appended() for other in parsed if other.rule is not None}
            if one.rule.appended() not in known:
                parsed.append(one)
    return parsed


def refused(rule: Rule) -> bool:
    return any([*rule_refusals(rule), *path_refusals(rule)])


def golden_lines() -> list[bytes]:
    return lines_of("rules.txt")


def example_lines() -> list[bytes]:
    """Those of the rule files that come with auditctl, also those that are commented out."""
    lines = [line for file in packaged_files() for line in file.read_bytes().split(b"\n")]
    return lines + [re.sub(rb"^ *#+ *", b"", line) for line in lines if line.startswith(b"#")]


def without_class_bits(rule: Rule) -> bytes:
    return bytes(a & ~b for a, b in zip(rule.mask, CLASS_BITS, strict=True))


def assert_listed_as_sent(sent: Rule, payload: bytes) -> None:
    """The kernel clears the class bits of a mask and adds the syscalls of the classes."""
    listed = Rule.from_bytes(payload)
    assert listed.fields == sent.fields
    assert (listed.filter_list, listed.action) == (sent.filter_list, sent.action)
    assert not listed.prepend
    assert without_class_bits(listed) == listed.mask
    if any(sent.mask[254:]) and sent.mask != ALL_SYSCALLS:
        assert set(Rule(4, 2, without_class_bits(sent)).syscalls()) < set(listed.syscalls())
    else:
        assert listed.mask == without_class_bits(sent)


@pytest.mark.parametrize("lines", [golden_lines, example_lines], ids=["goldens", "examples"])
def test_each_rule_is_taken_listed_and_deleted(
    empty: AuditClient, lines: Callable[[], list[bytes]]
) -> None:
    taken = 0
    for parsed in additions(lines()):
        rule = parsed.rule
        assert rule is not None
        if refused(rule):
            with pytest.raises(KernelAnswerError):
                empty.add_rule(rule.to_bytes())
            continue
        empty.add_rule(rule.to_bytes())
        (payload,) = empty.list_rules()
        assert_listed_as_sent(rule, payload)
        empty.delete_rule(payload)
        taken += 1
    assert empty.list_rules() == []
    assert taken >= 40


@pytest.mark.parametrize("lines", [golden_lines, example_lines], ids=["goldens", "examples"])
def test_all_rules_at_once_are_in_order_and_print_as_auditctl_prints(
    empty: AuditClient, lines: Callable[[], list[bytes]]
) -> None:
    auditctl = auditctl_or_skip()
    rules = RuleSet()
    for number, parsed in enumerate(additions(lines()), start=1):
        assert parsed.rule is not None
        if refused(parsed.rule):
            continue
        if any(parsed.rule.mask[254:]) and parsed.rule.mask != ALL_SYSCALLS:
            continue  # comes back with the classes spelled out
        empty.add_rule(parsed.rule.to_bytes())
        rules.apply(parsed, number)
    listed = [Rule.from_bytes(payload) for payload in empty.list_rules()]
    wanted = rules.listing()[0]
    assert [(rule.filter_list, rule.fields) for rule in listed] == [
        (rule.filter_list, rule.fields) for rule in wanted
    ]
    printed = subprocess.run([auditctl, "-l"], capture_output=True, check=True).stdout
    if b"exe!=" not in printed:  # as 3.0.9 prints it, and so do we with its libaudit
        assert format_listing(listed) == printed.decode().split("\n")[:-1]
    for payload in empty.list_rules():
        empty.delete_rule(payload)
    assert empty.list_rules() == []


def test_unset_comes_back_as_it_was_sent(empty: AuditClient) -> None:
    rule = parse_rule_text("-a always,exit -F arch=b64 -S openat -F auid!=unset").rule
    assert rule is not None
    empty.add_rule(rule.to_bytes())
    (payload,) = empty.list_rules()
    assert Rule.from_bytes(payload).fields[1] == RuleField(
        Field.LOGINUID, Operator.NOT_EQUAL, 0xFFFFFFFF
    )
    assert rule.filter_list in LISTS_WITH_SYSCALLS


def message_arrives(client: AuditClient, rules: list[Rule]) -> bool:
    """Whether a user message of type 1121 passes these rules."""
    for rule in rules:
        client.add_rule(rule.to_bytes())
    with enabled(client) as reader:
        client.send_user_message("auditbench-rules-test", kind=TRUSTED_APP)
        client.send_user_message("auditbench-rules-end", kind=USER_MARKER)
        seen = b""
        while b"auditbench-rules-end" not in seen:
            seen += reader.recv(16384)
    for payload in client.list_rules():
        client.delete_rule(payload)
    return b"auditbench-rules-test" in seen


@pytest.mark.parametrize("filter_list", [FilterList.USER, FilterList.EXCLUDE])
def test_a_key_ends_the_walk_through_the_record_lists(
    empty: AuditClient, filter_list: FilterList
) -> None:
    """The trap that `key-on-record-list` warns of, and what `rule_match` counts on."""
    kind = RuleField(Field.MSGTYPE, Operator.EQUAL, TRUSTED_APP)
    key = RuleField(Field.FILTERKEY, Operator.EQUAL, b"key")
    drop = Rule(filter_list, 0, ALL_SYSCALLS, (kind,))
    with_key = Rule(filter_list, 0, ALL_SYSCALLS, (kind, key))
    no_field = Rule(filter_list, 0, ALL_SYSCALLS)
    assert message_arrives(empty, [])
    assert not message_arrives(empty, [drop])
    assert message_arrives(empty, [with_key])
    assert message_arrives(empty, [with_key, drop])
    assert not message_arrives(empty, [drop, with_key])
    assert message_arrives(empty, [no_field])


def test_a_link_never_matches_as_a_program(empty: AuditClient, tmp_path: Path) -> None:
    """The trap that `exe-symlink` warns of, on the exclude list where it is quickest seen."""
    real = Path("/proc/self/exe").resolve()
    link = tmp_path / "link"
    link.symlink_to(real)

    def rule(path: Path) -> Rule:
        parsed = parse_rule(["-a", "always,exclude", "-F", f"exe={path}"])
        assert parsed.rule is not None
        return parsed.rule

    with enabled(empty) as reader:
        for path, arrives in ((link, True), (real, False)):
            empty.add_rule(rule(path).to_bytes())
            empty.send_user_message(f"auditbench-rules-{path.name}", kind=TRUSTED_APP)
            for payload in empty.list_rules():
                empty.delete_rule(payload)
            empty.send_user_message("auditbench-rules-end", kind=USER_MARKER)
            seen = b""
            while b"auditbench-rules-end" not in seen:
                seen += reader.recv(16384)
            assert (f"auditbench-rules-{path.name}".encode() in seen) is arrives
