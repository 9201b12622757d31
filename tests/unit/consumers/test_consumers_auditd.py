"""What auditd and Laurel write, back to records; two consumers as one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import pytest

from harness.consumers.auditd import CONF, OverflowAction
from harness.consumers.base import (
    ConsumerAbsentError,
    ConsumerReport,
    ConsumerSetup,
    RunningConsumer,
)
from harness.consumers.foreign import audit_log, laurel_log
from harness.consumers.foreign.program import answer_of, find_program
from harness.consumers.pair import PairConsumer
from harness.processes.line_process import ChildFailedError

STAMP = "audit(1700000000.123:42): "


def text(body: str) -> bytes:
    return (STAMP + body).encode()


def test_a_raw_line_is_its_record() -> None:
    line = b"type=CWD msg=" + text('cwd="/root"') + b"\n"
    assert list(audit_log.line_records([line])) == [(1307, text('cwd="/root"'))]


def test_what_auditd_adds_is_left_out() -> None:
    line = b"node=a.b type=SYSCALL msg=" + text("arch=c000003e") + b'\x1dARCH=x86_64 AUID="a b"\n'
    assert list(audit_log.line_records([line])) == [(1300, text("arch=c000003e"))]


@pytest.mark.parametrize("name", [b"DAEMON_START", b"DAEMON_RECONFIG", b"UNKNOWN[1299]"])
def test_what_auditd_says_of_itself_is_no_record_of_the_kernel(name: bytes) -> None:
    assert (
        list(audit_log.line_records([b"type=" + name + b" msg=" + text("op=start") + b"\n"])) == []
    )


@pytest.mark.parametrize(
    ("name", "number"), [(b"UNKNOWN[1335]", 1335), (b"BRAND_NEW", audit_log.UNKNOWN_TYPE)]
)
def test_a_type_without_a_name_still_is_a_record(name: bytes, number: int) -> None:
    line = b"type=" + name + b" msg=" + text("res=1") + b"\n"
    assert list(audit_log.line_records([line])) == [(number, text("res=1"))]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"type=CWD\n",
        b"type=CWD msg=audit(1700",
        b"msg=audit(1.000:1): a\n",
        b"type=CWD msg=x\n",
    ],
)
def test_what_was_not_written_whole_is_passed_over(line: bytes) -> None:
    assert list(audit_log.line_records([line])) == []


def test_no_log_has_no_records(tmp_path: Path) -> None:
    assert list(audit_log.log_records(tmp_path / "audit.log")) == []
    assert list(laurel_log.log_records(tmp_path / "audit.log")) == []


def laurel_records(event: dict[str, object]) -> list[tuple[int, bytes]]:
    line = json.dumps({"ID": "1700000000.123:42", **event}).encode()
    return list(laurel_log.line_records([line, b'{"ID":"1700000000.12', b"null\n"]))


def test_fields_of_a_call_stand_where_the_kernel_has_them() -> None:
    event = {
        "SYSCALL": {
            "arch": "0xc000003e",
            "syscall": 42,
            "success": "no",
            "exit": -2,
            "items": 1,
            "ppid": 10,
            "pid": 11,
            "comm": "a b",
            "exe": "/bin/x",
            "key": None,
            "ARGV": ["0x3", "0x7ffd", "0x10", "0x0"],
            "LABELS": ["x"],
            "PID": {"EVENT_ID": "1.0:1"},
        },
        "PARENT_INFO": {"comm": "sh"},
    }
    assert laurel_records(event) == [
        (
            1300,
            text(
                "arch=c000003e syscall=42 success=no exit=-2 a0=3 a1=7ffd a2=10 a3=0 items=1 "
                'ppid=10 pid=11 comm=612062 exe="/bin/x" key=(null)'
            ),
        )
    ]


def test_an_argument_that_did_not_come_is_missing() -> None:
    event = {"EXECVE": {"argc": 4, "ARGV": ["ls", None, "a b", ""]}}
    assert laurel_records(event) == [(1309, text('argc=4 a0="ls" a2=612062 a3=""'))]


def test_each_of_several_records_comes_back() -> None:
    event = {"PATH": [{"item": 0, "name": "/a"}, {"item": 1, "name": "%01", "mode": "0o644"}]}
    assert laurel_records(event) == [
        (1302, text('item=0 name="/a"')),
        (1302, text("item=1 name=01 mode=0o644")),
    ]


def test_addresses_and_titles_come_back() -> None:
    event = {"SOCKADDR": [{"saddr": "%02%00+%cb"}], "PROCTITLE": {"ARGV": ["ls", "-l"]}}
    assert laurel_records(event) == [
        (1306, text("saddr=02002BCB")),
        (1327, text("proctitle=6C73002D6C")),
    ]


def test_auditd_acts_on_nothing_by_itself() -> None:
    """What its queue of plugins does is asked for, and never stops the machine."""
    settings = dict(line.split(" = ") for line in CONF.strip().splitlines())
    actions = {name: value for name, value in settings.items() if name.endswith("_action")}
    assert actions.pop("overflow_action") == "{overflow_action}"
    assert set(get_args(OverflowAction)) == {"IGNORE", "SUSPEND"}
    assert set(actions.values()) == {"IGNORE"}
    assert len(actions) == 5


def test_a_program_is_found_or_told_where_it_comes_from(tmp_path: Path) -> None:
    with pytest.raises(ConsumerAbsentError, match="no-such-thing is not on this host: buy it"):
        find_program("no-such-thing", None, remedy="buy it")
    with pytest.raises(ConsumerAbsentError, match="is not a program"):
        find_program("auditd", tmp_path, remedy="")
    assert find_program("sh", None, remedy="").name == "sh"


def test_an_answer_is_what_a_program_says_on_either_output(tmp_path: Path) -> None:
    assert answer_of(["sh", "-c", "echo a; echo b >&2; exit 3"]) == (3, "a\nb")
    assert answer_of([tmp_path / "nothing"])[0] == -1


@dataclass
class Recorded:
    """A consumer that does nothing but note what it was told."""

    name: str
    pids: tuple[int, ...]
    fails: bool = False
    calls: list[str] = field(default_factory=list)
    summary: str = ""
    sees_events: bool = True
    registers: bool = False
    changes: str = ""
    by_tree: bool = False

    def find(self, binary: Path | None) -> None:
        """Nowhere."""

    def start(self, setup: ConsumerSetup) -> RunningConsumer:
        """Itself."""
        self.calls.append("start")
        if self.fails:
            raise ChildFailedError("it does not start")
        return self

    def attribute_tree(self, pid: int) -> None:
        """Note it."""
        self.calls.append(f"tree {pid}")

    def look(self) -> None:
        """Note it."""
        self.calls.append("look")

    def wait_marker(self, number: int, timeout_s: float) -> bool:
        """Note it."""
        self.calls.append(f"marker {number}")
        return True

    def stop(self) -> ConsumerReport:
        """Note it."""
        self.calls.append("stop")
        used = len(self.name)
        return ConsumerReport(
            cpu_user_ns=used,
            cpu_system_ns=2 * used,
            document={"of": self.name},
            cpu_by_process={self.name: 3 * used},
            peak_memory_bytes=100 * used,
        )

    def end(self) -> None:
        """Note it."""
        self.calls.append("end")


def test_a_pair_is_told_everything_twice_and_reports_both() -> None:
    first, second = Recorded("one", (1,), registers=True), Recorded("three", (2, 3))
    pair = PairConsumer("both", "", first=first, second=second)
    assert (pair.registers, pair.sees_events) == (True, True)
    running = pair.start(ConsumerSetup(marker="m"))
    assert running.pids == (1, 2, 3)
    running.attribute_tree(7)
    running.look()
    assert running.wait_marker(1, 1.0)
    report = running.stop()
    running.end()
    calls = ["start", "tree 7", "look", "marker 1", "stop", "end"]
    assert first.calls == second.calls == calls
    assert (report.cpu_user_ns, report.cpu_system_ns) == (8, 16)
    assert report.cpu_by_process == {"one": 9, "three": 15}
    assert report.peak_memory_bytes == 800
    assert report.written_bytes is None
    beside = {"name": "three", "document": {"of": "three"}}
    assert report.document == {"of": "one", "beside": beside}


def test_a_pair_ends_the_first_where_the_second_does_not_start() -> None:
    first, second = Recorded("one", (1,)), Recorded("two", (2,), fails=True)
    with pytest.raises(ChildFailedError, match="it does not start"):
        PairConsumer("both", "", first=first, second=second).start(ConsumerSetup(marker="m"))
    assert first.calls == ["start", "end"]
