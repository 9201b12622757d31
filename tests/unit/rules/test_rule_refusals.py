"""The kernel's refusals, foreseen and told with the operator at fault.

That it refuses these and takes the rest: tests/kernel/rules/test_rule_refusals_kernel.py.
"""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from harness.kernel.rules.checks import refusals as module
from harness.kernel.rules.checks.refusals import control_refusals, release_refusals, rule_refusals
from harness.kernel.rules.controls import Control
from harness.kernel.rules.fields import ALL_SYSCALLS, Field, FilterList, Operator
from harness.kernel.rules.rule import Rule, RuleField
from tests.support.rule_lines import parse_rule_text


def told(line: str) -> list[str]:
    rule = parse_rule_text(line).rule
    assert rule is not None
    return [warning.one_line().removeprefix("the kernel will refuse the rule: ") for warning
            in rule_refusals(rule)]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "at_fault"),
    [
        ("dir!=/etc", "dir!=/etc, but dir takes only =: write dir=, for an exception "
         "-a never,exit with it in front"),
        ("path>/etc/passwd", "path>/etc/passwd, but path takes only =: write path=, for an "
         "exception -a never,exit with it in front"),
        ("path!=/etc/passwd", "path!=/etc/passwd, but path takes only =: "),
        ("subj_type>=x", "subj_type>=x, but subj_type takes only = !=: use = !="),
        ("obj_user<x", "obj_user<x, but obj_user takes only = !=: use = !="),
        ("subj_sen&x", "subj_sen&x, but subj_sen takes only = != < <= > >=: use "),
        ("uid&=5", "uid&=5, but uid takes only = != < <= > >=: use = != < <= > >="),
        ("success&1", "success&1, but success takes only = != < <= > >=: use"),
        ("exit&=5", "exit&=5, but exit takes only = != < <= > >=: use"),
        ("auid>=-1", "auid>=-1, but auid with unset takes only = !=: use = !="),
        ("filetype>=dir", "filetype>=16384, but filetype takes only = !=: use = !="),
        ("uid=-1", "uid=-1, but a uid or gid is never unset (-1): compare auid with"),
        ("path=relative", "path=relative is a relative path: give the path from / on"),
        ("path=/etc/", "path=/etc/ ends in a slash: leave it out, or use dir="),
        ("exe=/bin/..", "exe=/bin/.. ends in no name: name the file"),
        ("dir=etc", "dir=etc is a relative path: give the path from / on"),
    ],
)  # fmt: skip
def test_a_field_is_named_with_the_operator_at_fault(condition: str, at_fault: str) -> None:
    (line,) = told(f"-a always,exit -F {condition}")
    assert line.startswith(at_fault)


@pytest.mark.parametrize(
    ("line", "at_fault"),
    [
        ("-a always,io_uring -F pers>1 -F pid=1", []),
        ("-a always,exit -F path=/etc/passwd -F dir=/etc",
         ["the rule has more than one of path, dir and inode: write one rule each"]),
        ("-a always,exit -F exe=/x -F exe=/y",
         ["the rule has exe more than once: write one rule for each"]),
        ("-a always,filesystem -F uid=0",
         ["uid=0 is on the filesystem list, which knows fstype and key only: leave it out"]),
        ("-a always,exit -F a0&1 -F a1&=2 -F devminor&1 -F pers&1 -F auid!=unset", []),
        ("-a always,exit -S all -F dir=/etc/ -F exe!=/x -F inode!=5", [
            "the rule has more than one of path, dir and inode: write one rule each"]),
    ],
)  # fmt: skip
def test_lists_and_company(line: str, at_fault: list[str]) -> None:
    assert told(line) == at_fault


def test_what_text_cannot_say() -> None:
    """Rules from elsewhere than text, such as a stored lease's."""

    def whats(filter_list: int, action: int, *fields: RuleField) -> list[str]:
        rule = Rule(filter_list, action, ALL_SYSCALLS, fields)
        return [warning.what.partition(": ")[2] for warning in rule_refusals(rule)]

    assert whats(2, 2) == ["there is no list 2"]
    assert whats(4, 1) == ["there is no action 1"]
    assert whats(4, 2, RuleField(99, Operator.EQUAL, 1)) == ["it knows no field 99"]
    msgtype = RuleField(Field.MSGTYPE, Operator.EQUAL, 1300)
    assert whats(4, 2, msgtype) == [
        "msgtype=SYSCALL is on the exit list, which does not know msgtype"
    ]
    perm = RuleField(Field.PERM, Operator.EQUAL, 1)
    nothing = RuleField(Field.PERM, Operator.EQUAL, 0)
    assert whats(7, 2, nothing) == ["perm=0 is on the io_uring list, which does not know perm"]
    assert whats(7, 2, perm) == ["perm=x is on the io_uring list, which does not know perm"]
    odd = RuleField(Field.PID, 5, 1)
    assert whats(4, 2, odd) == ["pid (operator 0x5) 1, but pid takes only = != < <= > >="]
    compare = RuleField(Field.FIELD_COMPARE, Operator.LESS, 11)
    assert whats(4, 2, compare) == ["uid<euid, but -C takes only = !="]


@pytest.mark.parametrize(
    ("release", "line", "at_fault"),
    [
        ("6.18.44-x", "-a always,io_uring -S openat", ""),
        ("5.16.0", "-a always,io_uring -S openat", ""),
        ("5.15.0-91", "-a always,io_uring -S openat",
         "the list io_uring came with Linux 5.16, and this is 5.15: remove it"),
        ("5.2", "-a always,exit -F saddr_fam=2",
         "the field saddr_fam came with Linux 5.3, and this is 5.2: remove it"),
        ("5.3", "-a always,exit -F saddr_fam=2", ""),
        ("unheard-of", "-a always,exit -F saddr_fam=2", ""),
    ],
)  # fmt: skip
def test_what_is_newer_than_the_kernel(
    monkeypatch: pytest.MonkeyPatch, release: str, line: str, at_fault: str
) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release, machine="x86_64"))
    rule = parse_rule_text(line).rule
    assert rule is not None
    lines = [warning.one_line() for warning in release_refusals(rule)]
    assert lines == ([f"the kernel will refuse the rule: {at_fault}"] if at_fault else [])


def test_the_longest_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kernel_hz", lambda: 250)
    assert list(control_refusals(Control("backlog_wait_time", 150_000))) == []
    (warning,) = control_refusals(Control("backlog_wait_time", 150_001))
    assert warning.one_line() == (
        "the kernel will refuse --backlog_wait_time 150001: it is in jiffies, and 600 seconds are "
        "the most: give at most 150000"
    )
    assert list(control_refusals(Control("backlog_limit", 1 << 31))) == []
    monkeypatch.setattr(module, "kernel_hz", lambda: None)
    assert list(control_refusals(Control("backlog_wait_time", 1 << 31))) == []


def test_every_list_has_its_name() -> None:
    assert set(module._LISTS_OF) <= set(Field)
    assert {each for lists in module._LISTS_OF.values() for each in lists} <= set(FilterList)
