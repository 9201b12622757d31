"""Rules for a guest of another machine: read on this one, with that machine's system calls."""

from __future__ import annotations

import platform

import pytest

from harness.errors import UsageError
from harness.kernel.rules.fields import ARCH_NUMBERS, Field
from harness.kernel.rules.machine import rules_for, rules_machine
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.text import parse_rule
from harness.model.run import Scenario
from harness.run.plan.load_calls import calls_of
from harness.run.trials.demanded_events import events_per_operation

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="names calls of x86_64")

ARM_32 = 0x40000028


def parsed(line: str) -> Rule:
    rule = parse_rule(line.split()).rule
    assert rule is not None
    return rule


@pytest.mark.parametrize(
    ("line", "arch", "calls"),
    [
        ("-a always,exit -F arch=b64 -S execve,connect -k a", ARCH_NUMBERS["aarch64"], (203, 221)),
        ("-a always,exit -F arch=B64 -S getppid", ARCH_NUMBERS["aarch64"], (173,)),
        ("-a always,exit -F arch!=b64 -S getppid", ARCH_NUMBERS["aarch64"], (173,)),
        ("-a always,exit -F arch=b32 -S execve", ARM_32, (11,)),
        ("-a always,exit -F arch=x86_64 -S execve", ARCH_NUMBERS["x86_64"], (59,)),
        ("-a always,exit -S getppid", None, (173,)),
    ],
)
def test_a_rule_is_what_auditctl_of_that_machine_makes_of_it(
    line: str, arch: int | None, calls: tuple[int, ...]
) -> None:
    with rules_for("aarch64"):
        rule = parsed(line)
    found = [field.number for field in rule.fields if field.field == Field.ARCH]
    assert found == ([] if arch is None else [arch])
    assert rule.syscalls() == calls


def test_a_call_that_the_machine_lacks_is_refused_with_those_that_it_has() -> None:
    with (
        rules_for("aarch64"),
        pytest.raises(UsageError, match=r"open names no syscall of aarch64.*openat and openat2"),
    ):
        parsed("-a always,exit -F arch=b64 -S open")


def test_rules_are_of_this_machine_again_afterwards() -> None:
    with rules_for("aarch64"):
        assert rules_machine() == "aarch64"
    with pytest.raises(UsageError), rules_for("aarch64"):
        parsed("-a always,exit -S no-such")
    assert rules_machine() == platform.machine()
    assert parsed("-a always,exit -F arch=b64 -S getppid").syscalls() == (110,)


def test_what_rules_demand_of_a_load_is_by_the_machines_numbers() -> None:
    with rules_for("aarch64"):
        rule = parsed("-a always,exit -F arch=b64 -S connect").to_bytes()
        scenario = Scenario("s", "", enabled=1, rules=(rule,))
        demanded = events_per_operation(
            scenario, {"connect": 1.0}, exe="/x", program="", known={"auid": 0, "uid": 0}
        )
        calls = calls_of("syscalls", {}, auid=None)
    assert demanded == 1.0
    assert (ARCH_NUMBERS["aarch64"], 173) in {(call.arch, call.number) for call in calls}
