"""What the loads of a plan can match, and the login uid that is chosen for all of them."""

from __future__ import annotations

import os
import platform
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.kernel.rules.fields import UNSET
from harness.model.matching import Login, RuleMatches
from harness.model.stored.plan import StoredPlan
from harness.reporters.parts.matching import file_line
from harness.run.plan import load_calls, login
from harness.run.plan.document import plan_document
from harness.run.plan.login import LoginRights, read_login_rights, settle_login
from harness.run.plan.plan import Plan, make_plan
from tests.support.requests import asked

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the syscall numbers are those of x86_64"
)

EXEC = "-a always,exit -F arch=b64 -S execve"
CONNECT = "-a always,exit -F arch=b64 -S connect"
UNLINK = "-a always,exit -F arch=b64 -S unlink,unlinkat"
STIG = "-F auid>=1000 -F auid!=unset"
IMMUTABLE, ONLY_UNSET = 2, 1


@pytest.fixture(autouse=True)
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loads run as root, whoever runs the tests."""
    names = ("uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid")
    monkeypatch.setattr(load_calls, "_ids", lambda: dict.fromkeys(names, 0))


@pytest.fixture
def settle(tmp_path: Path) -> Any:
    """Settles the login uid of a run of these rule files, each a list of lines."""

    def settle(
        *files: list[str], kept: int = 0, hinders: str = "", workload: str = "udp", **words: Any
    ) -> Plan:
        paths = []
        for number, lines in enumerate(files, start=1):
            paths.append(tmp_path / f"f{number}.rules")
            paths[-1].write_text("".join(f"{line}\n" for line in lines))
        request = asked(workloads=tuple(workload.split(",")), rule_files=tuple(paths), **words)
        return settle_login(make_plan(request), LoginRights(kept, hinders))

    return settle


def login_of(plan: Plan) -> Login:
    assert plan.login is not None
    return plan.login


def of_file(plan: Plan, name: str = "f1") -> RuleMatches:
    return next(each for each in plan.matching if each.scenario == name)


@pytest.mark.parametrize(
    ("lines", "kept", "expected"),
    [
        # A STIG-like file: the first login uid that it asks for.
        ([f"{CONNECT} {STIG}"], 0, "1000"),
        ([f"{CONNECT} -F auid>=500 -F auid!=-1"], UNSET, "500"),
        ([f"{CONNECT} -F auid>999"], 0, "1000"),
        # One that is named.
        ([f"{CONNECT} -F auid=4242"], 0, "4242"),
        ([f"{CONNECT} -F auid!=0"], 0, "1"),
        ([f"{CONNECT} -F auid<10"], 1000, "9"),
        ([f"{CONNECT} -F auid<=9"], 1000, "8"),
        # None at all, where only that matches.
        ([f"{CONNECT} -F auid=unset"], 0, "unset"),
        ([f"{CONNECT} -F auid!=unset"], UNSET, "1000"),
        # Compared with another id.
        ([f"{CONNECT} -C auid!=uid"], 0, "1000"),
        ([f"{CONNECT} -C auid=uid"], 1000, "0"),
        # The caller's where no other is better: no rule asks, or as many match under it.
        ([CONNECT], 1000, "keep"),
        ([f"{CONNECT} -F auid=7", "-a always,exit -F arch=b64 -S socket -F auid=0"], 0, "keep"),
        ([f"{CONNECT} {STIG}"], 1234, "keep"),
        # What the load does not do anyway has no vote.
        ([f"{EXEC} -F auid=7", f"{UNLINK} -F auid=7", f"{CONNECT} -F auid=8"], 0, "8"),
        # Most rules decide, not the first.
        (
            [
                f"{CONNECT} -F auid=7",
                "-a always,exit -F arch=b64 -S socket -F auid=8",
                "-a always,exit -F arch=b64 -S sendto -F auid=8",
            ],
            0,
            "8",
        ),
        # A rule that keeps events back has no vote, and what it takes does not count.
        (["-a never,exit -S all -F auid=1000", f"{CONNECT} -F auid>=1000"], 0, "1001"),
    ],
)
def test_the_login_uid_is_the_one_under_which_most_rules_can_match(
    settle: Any, lines: list[str], kept: int, expected: str
) -> None:
    assert settle(lines, kept=kept).auid == expected


def test_all_files_vote_together(settle: Any) -> None:
    plan = settle(
        [f"{CONNECT} -F auid=7"],
        [f"{CONNECT} -F auid=8 -k a", "-a always,exit -F arch=b64 -S socket -F auid=8"],
        [f"{CONNECT} -F auid=8 -k b"],
    )
    assert plan.auid == "8"
    assert login_of(plan) == Login(auid=8, caller=0, basis="chosen", rules=3, caller_rules=0)
    assert [of_file(plan, name).can_match for name in ("f1", "f2", "f3")] == [0, 2, 1]
    assert of_file(plan).hindered == {"auid": 1}


def test_one_login_uid_for_all_cells_the_reference_included(settle: Any) -> None:
    plan = settle([f"{CONNECT} {STIG}"], workload="udp,files")
    words = [plan.worker_words(cell, 10).words() for cell in plan.cells()]
    assert {"no-audit", "no-audit-aa", "f1"} <= {cell.scenario for cell in plan.cells()}
    assert all("--auid=1000" in each for each in words)


@pytest.mark.parametrize(
    ("asked", "auid"), [("7", 7), ("unset", UNSET), ("keep", 0), ("2147480123", 2147480123)]
)
def test_the_user_decides_otherwise(settle: Any, asked: str, auid: int) -> None:
    plan = settle([f"{CONNECT} {STIG}"], auid=asked)
    assert plan.auid == asked
    assert (login_of(plan).auid, login_of(plan).basis) == (auid, "asked")


def test_auto_is_the_default_by_its_name(settle: Any) -> None:
    assert settle([f"{CONNECT} {STIG}"], auid="auto").auid == "1000"


def test_a_plan_that_names_a_login_uid_keeps_it(tmp_path: Path) -> None:
    plan = settle_login(make_plan(asked(plan="pressure")), LoginRights(0))
    assert plan.auid == "2147480123"
    assert login_of(plan).basis == "asked"


@pytest.mark.parametrize("words", [{}, {"auid": "1000"}])
def test_where_it_cannot_be_set_it_stays_and_that_is_known(settle: Any, words: Any) -> None:
    lines = [CONNECT, f"-a always,exit -F arch=b64 -S socket {STIG}"]
    plan = settle(lines, kept=5, hinders="loginuid_immutable", **words)
    assert login_of(plan) == Login(
        auid=5,
        caller=5,
        basis="fixed",
        hinders="loginuid_immutable",
        rules=1,
        caller_rules=1,
        best=1000,
        best_rules=2,
    )
    assert of_file(plan).hindered == {"auid": 1}


def test_what_hinders_does_not_matter_where_nothing_is_to_be_set(settle: Any) -> None:
    assert login_of(settle([CONNECT], kept=5, hinders="no CAP_AUDIT_CONTROL")).basis == "caller"


@pytest.mark.parametrize(
    ("caller", "features", "can_control", "expected"),
    [
        # Anybody may set what is unset, whatever the features.
        (UNSET, IMMUTABLE, False, LoginRights(0, remark="its uid 0 was used")),
        (1000, 0, True, LoginRights(1000)),
        (1000, None, True, LoginRights(1000)),
        (1000, IMMUTABLE, True, LoginRights(1000, "loginuid_immutable")),
        (1000, ONLY_UNSET, True, LoginRights(1000, "only_unset_loginuid")),
        (1000, 0, False, LoginRights(1000, "no CAP_AUDIT_CONTROL")),
        (
            1000,
            IMMUTABLE,
            False,
            LoginRights(1000, "loginuid_immutable and no CAP_AUDIT_CONTROL"),
        ),
    ],
)
def test_what_may_be_done_with_the_login_uid(
    monkeypatch: pytest.MonkeyPatch,
    caller: int,
    features: int | None,
    can_control: bool,
    expected: LoginRights,
) -> None:
    monkeypatch.setattr(login, "caller_loginuid", lambda: caller)
    monkeypatch.setattr(login, "kept_loginuid", lambda: (0, "its uid 0 was used"))
    assert read_login_rights(features, can_control=can_control) == expected


def test_a_file_without_rules_is_told_too(settle: Any) -> None:
    found = of_file(settle(["-D", "-b 8192", "-f 1"]))
    assert (found.rules, found.can_match, found.by_workload) == (0, 0, {"udp": 0})
    assert file_line(found).endswith(": no rules in it, so only its settings are measured")


def test_each_rule_counts_once_over_all_workloads(settle: Any) -> None:
    lines = [EXEC, CONNECT, UNLINK, "-w /etc/passwd -p wa", f"{CONNECT} -F euid=33 -k x"]
    matches = of_file(settle(lines, workload="shells,udp"))
    assert (matches.rules, matches.can_match, matches.recording) == (5, 2, 5)
    assert matches.by_workload == {"shells": 1, "udp": 1}
    assert matches.hindered == {"call": 1, "path": 1, "euid": 1}


def test_rules_that_keep_events_back_are_counted_apart(settle: Any) -> None:
    lines = ["-a never,exit -F arch=b64 -S socket", CONNECT, "-a always,exclude -F msgtype=CWD"]
    matches = of_file(settle(lines))
    assert (matches.can_match, matches.recording, matches.withholding) == (3, 1, {"udp": 2})


def test_with_audit_off_no_rule_is_in_force(settle: Any) -> None:
    assert of_file(settle([CONNECT, "-e 0"])).hindered == {"off": 1}


def test_the_options_of_a_load_count(settle: Any) -> None:
    rule = f"{CONNECT} -F saddr_fam=10"
    assert of_file(settle([rule])).hindered == {"saddr_fam": 1}
    assert of_file(settle([rule], workload_options={"address": "::1"})).can_match == 1


def test_of_a_command_only_the_login_uid_is_known(settle: Any, tmp_path: Path) -> None:
    path = tmp_path / "command.rules"
    path.write_text(f"{CONNECT} {STIG}\n-w /etc/passwd -p wa\n")
    request = asked(rule_files=(path,), command=("/bin/true",))
    plan = settle_login(make_plan(request), LoginRights(0))
    assert (plan.auid, plan.matching[-1].can_match) == ("1000", 2)


def test_the_stored_plan_has_it_all(settle: Any) -> None:
    plan = settle([f"{CONNECT} {STIG}", UNLINK])
    stored = StoredPlan.read(plan_document(plan))
    assert (stored.auid, stored.login, stored.matching) == ("1000", plan.login, plan.matching)
    assert plan_document(replace(plan, login=None, matching=()))["login"] is None


def test_a_load_has_the_ids_and_groups_of_this_process() -> None:
    call = next(each for each in load_calls.calls_of("udp", {}, auid=7) if each.number == 42)
    assert call.groups == frozenset(os.getgroups())
    assert (call.known["auid"], call.known["success"], call.known["saddr_fam"]) == (7, 1, 2)
