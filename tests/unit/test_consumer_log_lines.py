"""Lines of audit.log: what is a record, what is damaged, and that the pieces do not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from consumer.log import LogSums, read_logs
from tests.support.audit_logs import repeated

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
