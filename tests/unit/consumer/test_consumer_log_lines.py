"""Lines of audit.log: what is a record, what is damaged, and that the pieces do not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from consumer.errors import UsageError
from consumer.log.summary import LogSums, read_logs
from tests.support.records.audit_logs import repeated

CALL = (
    b"arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=2 ppid=1 pid=2 "
    b"auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1 "
    b'comm="sh" exe="/bin/sh" key="k"'
)


def record(serial: int, body: bytes = CALL, *, name: bytes = b"SYSCALL", ms: int = 0) -> bytes:
    head = b"audit(%d.%03d:%d): " % (1_700_000_000 + ms // 1000, ms % 1000, serial)
    return b"type=" + name + b" msg=" + head + body + b"\n"


def summed(*pieces: bytes, kinds: tuple[str, ...] = ("exe", "node", "type")) -> dict[str, Any]:
    sums = LogSums(kinds)
    for piece in pieces:
        sums.reader.feed(piece)
    sums.reader.end_file()
    return sums.document()


def rows(document: dict[str, Any], kind: str) -> dict[str, int]:
    (table,) = [table for table in document["tables"] if table["by"] == kind]
    return {row["value"]: row["events"] for row in table["rows"]}


def test_a_record() -> None:
    document = summed(record(1))
    assert document["records"] == document["events"] == document["lines"] == 1
    assert document["damaged_lines"] == 0
    assert document["bytes"] == len(record(1))
    assert rows(document, "exe") == {"/bin/sh": 1}


def test_enriched_text_is_not_read() -> None:
    forged = record(1, CALL + b'\x1dAUID="root" exe="/forged" SYSCALL=execve')
    assert rows(summed(forged), "exe") == {"/bin/sh": 1}


def test_node_prefix() -> None:
    document = summed(b"node=a " + record(1), b"node=b " + record(1), b"node=a " + record(1))
    assert rows(document, "node") == {"a": 1, "b": 1}
    assert document["events"] == 2


def test_the_last_line_needs_no_line_feed() -> None:
    assert summed(record(1).rstrip(b"\n"))["records"] == 1


@pytest.mark.parametrize(
    "line",
    [
        b"garbage\n",
        b"type=\n",
        b"type=SYSCALL\n",
        b"type=SYSCALL msg=\n",
        b"type=SYSCALL msg=audit(\n",
        b"type=SYSCALL msg=audit(1700000000.000:1\n",
        b"type=SYSCALL msg=audit(1700000000.000:99999999999): x=y\n",
        b"node=\n",
        b"node=x\n",
        b"node=x type=SYSCALL\n",
        b"node=" + b"x" * 400 + b" " + record(1),
        b"\0" * 300 + record(1),
        b"\xff\xfe\xfd\n",
        b"type=" + b"A" * 60 + b" msg=audit(1700000000.000:1): x=y\n",
    ],
)
def test_damaged_lines_are_counted(line: bytes) -> None:
    document = summed(record(1), line, record(2))
    assert document["records"] == 2
    assert document["damaged_lines"] == 1
    assert document["damaged_bytes"] == len(line)
    assert document["lines"] == 3


def test_blank_lines_are_no_damage() -> None:
    document = summed(b"\n\n", record(1), b"\n")
    assert (document["blank_lines"], document["damaged_lines"]) == (3, 0)


def test_a_line_without_end_costs_no_memory() -> None:
    document = summed(record(1), *[b"x" * (1 << 20)] * 5, b"\n", record(2))
    assert document["records"] == 2
    assert document["damaged_lines"] == 1
    assert document["damaged_bytes"] == (5 << 20) + 1


def test_a_long_record_is_cut() -> None:
    document = summed(record(1, CALL + b" " + b"x" * 40_000), record(2))
    assert (document["records"], document["long_lines"]) == (2, 1)
    assert document["bytes"] > 40_000


@pytest.mark.parametrize("step", [1, 7, 4096])
def test_pieces_do_not_matter(step: int) -> None:
    log = repeated(1)[: 200_000 if step > 1 else 20_000] + b"\nbad\n\0\n"
    pieces = [log[at : at + step] for at in range(0, len(log), step)]
    assert summed(*pieces) == summed(log)


def test_the_first_damaged_line_of_each_file(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    paths[0].write_bytes(record(1) + b"bad\nworse\n")
    paths[1].write_bytes(record(2, ms=10) + record(3, ms=11) + b"bad\n")
    paths[2].write_bytes(record(4, ms=20))
    sums = LogSums(("exe",))
    read_logs(map(str, paths), sums)
    files = sums.document()["files"]
    assert [file["first_damaged_line"] for file in files] == [2, 3, None]
    assert [file["damaged_lines"] for file in files] == [2, 1, 0]


def test_unknown_types() -> None:
    lines = [record(n, name=name) for n, name in enumerate((b"UNKNOWN[1999]", b"NO_SUCH_TYPE"))]
    document = summed(*lines)
    assert rows(document, "type") == {"UNKNOWN[1999]": 1}
    assert document["events"] == 2


@pytest.mark.parametrize("with_msg", [True, False])
@pytest.mark.parametrize(
    "prefix",
    [
        b"Mar  1 10:00:01 host1 audispd: ",
        b"Mar  1 10:00:01 host1 audispd: node=host1 ",
        b"Mar  1 10:00:01 host1 kernel: audit: ",
        b"Mar  1 10:00:01 host1 kernel: [   12.345678] audit: ",
        b"Mar  1 10:00:01 host1 kernel: [   12.345678] ",
        b"Mar 01 10:00:01 host1 audisp-syslog[77]: ",
        b"<14>2013-10-11T00:00:01.750529+00:00 host1 audispd: node=host1 ",
        b"<13>1 2022-07-28T16:26:18.123456+00:00 host1 audispd 123 - - ",
        b'<13>1 2022-07-28T16:26:18Z host1 audispd 123 ID47 [a@1 b="c"] node=h ',
        b"<13>1 2022-07-28T16:26:18Z host1 audispd 123 ID47 - \xef\xbb\xbf",
        b"<14>",
        b"<5>[   12.345678] audit: ",
        b"[   12.345678] audit: ",
        b"[Mon Mar  1 10:00:01 2021] audit: ",
        b"audit: ",
    ],
)
def test_what_syslog_puts_before_a_record(prefix: bytes, with_msg: bool) -> None:
    line = prefix + record(1).replace(b"msg=audit", b"msg=audit" if with_msg else b"audit")
    document = summed(line, record(1, b'proctitle="sh"', name=b"PROCTITLE"))
    assert (document["records"], document["damaged_lines"]) == (2, 0)
    assert rows(document, "exe") == {"/bin/sh": 1}
    node = prefix.partition(b"node=")[2].strip().decode()
    assert rows(document, "node") == ({node: 1} if node else {})
    assert document["bytes"] > len(line)


@pytest.mark.parametrize(
    "prefix",
    [
        b"Mar  1 10:00:01 host1 sudo: bob : COMMAND=/bin/echo ",
        b"x ",
        b'{"log":"',
        b"COMMAND=/bin/echo",
        b"a:",
        b"x" * 2000 + b": ",
    ],
)
def test_a_record_in_the_text_of_something_else(prefix: bytes) -> None:
    document = summed(prefix + record(1), record(2))
    assert (document["records"], document["damaged_lines"]) == (1, 1)


def test_the_form_of_the_kernel() -> None:
    lines = b'type=1300 audit(1700000000.100:1): %s\ntype=1327 audit(1700000000.100:1): x="y"\n'
    document = summed(lines % CALL, kinds=("exe", "key", "syscall", "type"))
    assert (document["records"], document["events"]) == (2, 1)
    assert rows(document, "exe") == {"/bin/sh": 1}
    assert rows(document, "key") == {"k": 1}
    assert rows(document, "syscall") == {"execve": 1}
    assert rows(document, "type") == {"SYSCALL": 1}


def test_the_head_of_old_daemons() -> None:
    line = b"type=DAEMON_CONFIG msg=audit(1490239800.477:34) config changed, auid=0 pid=1 res=ok\n"
    document = summed(line, kinds=("auid", "type"))
    assert (document["records"], document["damaged_lines"]) == (1, 0)
    assert rows(document, "auid") == {"0": 1}
    assert rows(document, "type") == {"DAEMON_CONFIG": 1}
    end = b"type=EOE msg=audit(1490239800.477:34)\n"
    assert summed(line, end)["records"] == 2
    assert summed(line.replace(b") ", b")x "))["damaged_lines"] == 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"Jul 28 16:26:18 host1 audit[12]: SYSCALL arch=c000003e syscall=59", "journal"),
        (b"2022-07-28T16:26:18.1+00:00 host1 audit: PROCTITLE proctitle=41", "journal"),
        (b"type=SYSCALL msg=audit(03/01/2020 10:00:00.123:17) : arch=x86_64", "spelled out"),
        (b"type=SYSCALL msg=audit(01.03.2020 10:00:00.123:17) : arch=x86_64", "spelled out"),
        (b'{"message":"type=SYSCALL msg=audit(1.000:1): a=b"}', "JSON"),
        (b"x y type=SYSCALL msg=audit(1.000:1): a=b", "other text"),
        (b"type=SYSCALL msg=audit(1.0", "a whole"),
        (b"node=a type=SYSCALL", "a whole"),
        (b"-a always,exit -S execve", "rules"),
        (b"## First rule - delete all", "rules"),
        (b"\x7fELF\x02\x01\x01\0\0", "not text"),
        ("type=SYSCALL msg".encode("utf-16"), "UTF-16"),
        (b"hello", "none begins"),
    ],
)
def test_why_lines_are_no_records(line: bytes, expected: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(line + b"\n")
    sums = LogSums(("exe",))
    read_logs([str(tmp_path / "a")], sums)
    with pytest.raises(UsageError, match=f"no line of '.*a' is an audit record.*{expected}.*: "):
        sums.check()
    assert expected in sums.document()["files"][0]["damage"]


def test_some_records_are_enough(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello\n")
    (tmp_path / "b").write_bytes(record(1))
    (tmp_path / "empty").write_bytes(b"\n\n")
    sums = LogSums(("exe",))
    read_logs([str(tmp_path / name) for name in ("a", "b", "empty")], sums)
    sums.check()
    by_name = {Path(file["name"]).name: file["damage"] for file in sums.document()["files"]}
    assert "none begins" in by_name["a"]
    assert by_name["b"] is by_name["empty"] is None
    empty = LogSums(("exe",))
    read_logs([str(tmp_path / "empty")], empty)
    with pytest.raises(UsageError, match=r"no audit records in '.*empty'"):
        empty.check()


def test_files_are_ordered_by_records_of_any_form(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(record(2, ms=5000))
    (tmp_path / "b").write_bytes(b"audit: " + record(1).replace(b"msg=", b""))
    sums = LogSums(("exe",))
    read_logs([str(tmp_path / "a"), str(tmp_path / "b")], sums)
    assert [Path(file["name"]).name for file in sums.document()["files"]] == ["b", "a"]
