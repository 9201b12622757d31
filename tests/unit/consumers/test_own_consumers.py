"""Programs of the user's own and builds: which consumers a request names, and how they start."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.consumers.base import ConsumerAbsentError
from harness.consumers.own.build import BuildConsumer
from harness.consumers.own.command import OwnCommand, OwnConsumer
from harness.consumers.own.output import OwnOutput
from harness.errors import UsageError
from harness.processes.line_process import ChildFailedError
from harness.run.plan.plan import make_plan
from tests.support.records.audit_logs import line
from tests.support.requests import asked

MAPPING = "serial=seq,time=ts,type=type"
RECORD = (1307, b'audit(1700000000.123:456): cwd="/"')


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("mine", "b/mine", "h/mine", "go-audit"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho {name}\n")
        path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def consumers(**words: Any) -> tuple[str, ...]:
    return make_plan(asked(plan="overhead", **words)).consumers


def refused(**words: Any) -> str:
    with pytest.raises(UsageError) as caught:
        consumers(**words)
    return caught.value.one_line()


@pytest.mark.usefixtures("programs")
def test_a_command_is_a_consumer_of_the_name_of_its_program() -> None:
    assert consumers(consumer_commands=("./mine --config x",)) == ("mine",)
    assert consumers(consumer_commands=("other=./mine x=y",)) == ("other",)
    assert consumers(consumers=("store",), consumer_commands=("./mine",)) == ("store", "mine")
    both = ("./mine", "second=./mine -v")
    assert consumers(consumers=("second", "mine"), consumer_commands=both) == ("second", "mine")


@pytest.mark.usefixtures("programs")
def test_builds_take_the_place_of_the_program_in_the_command() -> None:
    words = ("mine@base=b/mine", "mine@head=h/mine", "store")
    plan = make_plan(asked(consumers=words, consumer_commands=("./mine -v",)))
    assert plan.consumers == ("mine@base", "mine@head", "store")
    base, head = (plan.consumer(name) for name in plan.consumers[:2])
    assert isinstance(base, OwnConsumer)
    found = [each.find(None) for each in (base, head)]
    assert [each.path for each in found if each] == [
        Path("b/mine").absolute(),
        Path("h/mine").absolute(),
    ]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].version != found[1].version
    assert base.command.started_as(Path("/b/mine"), Path("/f")) == ["/b/mine", "-v"]


@pytest.mark.usefixtures("programs")
def test_builds_without_a_command_are_started_without_arguments() -> None:
    words = ("mine@base=b/mine", "mine@head=h/mine")
    plan = make_plan(asked(consumers=words, consumer_output="-"))
    assert plan.consumers == ("mine@base", "mine@head")


@pytest.mark.usefixtures("programs")
def test_builds_of_a_known_consumer_use_its_adapter() -> None:
    plan = make_plan(asked(consumers=("go-audit@base=go-audit", "go-audit@head=go-audit")))
    build = plan.consumer("go-audit@head")
    assert isinstance(build, BuildConsumer)
    assert build.changes.startswith("deletes all rules")
    found = build.find(None)
    assert found is not None
    assert found.path == Path("go-audit").absolute()


@pytest.mark.usefixtures("programs")
def test_what_names_no_consumer() -> None:
    both = ("mine@base=b/mine", "mine@head=h/mine")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"consumers": both}, "no consumer is called 'mine'"),
        ({"consumers": ("go-audt@base=go-audit",)}, "did you mean go-audit?"),
        ({"consumers": ("mine=b/mine",)}, "is not a build of a consumer"),
        ({"consumers": ("store@a=b/mine",)}, "store is part of auditbench"),
        ({"consumers": (both[0], both[0]), "consumer_output": "-"}, "names mine@base twice"),
        ({"consumers": ("go-audit@a=gone",)}, "is not a program"),
        ({"consumer_commands": ("./gone",)}, "gone is not a program"),
        ({"consumer_commands": ("gone-for-good",)}, "is not on this host"),
        ({"consumer_commands": ("'",)}, "is no command"),
        ({"consumer_commands": ("",)}, "is empty"),
        ({"consumer_commands": ("auditd -f",)}, "is a consumer of auditbench's"),
        ({"consumer_commands": ("./mine", "./mine -v")}, "has mine twice"),
        ({"consumer_output": "x"}, "--consumer-output has no meaning"),
        ({"consumer_output": "--fail"}, "--consumer-output --fail is no file"),
        ({"consumer_output": ""}, "--consumer-output is empty: name the file"),
        ({"consumer_form": "log"}, "--consumer-form has no meaning"),
        ({"consumers": ("store",), "consumer_mapping": MAPPING}, "has no meaning"),
        ({"consumer_commands": ("./mine",), "consumer_form": "json-lines"}, "needs a mapping"),
        (
            {
                "consumer_commands": ("./mine",),
                "consumer_form": "log",
                "consumer_mapping": MAPPING,
            },
            "the form log needs no mapping",
        ),
        ({"consumer_commands": ("./mine",), "consumer_mapping": "x"}, "is not KEY=PATH"),
    ]
    for words, expected in cases:
        assert expected in refused(**words), words


def test_a_plan_names_programs_of_its_own(programs: Path) -> None:
    plan = programs / "p.toml"
    plan.write_text(
        'summary = "x"\nworkloads = ["udp"]\nscenarios = ["rules"]\n'
        'consumers = ["mine@base", "mine@head", "go-audit@x"]\n'
        '[[own_consumers]]\nname = "mine"\ncommand = "./mine -v"\noutput = "x.json"\n'
        "mapping = { serial = 'a', time = 'b', type = 'c' }\n"
        '[[own_consumers]]\nname = "mine@base"\nprogram = "b/mine"\n'
        '[[own_consumers]]\nname = "mine@head"\nprogram = "h/mine"\n'
        '[[own_consumers]]\nname = "go-audit@x"\nprogram = "go-audit"\n'
    )
    made = make_plan(asked(plan=str(plan)))
    assert made.consumers == ("mine@base", "mine@head", "go-audit@x")
    head = made.consumer("mine@head")
    assert isinstance(head, OwnConsumer)
    assert head.command.mapping is not None
    assert head.command.output == "x.json"


def test_a_program_of_a_plan_needs_no_mapping(programs: Path) -> None:
    plan = programs / "p.toml"
    plan.write_text(
        'summary = "x"\nworkloads = ["udp"]\nscenarios = ["rules"]\nconsumers = ["mine"]\n'
        '[[own_consumers]]\nname = "mine"\ncommand = "./mine"\n'
    )
    made = make_plan(asked(plan=str(plan))).consumer("mine")
    assert isinstance(made, OwnConsumer)
    assert (made.command.mapping, made.command.output) == (None, "-")


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('name = "mine"', "has neither a command nor a program"),
        ('name = "store"\ncommand = "x"', "is a consumer of auditbench's"),
        ('name = "a b"\ncommand = "x"', "no name for a consumer"),
        ('name = "mine"\ncommand = "./mine"\nmapping = { x = "y" }', "knows no 'x'"),
        ('name = "mine"\ncommand = "./mine"\nform = "xml"', "is not a plan"),
    ],
)
def test_a_bad_program_of_a_plan(table: str, expected: str, programs: Path) -> None:
    plan = programs / "p.toml"
    plan.write_text(
        f'summary = "x"\nworkloads = ["udp"]\nconsumers = ["none"]\n[[own_consumers]]\n{table}\n'
    )
    assert expected in refused_plan(plan)


def refused_plan(plan: Path) -> str:
    with pytest.raises(UsageError) as caught:
        make_plan(asked(plan=str(plan)))
    return caught.value.one_line()


def test_words_of_a_command(programs: Path) -> None:
    (programs / "x.conf").write_text("")
    words = ("mine", "--config", "x.conf", "--c=x.conf", "out.json", "{folder}/y", "{program}.z")
    (programs / "out.json").write_text("")
    command = OwnCommand(words, output="out.json")
    here = str(programs / "x.conf")
    assert command.started_as(Path("/p"), Path("/f")) == [
        str(programs / "mine"),
        "--config",
        here,
        f"--c={here}",
        "out.json",
        "/f/y",
        "/p.z",
    ]
    assert command.output_in(Path("/f")) == Path("/f/out.json")
    assert OwnCommand(words).output_in(Path("/f")) == Path("/f/output")
    assert OwnCommand(words, output="/x/y").output_in(Path("/f")) == Path("/x/y")
    assert OwnCommand(("a", "b")).started_as(Path("/p"), Path("/f")) == ["/p", "b"]


def test_a_program_that_may_not_be_executed_is_none(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("x")
    with pytest.raises(ConsumerAbsentError, match="is not a program"):
        OwnConsumer("mine", OwnCommand((str(text),))).find(None)
    found = OwnConsumer("mine", OwnCommand((sys.executable,))).find(None)
    assert found.version.startswith("sha256 ")


def test_what_was_there_before_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(line(*RECORD) * 3)
    output = OwnOutput(path)
    with path.open("ab") as file:
        file.write(b"words\n" + line(*RECORD) * 2)
    assert list(output.records("m")) == [RECORD, RECORD]
    assert (output.damaged, output.lines) == (1, 2)
    assert output.size() == len(b"words\n" + line(*RECORD) * 2)
    path.write_bytes(line(*RECORD))
    assert list(output.records("m")) == [RECORD]


@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_what_is_no_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    output = OwnOutput(path)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/etc/passwd")
    else:
        path.mkdir()
    with pytest.raises(ChildFailedError, match="x cannot be read"):
        list(output.records("m"))
    with contextlib.suppress(ChildFailedError):
        output.look()  # it does not wait either


def test_more_than_a_trial_can_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    output = OwnOutput(path)
    with path.open("wb") as file:
        file.truncate((4 << 30) + 1)
    with pytest.raises(ChildFailedError, match="x grew by more than 4 GiB"):
        output.look()


def test_records_that_no_kernel_sends_do_not_reach_the_judge(tmp_path: Path) -> None:
    path = tmp_path / "x"
    output = OwnOutput(path)
    event = b'{"sequence":1,"timestamp":"1700000000.123","messages":[{"type":%d,"data":"%s"}]}\n'
    path.write_bytes(event % (-1, b"x") + event % (70000, b"x") + event % (1300, b"x" * (1 << 20)))
    ((kind, text),) = output.records("m")
    assert kind == 1300
    assert len(text) < 1 << 17
