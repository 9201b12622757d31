"""`auditbench top` as a user runs it."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.command import ROOT, assert_one_line, auditbench, auditbench_json
from tests.support.programs import program
from tests.support.records.audit_logs import repeated
from tests.unit.consumer.test_consumer_log_lines import record

SCHEMA = json.loads((ROOT / "docs/schema/top.schema.json").read_text(encoding="utf-8"))
ALL = ["exe", "comm", "syscall", "key", "auid", "uid", "address", "type", "node"]


def top(*words: object, cwd: Path) -> dict[str, Any]:
    """The document, which must keep to its schema."""
    document = auditbench_json("top", *words, cwd=cwd)
    jsonschema.validate(document, SCHEMA)
    return document


def sums(document: dict[str, Any]) -> tuple[object, ...]:
    return document["records"], document["bytes"], document["events"], document["tables"]


def test_all_tables_keep_to_the_schema(tmp_path: Path) -> None:
    (tmp_path / "audit.log").write_bytes(repeated(1) + b"bad\n")
    (tmp_path / "x.rules").write_text("-a always,exit -F arch=b64 -S execve -k golden\n")
    document = top(
        "audit.log", "--rules", "x.rules", "--by", ",".join([*ALL, "rule"]), cwd=tmp_path
    )
    assert [table["by"] for table in document["tables"]] == [*ALL, "rule"]
    assert document["damaged_lines"] == 1
    assert document["files"][0]["first_damaged_line"] == document["lines"]
    (found,) = [row for row in document["tables"][-1]["rows"] if row["rules"] == [1]]
    assert found["events"] > 0


def test_compressed_and_piped_are_equal(tmp_path: Path) -> None:
    log = repeated(2)
    (tmp_path / "plain").write_bytes(log)
    (tmp_path / "a.gz").write_bytes(gzip.compress(log))
    (tmp_path / "no-suffix").write_bytes(lzma.compress(log))
    (tmp_path / "b").write_bytes(bz2.compress(log))
    expected = sums(top("plain", cwd=tmp_path))
    for name in ("a.gz", "no-suffix", "b"):
        assert sums(top(name, cwd=tmp_path)) == expected
    for name in ("plain", "a.gz"):
        with (tmp_path / name).open("rb") as stream:
            piped = subprocess.run(
                [sys.executable, "-P", "-m", "harness", "top", "-", "--json"],
                stdin=stream,
                capture_output=True,
                check=True,
            )
        assert sums(json.loads(piped.stdout)) == expected
    read, write = os.pipe()
    with subprocess.Popen(["/bin/cat", tmp_path / "plain"], stdout=write):
        os.close(write)
        piped = subprocess.run(
            [sys.executable, "-P", "-m", "harness", "top", "-", "--json"],
            stdin=read,
            capture_output=True,
            check=True,
        )
        os.close(read)
    assert sums(json.loads(piped.stdout)) == expected


def test_zstd(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(repeated(60))
    subprocess.run([program("zstd"), "-q", "plain", "-o", "packed"], cwd=tmp_path, check=True)
    document = top("packed", cwd=tmp_path)
    assert sums(document) == sums(top("plain", cwd=tmp_path))
    packed = (tmp_path / "packed").read_bytes()
    (tmp_path / "cut").write_bytes(packed[: len(packed) // 2])
    document = top("cut", cwd=tmp_path)
    assert document["files"][0]["problem"]
    assert any("cut is damaged" in caution for caution in document["cautions"])


@pytest.mark.parametrize(("piped", "remedy"), [(False, "install zstd"), (True, "zstd -dc FILE")])
def test_zstd_that_cannot_be_unpacked(piped: bool, remedy: str, tmp_path: Path) -> None:
    """By a Python without zstd where the program is missing, or cannot read a pipe."""
    packed = tmp_path / "packed"
    packed.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(100))
    # A Python that has it is kept from it.
    (tmp_path / "compression").mkdir()
    (tmp_path / "compression/__init__.py").touch()
    path = tmp_path / "bin"
    path.mkdir()
    if piped:
        (path / "zstd").symlink_to("/bin/true")
    with subprocess.Popen(["cat", packed], stdout=subprocess.PIPE) as pipe:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "harness", "top", "-" if piped else packed],
            env={**os.environ, "PATH": str(path), "PYTHONPATH": f"{tmp_path}:{ROOT}"},
            stdin=pipe.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
    assert_one_line(done, 2, remedy)


def test_rotated_files_are_read_in_order_of_time(tmp_path: Path) -> None:
    lines = repeated(4).splitlines(keepends=True)
    cuts = [0, 333, 801, 1402, len(lines)]
    names = ["audit.log.3.gz", "audit.log.2.gz", "audit.log.1", "audit.log"]
    for name, start, end in zip(names, cuts, cuts[1:], strict=False):
        content = b"".join(lines[start:end])
        (tmp_path / name).write_bytes(gzip.compress(content) if name[-1] == "z" else content)
    (tmp_path / "whole").write_bytes(b"".join(lines))
    expected = sums(top("whole", cwd=tmp_path))
    document = top("audit.log", *sorted(names[:3]), cwd=tmp_path)
    assert [file["name"] for file in document["files"]] == names
    assert sums(document) == expected
    assert sums(top(tmp_path, cwd=tmp_path)) == expected


def test_a_damaged_archive_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    packed = gzip.compress(repeated(20))
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])
    document = top("cut.gz", cwd=tmp_path)
    assert document["files"][0]["problem"]
    assert document["records"] > 100
    assert any("cut.gz is damaged" in caution for caution in document["cautions"])


def test_no_raw_control_characters_on_any_output(tmp_path: Path) -> None:
    exe = b"\x1b]0;x\x07\x9b31m".hex().upper().encode()
    hostile = record(1).replace(b'exe="/bin/sh"', b"exe=" + exe)
    (tmp_path / "a\x1b[31mb").write_bytes(b"node=\x1b[2J " + hostile + b"bad\x1b[31m\n")
    for words in ([], ["--json"], ["--by", "node,exe"]):
        done = auditbench("top", "a\x1b[31mb", *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert not set(done.stdout + done.stderr) & {"\x1b", "\x07", "\x9b"}
    assert "\x1b" not in auditbench("top", "gone\x1b[31m", cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "no log to read"),
        (["missing.log"], "missing.log"),
        (["--listen", "30s", "a.log"], "contradict"),
        (["--listen", "soon"], "is not a time"),
        (["--listen", "-1s"], "is not a time"),
        (["--unicast", "a.log"], "--listen"),
        (["--limit", "-1", "a.log"], "--limit"),
        (["--by", "rule", "a.log"], "needs rules"),
        (["--by", "nonsense", "a.log"], "nonsense"),
        (["--rules", "missing.rules", "a.log"], "missing.rules"),
        (["--nonsense", "a.log"], "--nonsense"),
        (["empty"], "no audit.log*"),
    ],
)
def test_bad_words(words: list[str], expected: str, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(record(1))
    (tmp_path / "empty").mkdir()
    assert_one_line(auditbench("top", *words, cwd=tmp_path), 2, expected)


def test_no_record_at_all(tmp_path: Path) -> None:
    journal = b"Jul 28 16:26:18 host1 audit[12]: SYSCALL arch=c000003e syscall=59 \x1b[31m\n"
    (tmp_path / "a.log").write_bytes(journal)
    (tmp_path / "b.log").write_bytes(b"hello\n")
    for words in (["a.log"], ["a.log", "b.log"], ["a.log", "--json"]):
        done = auditbench("top", *words, cwd=tmp_path)
        assert_one_line(done, 2, "is an audit record", "journal entries")
        assert not done.stdout
    done = subprocess.run(
        [sys.executable, "-P", "-m", "consumer.log", "a.log"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert re.fullmatch(r"consumer: no line of 'a.log' is .*journalctl -k.*\n", done.stderr)
    (tmp_path / "b.log").write_bytes(record(1))
    document = top("a.log", "b.log", cwd=tmp_path)
    assert document["records"] == 1
    assert "journal" in document["cautions"][0]


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_a_log_without_records_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "audit.log").write_bytes(content)
    for words in (["audit.log"], ["audit.log", "--json"], ["."]):
        done = auditbench("top", *words, cwd=tmp_path)
        assert_one_line(done, 2, "no audit records in", "audit.log", "--listen 30s")
        assert not done.stdout


def test_every_event_counts_unless_aureport_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(record(1) + record(1, b"saddr=0100", name=b"SOCKADDR"))
    assert top("a.log", cwd=tmp_path)["tables"][0]["rows"][0]["events"] == 1
    theirs = top("a.log", "--aureport", cwd=tmp_path)
    assert theirs["as_aureport"]
    assert (theirs["tables"][0]["rows"], theirs["tables"][0]["left_out"]) == ([], 1)
    assert "aureport" not in auditbench("top", "a.log", cwd=tmp_path).stdout
    assert "cannot read it" in auditbench("top", "a.log", "--aureport", cwd=tmp_path).stdout
