"""What makes two runs unlike: every difference is found, named, and can be allowed by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.analysis.between_runs import CellPair
from harness.answers.compare.comparability import (
    DIFFERENCES,
    Difference,
    find_differences,
    parse_allowed,
    require_alike,
)
from harness.errors import UsageError
from harness.model.run import Cell
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.store import StoredRun

RULE = "-a always,exit -F arch=b64 -S connect"


@dataclass
class Documents:
    """A run's two documents, to be changed before they are read."""

    name: str
    plan: dict[str, Any]
    environment: dict[str, Any]

    def read(self) -> StoredRun:
        plan, environment = StoredPlan.read(self.plan), StoredEnvironment.read(self.environment)
        return StoredRun(Path("machine") / self.name, plan, environment, ())


def differences(
    base: Documents, head: Documents, cells: list[CellPair], *, chosen: bool
) -> list[Difference]:
    return find_differences(base.read(), head.read(), cells, chosen=chosen)


def stored(name: str) -> Documents:
    scenarios: list[dict[str, Any]] = [
        {"name": "no-audit", "rules": ["-a never,task"], "backlog_limit": 8192},
        {"name": "rules", "rules": [RULE], "backlog_limit": 8192},
        {"name": "never-enabled", "rules": [], "interleaved": False},
    ]
    plan = {
        "kind": "kernel",
        "reference_scenario": "no-audit",
        "workloads": ["udp"],
        "consumers": ["assemble"],
        "blocks": 5,
        "ops": {"udp": 1000},
        "seed": 1,
        "margin": 0.02,
        "workers": 1,
        "auid": "keep",
        "workload_options": {},
        "command": [],
        "scenarios": {"udp": scenarios},
    }
    environment = {
        "auditbench": "1.0",
        "facts": {
            "machine": "h-1",
            "kernel": {"release": "6.1", "version": "#1", "boot_parameters": ["audit=1"]},
            "cpu": {"model": "m", "online": [0, 1], "allowed": [0, 1]},
        },
        "cpus": {"workload": [0], "consumer": [1]},
        "guests": [{"emulator": "QEMU 7", "machine": "x86_64"}],
    }
    return Documents(name, plan, environment)


def pairs(base: str = "rules", head: str = "rules") -> list[CellPair]:
    return [CellPair(Cell("udp", base, "assemble"), Cell("udp", head, "assemble"))]


def put(document: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split("/")
    place: Any = document
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[last] = value


CHANGES = [
    ("machine", "environment", "facts/machine", "h-2"),
    ("kernel", "environment", "facts/kernel/release", "6.2"),
    ("kernel", "environment", "facts/kernel/version", "#2"),
    ("cpu", "environment", "facts/cpu/model", "other"),
    ("cpu", "environment", "facts/cpu/online", [0]),
    ("boot", "environment", "facts/kernel/boot_parameters", ["audit=0"]),
    ("pinning", "environment", "cpus", {"workload": [1], "consumer": [0]}),
    ("version", "environment", "auditbench", "2.0"),
    ("emulator", "environment", "guests/0/emulator", "QEMU 8"),
    ("guest", "environment", "guests/0/machine", "aarch64"),
    ("kind", "plan", "kind", "replay"),
    ("reference", "plan", "reference_scenario", "never-enabled"),
    ("workloads", "plan", "workloads", ["udp", "files"]),
    ("scenarios", "plan", "scenarios/udp/2/interleaved", True),
    ("consumers", "plan", "consumers", ["count"]),
    ("rules", "plan", "scenarios/udp/1/rules", [RULE, RULE]),
    ("rules", "plan", "scenarios/udp/0/rules", []),
    ("limits", "plan", "scenarios/udp/1/backlog_limit", 64),
    ("ops", "plan", "ops", {"udp": 2000}),
    ("workers", "plan", "workers", 2),
    ("auid", "plan", "auid", "1000"),
    ("options", "plan", "workload_options", {"address": "::1"}),
    ("options", "plan", "command", ["true"]),
    ("margin", "plan", "margin", 0.05),
]


def test_every_difference_is_tried() -> None:
    assert {name for name, *_ in CHANGES} == set(DIFFERENCES)


@pytest.mark.parametrize(("name", "document", "path", "value"), CHANGES)
def test_a_difference_is_found_and_allowed_by_name(
    name: str, document: str, path: str, value: Any
) -> None:
    base, head = stored("base"), stored("head")
    put(getattr(head, document), path, value)
    found = differences(base, head, pairs(), chosen=False)
    assert [difference.name for difference in found] == [name]
    with pytest.raises(UsageError, match="are not alike") as caught:
        require_alike("base", "head", found, ())
    assert f"--allow {name}" in caught.value.remedy
    assert "\n" not in caught.value.one_line()
    require_alike("base", "head", found, {name})


def test_more_blocks_and_another_order_are_no_difference() -> None:
    base, head = stored("base"), stored("head")
    head.plan.update(blocks=50, seed=2, trials=1000, name="other", summary="other")
    assert differences(base, head, pairs(), chosen=False) == []


def test_a_state_of_a_fresh_boot_may_be_missing() -> None:
    base, head = stored("base"), stored("head")
    del head.plan["scenarios"]["udp"][2]
    assert differences(base, head, pairs(), chosen=False) == []


def test_all_that_differs_is_told_at_once() -> None:
    base, head = stored("base"), stored("head")
    put(head.environment, "facts/kernel/release", "6.2")
    put(head.plan, "scenarios/udp/1/rules", [RULE + " -k net"])
    found = differences(base, head, pairs(), chosen=False)
    with pytest.raises(UsageError, match=r"6.1 #1 → 6.2 #1; rules of udp × rules") as caught:
        require_alike("base", "head", found, ())
    assert "--allow kernel,rules" in caught.value.remedy
    with pytest.raises(UsageError) as caught:
        require_alike("base", "head", found, {"kernel"})
    assert "6.1" not in caught.value.what


def test_scenarios_chosen_by_different_names_may_differ() -> None:
    base, head = stored("base"), stored("head")
    base.plan["scenarios"]["udp"][1]["name"] = "old"
    put(head.plan, "scenarios/udp/1/rules", [])
    assert differences(base, head, pairs("old", "rules"), chosen=True) == []
    names = [d.name for d in differences(base, head, pairs("old", "rules"), chosen=False)]
    assert names == ["scenarios"]


def test_a_hostile_rule_cannot_colour_the_terminal() -> None:
    base, head = stored("base"), stored("head")
    put(head.plan, "scenarios/udp/1/rules", ["-w /\x1b[31m"])
    (found,) = differences(base, head, pairs(), chosen=False)
    assert "\x1b" not in found.words


def test_documents_of_other_shapes_are_no_traceback() -> None:
    base, head = stored("base"), stored("head")
    base.environment.clear()
    base.environment["facts"] = {}
    assert "machine" in {d.name for d in differences(base, head, pairs(), chosen=False)}


def test_names_after_allow() -> None:
    assert parse_allowed(["kernel,rules", "cpu"]) == {"kernel", "rules", "cpu"}
    assert parse_allowed([]) == frozenset()
    with pytest.raises(UsageError, match="'kernal' is not a known difference"):
        parse_allowed(["kernal"])
