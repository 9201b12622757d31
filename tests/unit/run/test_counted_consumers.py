"""`--consumer` and `--consumer-package` of counted runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.consumers.counted.packaged import PackagedConsumer
from harness.errors import UsageError
from harness.run.count import counted_plan
from harness.run.counted_trial import guest_trial
from harness.run.plan.counted_consumers import counted_consumers
from harness.run.plan.plan import make_plan
from harness.run.request import Load, Request, Subject


def packages(*consumers: str, given: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """The packages of each daemon that is asked for."""
    asked = counted_consumers(Load(consumers=consumers, consumer_packages=given))
    return {name: list(each._packages) for name, each in asked.packaged.items()}


def test_a_daemon_is_of_the_package_that_is_named_for_it() -> None:
    assert packages("auditd") == {"auditd": ["auditd"]}
    assert packages("auditd-laurel") == {"auditd-laurel": ["laurel"]}
    assert packages("auditd", given=("x.deb", "libaudit1.deb")) == {
        "auditd": ["x.deb", "libaudit1.deb"]
    }
    both = packages("assemble", "auditd@3=a.deb", "auditd@4=trixie/auditd",
                    given=("auditd@3=lib.deb", "all.deb"))  # fmt: skip
    assert both == {"auditd@3": ["a.deb", "lib.deb", "all.deb"],
                    "auditd@4": ["trixie/auditd", "all.deb"]}  # fmt: skip


@pytest.mark.parametrize(
    ("consumers", "given", "words"),
    [
        (("go-audit",), (), "go-audit is not counted"),
        (("auditt",), (), "auditt is not counted"),
        (("assemble@1=x.deb",), (), "assemble is not counted from a package"),
        (("auditd@=x.deb",), (), "is not a build of a consumer"),
        (("auditd=x.deb",), (), "is not a build of a consumer"),
        (("auditd@3=a", "auditd@3=b"), (), "names auditd@3 twice"),
        ((), ("x.deb",), "--consumer-package x.deb is of no daemon"),
        (("assemble",), ("x.deb",), "--consumer-package x.deb is of no daemon"),
        (("auditd@3=a",), ("auditd@4=b",), "no --consumer is called auditd@4"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    consumers: tuple[str, ...], given: tuple[str, ...], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        counted_consumers(Load(consumers=consumers, consumer_packages=given))


def asked(*consumers: str, scenarios: tuple[str, ...] = ("no-rules", "rules")) -> Request:
    load = Load(consumers=consumers, workloads=("connect",))
    return Request(subject=Subject(scenarios=scenarios), load=load)


def test_only_what_records_is_counted_once_for_each_consumer() -> None:
    plan = counted_plan(asked("assemble", "auditd@3=a.deb", "auditd@4=b.deb"))
    assert [(cell.scenario, cell.consumer) for cell in plan.cells()] == [
        ("no-audit", "assemble"),
        ("no-rules", "assemble"),
        ("rules", "assemble"),
        ("rules+auditd@3", "auditd@3"),
        ("rules+auditd@4", "auditd@4"),
    ]
    told = {cell.scenario: guest_trial(plan, cell, 0) for cell in plan.cells()}
    assert told["rules"].daemon is None
    daemon = told["rules+auditd@4"].daemon
    assert daemon is not None
    assert (daemon.adapter, daemon.program) == ("auditd", "/auditbench/daemons/1/bin/auditd")
    assert told["rules+auditd@4"].consumer == ()
    assert isinstance(plan.consumer("auditd@4"), PackagedConsumer)


def test_one_daemon_alone_is_named_in_its_scenario() -> None:
    """Else its counts would be compared with those of another consumer without a word."""
    plan = counted_plan(asked("auditd"))
    assert [cell.scenario for cell in plan.cells()][2:] == ["rules+auditd"]


def test_with_a_consumer_only_loads_that_make_events_are_counted_if_none_is_named() -> None:
    plan = counted_plan(Request(load=Load(consumers=("auditd",))))
    assert plan.workloads == ("shells", "udp")


def test_a_consumer_where_nothing_is_recorded_is_refused() -> None:
    with pytest.raises(UsageError, match="no scenario records anything"):
        counted_plan(asked("auditd", scenarios=("no-rules",)))


def test_a_package_has_no_meaning_where_times_are_measured(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--consumer-package has no meaning without --count"):
        make_plan(Request(load=Load(consumer_packages=("x.deb",))))
