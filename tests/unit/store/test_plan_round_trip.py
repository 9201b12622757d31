"""A stored plan holds every choice of the run: whoever reads it can repeat the run.

Each dataclass is filled so that no field has its default. A new field fails here until it has a
value, is written, and is read back, or stands among those that are not stored, with the reason.
"""

from __future__ import annotations

import random
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from harness.consumers.catalog import CONSUMERS
from harness.kernel.rules.file import parse_rules_text
from harness.model.matching import Login, RuleMatches
from harness.model.reference import Reference
from harness.model.run import Cell, Scenario
from harness.model.searches.capacity import CapacitySearch
from harness.model.searches.size import LogDemand, Sizing
from harness.model.stored.plan import StoredInvalid, StoredPlan
from harness.model.stored.profile import Profiling
from harness.model.stored.published import Published
from harness.model.stored.scenario import StoredScenario
from harness.model.stored.soak import Soak
from harness.model.stored.victim import Victim
from harness.run.plan.document import plan_document
from harness.run.plan.exclusion import ExcludedProgram
from harness.run.plan.file import Limits
from harness.run.plan.plan import Plan
from harness.run.plan.services import Services, named_workloads, stored_services
from harness.store import RunWriter, load_run
from tests.support.runs import COSTS_NS, made_up_sample
from workloads.services.file import service_of

RULES = ("-a never,task", "-a always,exit -F arch=b64 -S sendto -F key=k")
NOT_STORED = {
    "first": "what was measured of it is among the scenarios",
    "consumer_paths": "the environment holds the programs that were found, with their versions",
    "auid_free": "the login uid is chosen by then, and stored",
    "left_out": "a caution of the environment says it",
    "first_asked": "what was measured of it is among the scenarios",
    "own_consumers": "the stored command line says them, the consumers their names",
    "absent": "its consumers took no part; a caution of the environment names them",
}


def rules_of(text: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(rule.to_bytes() for rule in parse_rules_text("\n".join(text), "t").rules)


def scenario(name: str, rate_per_s: float) -> Scenario:
    return Scenario(
        name=name,
        summary=f"the summary of {name}",
        enabled=1,
        rules=rules_of(RULES),
        rule_text=RULES,
        backlog_limit=11,
        backlog_wait_time=12,
        rate_limit=13,
        failure=1,
        interleaved=False,
        consumer="drain",
        rcvbuf_bytes=8192,
        enobufs=True,
        stop_after_ms=14,
        stop_for_ms=15,
        workload_options={"size": "16"},
        rate_per_s=rate_per_s,
        workers=2,
        reference="a",
        larger_backlog_of="other",
        limited_by_plan=True,
        alone=True,
        notes=("odd",),
        file="/etc/a.rules",
    )


PLAN = Plan(
    question="ranking",
    name="p",
    summary="s",
    kind="replay",
    instrument="counted",
    reference=Reference("a", "none", dict.fromkeys("abc", "a")),
    workloads=("udp", "command"),
    scenarios={"udp": (scenario("a", 31.0), scenario("b", 32.5)), "command": (scenario("c", 3.0),)},
    consumers=("drain", "assemble"),
    blocks=5,
    ops={"udp": 1000, "command": 10},
    seed=2**40,
    margin=0.03,
    margins={"elapsed_ns_per_op": 0.04},
    invalid={name: 5.0 + at for at, name in enumerate(sorted(Limits(1, 1, 1, 1, 1).given()))},
    retries=2,
    until_ci=0.01,
    max_time_s=600.0,
    backwards=True,
    workers=3,
    worker_counts=(1, 2),
    rate_per_s=20_000.0,
    auid="1000",
    workload_options={"address": "127.0.0.1"},
    command=("true", "x"),
    services=named_workloads(("nginx",)).services,
    absent=("auditd",),
    own_consumers={"mine": CONSUMERS["assemble"]},
    consumer_paths={"auditd": Path("/opt/auditd")},
    first={"udp": (scenario("ever", 1.0),)},
    auid_free=True,
    allow_failures=True,
    left_out=("a line",),
    first_asked=("never-enabled",),
    capacity=CapacitySearch(
        workload="udp", rules={"rules": 77}, consumers=("drain",), retrial_s=61.0
    ),
    sizing=Sizing(
        workload="udp",
        consumer="drain",
        rate_per_s=17.5,
        burst=18,
        pause_ms=19,
        trials=7,
        margin=2.5,
        log=LogDemand(
            files=("audit.log",),
            tenth=3,
            second=4,
            minute=5,
            minute_s=59.5,
            records_per_event=4.5,
        ),
    ),
    login=Login(auid=1000, caller=0, basis="chosen", rules=2),
    matching=(RuleMatches(scenario="a", rules=2, can_match=1, recording=1),),
    victim=Victim("files", 250),
    profiling=Profiling((Cell("udp", "a", "none"),), 77),
    soak=Soak(77.0, 88),
    published=(
        Published(
            name="n",
            source="s",
            set_up="u",
            found="f",
            ratio=1.5,
            workload="udp",
            scenario="a",
            why="w",
        ),
    ),
    excluded=ExcludedProgram("/usr/sbin/mysqld", ("udp",), "/run/copy/mysqld"),
)


@pytest.mark.parametrize("value", [PLAN, PLAN.scenarios["udp"][0]])
def test_no_field_is_left_at_its_default(value: Any) -> None:
    for each in fields(value):
        default = each.default if each.default_factory is MISSING else each.default_factory()
        assert getattr(value, each.name) != default, f"give {each.name} a value of its own"


@pytest.fixture
def stored(tmp_path: Path) -> StoredPlan:
    with RunWriter(tmp_path / "machine" / "run") as writer:
        writer.describe(plan_document(PLAN), {})
        writer.append(made_up_sample(next(iter(COSTS_NS)), 1, 0, random.Random(1)))
    return load_run(tmp_path / "machine" / "run", counted_too=True).plan


def test_every_choice_of_a_plan_is_stored_and_read_back(stored: StoredPlan) -> None:
    read = {
        "margins": stored.margin_by_metric,
        "invalid": limits_of(stored.invalid),
        "retries": stored.invalid.retries,
        "scenarios": {
            name: tuple(scenario_of(each) for each in of_workload)
            for name, of_workload in stored.scenarios.items()
        },
        "services": services_of(stored),
        "excluded": excluded_of(stored),
        **{name: getattr(PLAN, name) for name in NOT_STORED},
    }
    names = [each.name for each in fields(Plan)]
    assert Plan(**{name: read.get(name) or getattr(stored, name) for name in names}) == PLAN


def services_of(stored: StoredPlan) -> Services:
    assert stored.services == stored_services(PLAN.services)
    found = stored.services.items()
    return {name: service_of(Path(each.path), each.text) for name, each in found}


def excluded_of(stored: StoredPlan) -> ExcludedProgram | None:
    program = stored.excluded_program
    return program and ExcludedProgram(program.path, program.workloads, program.copy)


def scenario_of(stored: StoredScenario) -> Scenario:
    read = {
        "rules": rules_of(stored.rules),
        "rule_text": stored.rules,
        "notes": ("odd",),  # not stored: cautions of the environment say them
        "file": "/etc/a.rules",  # not stored: what its rules match names it
    }
    names = [each.name for each in fields(Scenario)]
    return Scenario(**{name: read.get(name) or getattr(stored, name) for name in names})


def limits_of(stored: StoredInvalid) -> dict[str, float]:
    names = [name for name in stored.__struct_fields__ if name != "retries"]
    return {name: getattr(stored, name) for name in names}
