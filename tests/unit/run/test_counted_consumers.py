"""`--consumer` and `--consumer-package` of counted runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.consumers.counted.own import OwnInGuest
from harness.consumers.counted.packaged import PackagedConsumer
from harness.errors import UsageError
from harness.guest.order import GuestCommand
from harness.run.count import counted_plan
from harness.run.counted_trial import guest_trial
from harness.run.plan.counted_consumers import counted_consumers
from harness.run.plan.plan import make_plan
from harness.run.request import Load, Request, Subject


def packages(*consumers: str, given: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """The packages of each daemon that is asked for."""
    asked = counted_consumers(Load(consumers=consumers, consumer_packages=given))
    packaged = asked.in_guests.items()
    return {
        name: list(each._packages) for name, each in packaged if isinstance(each, PackagedConsumer)
    }


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


def own(*consumers: str, **said: object) -> dict[str, OwnInGuest]:
    """The programs of one's own that are asked for."""
    asked = counted_consumers(Load(consumers=consumers, **said))  # type: ignore[arg-type]
    return {name: each for name, each in asked.in_guests.items() if isinstance(each, OwnInGuest)}


def test_a_program_of_ones_own_is_named_as_in_timed_runs(tmp_path: Path) -> None:
    for name in ("base", "head"):
        (tmp_path / name).mkdir()
        shutil.copy("/bin/true", tmp_path / name / "mine")
    paths = [f"mine@{name}={tmp_path}/{name}/mine" for name in ("base", "head")]
    assert list(own(*paths, consumer_output="-")) == ["mine@base", "mine@head"]
    assert list(own(consumer_commands=("/bin/true -v",))) == ["true"]
    both = own(*paths, consumer_commands=("mine='./mine' -v",))
    assert list(both) == ["mine@base", "mine@head"]
    daemon = both["mine@head"].daemon((1320,), 7)
    assert daemon.program == "/auditbench/daemons/1/bin/mine"
    assert daemon.command == GuestCommand(("./mine", "-v"), "-")


def test_the_files_of_its_command_are_where_they_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy("/bin/true", tmp_path / "mine")
    (tmp_path / "mine.conf").write_text("a = 1\n")
    monkeypatch.chdir(tmp_path)
    words = "./mine --config=mine.conf -o out.json --null /dev/null"
    (each,) = own(consumer_commands=(words,), consumer_output="out.json").values()
    path = str(tmp_path / "mine.conf")
    assert each.gathered.files == {path: b"a = 1\n"}
    command = each.daemon((), 0).command
    assert command is not None
    assert command.words[1:] == (f"--config={path}", "-o", "out.json", "--null", "/dev/null")
    assert each.find(None).version.startswith("sha256 ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"#!/bin/sh\n", "is a script"),
        (b"MZ" + bytes(100), "is no program of x86_64"),
        (b"\x7fELF\x02\x01" + bytes(12) + b"\xb7\0" + bytes(60), "is no program of x86_64"),
        (None, "is not a program"),
    ],
)
def test_what_no_guest_can_start_is_refused(
    content: bytes | None, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o755)
    (each,) = own(consumer_commands=(str(path),)).values()
    with pytest.raises(UsageError, match=words):
        each.require_files()


def test_a_build_of_a_known_daemon_may_be_the_program_itself(tmp_path: Path) -> None:
    built = tmp_path / "auditd-head"
    shutil.copy("/bin/true", built)
    asked = counted_consumers(Load(consumers=(f"auditd@head={built}",)))
    daemon = asked.in_guests["auditd@head"]
    daemon.require_files()
    assert list(daemon.gathered.programs) == ["auditd"]
    assert daemon.find(None).path == built
    assert any(name.startswith("libc.so") for name in daemon.gathered.libraries)
    plugin = f"auditd-laurel@head={built}"
    assert packages(plugin) == {"auditd-laurel@head": [str(built), "auditd"]}
    given = packages(plugin, given=("trixie/auditd",))
    assert given == {"auditd-laurel@head": [str(built), "trixie/auditd"]}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"consumer_output": "-"}, "--consumer-output has no meaning"),
        ({"consumer_form": "log"}, "--consumer-form has no meaning"),
        ({"consumer_output": ""}, "--consumer-output is empty"),
        ({"consumer_commands": ("auditd -f",)}, "auditd is a consumer of auditbench's"),
        (
            {"consumer_commands": ("x=/bin/true",), "consumer_packages": ("x=a.deb",)},
            "x is a program of your own",
        ),
    ],
)
def test_what_is_said_of_no_program_is_refused(said: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        own(**said)


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
