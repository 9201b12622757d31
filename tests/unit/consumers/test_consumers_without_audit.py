"""The eBPF probe and the process events without a kernel: lines, trees, commands, refusals."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from harness.consumers.base import ConsumerAbsentError
from harness.consumers.ebpf import SCRIPT, EbpfConsumer, session_of
from harness.consumers.foreign.output_age import OutputAge
from harness.consumers.foreign.probe_lines import STAMP, SYSCALLS, ProbeCounts, is_call, own_count
from harness.consumers.foreign.tracefs import with_tracefs
from harness.consumers.process_events import ProcessEventsConsumer
from harness.host.exec_counting.exec_counter import ExecCounter, _Tally
from harness.host.exec_counting.exec_listener import obey
from harness.host.tree import HostTree

LINES = b"""\
Attaching 6 probes...
1764000000.001 77 500 400 connect 0 python3 inet 127.0.0.1:4242
1764000000.002 77 500 400 bind 0 python3 family 16
1764000000.002 77 501 500 execve 0 true /bin/true
1764000000.003 9 900 1 execve -2 a b c /bin/of spaces
Lost 12 events
1764000000.004 77 501 500 connect -115 true inet 127.0.0.1:4242
WARNING: Lost 3 events
1764000000.005 78 502 501 connect 0 true fam"""
ALL = {"execve": 1, "connect": 3, "bind": 1}


@pytest.fixture
def counts() -> ProbeCounts:
    return ProbeCounts.of(LINES.splitlines(keepends=True))


def test_a_session_is_counted_with_all_its_processes(counts: ProbeCounts) -> None:
    assert counts.by_syscall({77}, ()) == {"execve": 1, "connect": 2, "bind": 1}
    assert counts.by_syscall({77, 78}, ()) == ALL
    assert counts.by_syscall({9}, ()) == {"execve": 1, "connect": 0, "bind": 0}
    assert counts.total == 6


def test_a_tree_is_known_by_parents(counts: ProbeCounts) -> None:
    assert counts.by_syscall((), {500}) == ALL
    assert counts.by_syscall((), {501}) == {"execve": 1, "connect": 2, "bind": 0}
    assert counts.by_syscall((), {400}) == ALL
    assert sum(counts.by_syscall((), {12345}).values()) == 0


def test_a_call_is_not_counted_twice(counts: ProbeCounts) -> None:
    assert counts.by_syscall({77, 78}, {500, 501}) == ALL


def test_lines_of_several_cpus_may_come_in_any_order() -> None:
    lines = [line for line in LINES.splitlines(keepends=True) if line.startswith(b"176")]
    assert ProbeCounts.of(reversed(lines)).by_syscall((), {500}) == ALL


def test_lost_events_are_added_up(counts: ProbeCounts) -> None:
    assert counts.lost == 15


def test_torn_and_foreign_lines_are_no_calls() -> None:
    lines = (
        b"",
        b"\n",
        b"@file[12]: 176.001 77 500 400 execve 0 \n",
        b"1764000000.001 77 500 400 conn",
        b"1764000000.001 77 500 400 openat 0 python3 x\n",
        b"1764000000.001 77 -1 400 connect 0 python3 x\n",
        b"said 1764000000.001 77 500 400 connect 0 python3 x\n",
        b"\xff\xfe 1764000000.001 77 500 400 connect 0 x\n",
    )
    found = ProbeCounts.of(lines)
    assert sum(found.by_syscall({77}, {500, 400}).values()) == 0
    assert found.lost == 0


def test_what_bpftrace_says_is_told_from_calls() -> None:
    said = [line for line in LINES.splitlines() if not is_call(line)]
    assert said == [b"Attaching 6 probes...", b"Lost 12 events", b"WARNING: Lost 3 events"]


def test_parents_in_a_circle_come_to_an_end() -> None:
    lines = (b"1.001 7 2 3 connect 0 a b\n", b"1.001 7 3 2 connect 0 a b\n")
    assert sum(ProbeCounts.of(lines).by_syscall((), {9}).values()) == 0


def test_the_stamp_is_the_newest_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1764000001.0)
    (tmp_path / "lines").write_bytes(LINES)
    age = OutputAge(tmp_path / "lines", STAMP)
    age.look()
    assert age.ages_ms == [pytest.approx(995)]


def test_the_script_prints_what_is_read() -> None:
    """Each printf begins with the fields that the parser wants, and names its syscall."""
    formats = re.findall(r'printf\("([^"]*)\\n"', SCRIPT.read_text(encoding="utf-8"))
    values = {"%llu": "1764000000", "%03llu": "001", "%u": "77", "%d": "5", "%s": "word"}
    lines = [re.sub(r"%\w+", lambda match: values[match[0]], text).encode() for text in formats]
    found = ProbeCounts.of(lines).by_syscall({77}, ())
    assert sum(found.values()) == len(formats) == 5
    assert all(found[syscall] for syscall in SYSCALLS)


def test_a_document_tells_its_own_count() -> None:
    assert own_count({"execve": 2, "connect": 1}, 4) == {
        "own_count": {"events": 3, "lost": 4, "by_syscall": {"execve": 2, "connect": 1}}
    }


def test_tracefs_that_is_mounted_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sys/kernel/tracing/events").mkdir(parents=True)
    assert with_tracefs(["bpftrace"], HostTree(tmp_path)) == ["bpftrace"]


def test_tracefs_that_is_not_mounted_is_mounted_apart(tmp_path: Path) -> None:
    command = with_tracefs(["bpftrace", "a script"], HostTree(tmp_path))
    assert command[:4] == ["unshare", "--mount", "--propagation", "unchanged"]
    assert "mount --make-rprivate /sys && mount -t tracefs" in " ".join(command)
    assert command[-2:] == ["bpftrace", "a script"]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "bpftrace"
    path.write_text("#!/bin/sh\necho bpftrace v9.8.7\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def able(tmp_path: Path) -> HostTree:
    for path, content in (("sys/kernel/btf/vmlinux", ""), ("proc/filesystems", "nodev tracefs\n")):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    return HostTree(tmp_path)


def test_the_program_tells_its_version(program: Path, able: HostTree) -> None:
    found = EbpfConsumer().find(program, able)
    assert (found.path, found.version) == (program, "v9.8.7")


def test_an_absent_program_is_one_line(monkeypatch: pytest.MonkeyPatch, able: HostTree) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(ConsumerAbsentError, match=r"bpftrace is not on this host: .*apt-get"):
        EbpfConsumer().find(None, able)


@pytest.mark.parametrize(
    ("path", "word"), [("sys/kernel/btf/vmlinux", "BTF"), ("proc/filesystems", "tracefs")]
)
def test_a_kernel_without_is_one_line(path: str, word: str, program: Path, able: HostTree) -> None:
    if word == "BTF":
        able.path(path).unlink()
    else:
        able.path(path).write_text("nodev proc\n")
    with pytest.raises(ConsumerAbsentError, match=f"this kernel has no {word}") as caught:
        EbpfConsumer().find(program, able)
    assert "CONFIG_DEBUG_INFO_BTF" in caught.value.remedy
    assert "\n" not in str(caught.value)


def test_a_kernel_without_process_events_is_one_line(tmp_path: Path) -> None:
    release = "6.1.0"
    for path, content in (
        ("proc/sys/kernel/osrelease", release),
        (f"boot/config-{release}", "CONFIG_HZ=250\n# CONFIG_PROC_EVENTS is not set\n"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    with pytest.raises(ConsumerAbsentError, match="reports no process events"):
        ProcessEventsConsumer().find(None, HostTree(tmp_path))


@pytest.mark.parametrize(
    ("theirs", "session"), [("88", 88), ("5", None), ("4294967295", None), (None, None)]
)
def test_a_session_counts_where_it_is_its_own(
    tmp_path: Path, theirs: str | None, session: int | None
) -> None:
    for pid, value in (("self", "5"), ("123", theirs)):
        (tmp_path / "proc" / pid).mkdir(parents=True)
        if value is not None:
            (tmp_path / "proc" / pid / "sessionid").write_text(value)
    assert session_of(123, HostTree(tmp_path)) == session


def test_the_listener_follows_until_it_is_told_to_stop(capsys: pytest.CaptureFixture[str]) -> None:
    events = ExecCounter(root_pid=1)
    obey(events, ["tree 100\n", "\n", "unknown\n", "stop\n", "tree 200\n"])
    assert capsys.readouterr().out == '{"event": "following"}\n'
    for sequence, pid in enumerate((100, 200)):
        events._tally.add(execution(pid, sequence))
    assert events.count.execs == 1


def test_a_tally_of_everybody_stays_one() -> None:
    tally = _Tally(None)
    tally.follow(100)
    tally.add(execution(200, 0))
    assert tally.count(0).execs == 1


def execution(pid: int, sequence: int) -> bytes:
    """A connector message as the kernel lays it out."""
    body = struct.pack("=IIQ4I8x", 2, 0, 12345, pid, pid, 0, 0)
    message = struct.pack("=IIIIHH", 1, 1, sequence, 0, len(body), 0) + body
    return struct.pack("=IHHII", 16 + len(message), 3, 0, sequence, 0) + message
