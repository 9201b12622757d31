"""`auditbench verify` as a user runs it: every form of output beside a raw log or a capture."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.command import ROOT, assert_one_line, auditbench, auditbench_json
from tests.support.patience import PATIENCE_S
from tests.support.programs import program
from tests.support.records.audit_logs import Line, line, recorded, repeated
from tests.support.records.outputs import (
    REFUSED,
    by_event,
    capture,
    go_audit_log,
    laurel_log,
    written,
)

SCHEMA = json.loads((ROOT / "docs/schema/verify.schema.json").read_text(encoding="utf-8"))
EVENTS = by_event(recorded())


def log(events: list[list[Line]]) -> bytes:
    return b"".join(line(*record) for records in events for record in records)


def enriched(events: list[list[Line]]) -> bytes:
    return b"".join(text + b'\x1dUID="root" AUID="unset"\n' for text in log(events).splitlines())


def behind_syslog(events: list[list[Line]]) -> bytes:
    """As auditd's plugin for syslog and rsyslog write it."""
    return b"".join(
        b"Nov 29 16:00:00 host audispd: " + text + b"\n" for text in log(events).splitlines()
    )


FORMS: dict[str, tuple[str, Callable[[list[list[Line]]], bytes]]] = {
    "log": ("log", log),
    "enriched": ("enriched log", enriched),
    "syslog": ("log", behind_syslog),
    "go-audit": ("go-audit", go_audit_log),
    "capture": ("capture", lambda events: capture(record for each in events for record in each)),
}


def verify(folder: Path, output: bytes, *words: str, code: int, raw: bytes | None = None) -> Any:
    """The document, which must keep to its schema; RAW is the recorded log unless given."""
    written(folder / "output", output)
    written(folder / "raw", log(EVENTS) if raw is None else raw)
    document = auditbench_json(
        "verify", "output", "--against", "raw", *words, cwd=folder, code=code
    )
    jsonschema.validate(document, SCHEMA)
    return document


def counts(document: dict[str, Any]) -> dict[str, int]:
    return {each["kind"]: each["events"] for each in document["findings"] if each["events"]}


@pytest.mark.parametrize("form", FORMS)
def test_what_has_everything_is_complete(form: str, tmp_path: Path) -> None:
    name, make = FORMS[form]
    whole = verify(tmp_path, make(EVENTS), code=0)
    assert whole["verdict"] == "complete"
    assert (
        whole["answer"] == f"complete: all {len(EVENTS)} events of RAW are in OUTPUT, none changed"
    )
    assert whole["output"]["form"] == name
    assert whole["whole"] == len(EVENTS)
    assert bool(whole["cannot_tell"]) is (form in ("enriched", "go-audit"))
    again = verify(tmp_path, make(EVENTS), code=0, raw=gzip.compress(FORMS["capture"][1](EVENTS)))
    assert (again["raw"]["form"], again["whole"]) == ("capture", len(EVENTS))


@pytest.mark.parametrize("form", FORMS)
def test_each_fault_is_found_in_each_form(form: str, tmp_path: Path) -> None:
    spoiled = [list(records) for records in EVENTS]
    places = [n for n, records in enumerate(EVENTS) if len(records) > 2 and 5 < n < 150][:6]
    missing, cut, short, changed, doubled, late = places
    spoiled[cut] = spoiled[cut][1:]
    kind, text = spoiled[short][0]
    spoiled[short][0] = kind, text[: len(text) // 2].rstrip()
    kind, text = spoiled[changed][0]
    spoiled[changed][0] = kind, re.sub(rb" pid=\d+", b" pid=1", text)
    spoiled[doubled] = spoiled[doubled] * 2
    spoiled[missing] = []
    moved = spoiled.pop(late)
    spoiled.insert(late + 20, moved)
    document = verify(tmp_path, FORMS[form][1]([each for each in spoiled if each]), code=1)
    assert document["verdict"] == "incomplete"
    assert counts(document) == {
        "missing": 1,
        "cut": 2,
        "changed": 1,
        "doubled": 1,
        "out-of-order": 1,
    }
    first = {each["kind"]: each["first"] for each in document["findings"] if each["first"]}
    wanted = dict(zip(counts(document), (missing, cut, changed, doubled, late), strict=True))
    for kind_of, place in wanted.items():
        head = re.match(rb"audit\((\d+\.\d+:\d+)\)", EVENTS[place][0][1])
        assert head is not None
        assert first[kind_of]["event"].startswith(head[1].decode())
    assert "became pid=1" in first["changed"]["detail"]
    assert document["whole"] == len(EVENTS) - 6


def test_the_answer_names_the_first_missing_event(tmp_path: Path) -> None:
    calls = [n for n, records in enumerate(EVENTS) if b" syscall=59 " in records[0][1]]
    written(tmp_path / "output", log([r for n, r in enumerate(EVENTS) if n not in calls[:3]]))
    written(tmp_path / "raw", log(EVENTS))
    done = auditbench("verify", "output", "--against", "raw", cwd=tmp_path)
    assert done.returncode == 1
    told = " ".join(done.stdout.split())
    assert told.startswith(f"not complete: 3 of {len(EVENTS)} events are missing, first ")
    assert "(SYSCALL execve)" in told.partition(" events that are ")[0]
    done = auditbench("verify", "output", "--against", "raw", "--allow", "missing", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("complete but for what is allowed: 3 of")


def test_what_laurel_kept_and_what_it_refused(tmp_path: Path) -> None:
    """Of 168 recorded events the real Laurel lost the one that it could not parse."""
    document = verify(tmp_path, laurel_log(), code=1)
    assert counts(document) == {"missing": 1, "out-of-order": 1}
    assert document["findings"][0]["first"]["serial"] == REFUSED
    assert len(document["cannot_tell"]) == 2
    assert "told to leave out what is missing, or lost it" in document["cannot_tell"][1]
    verify(tmp_path, laurel_log(), "--allow", "missing,out-of-order", code=0)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (b'"comm":"true"', b'"comm":"trua"', "changed"),
        (b'"ARGV":["/bin/true","p0"', b'"ARGV":["/bin/true","p1"', "changed"),
        (b'"CWD":{"cwd":"/tmp/records"},', b"", "cut"),
        (b'"success":"yes"', b'"success":"no"', "changed"),
    ],
)
def test_a_fault_in_laurels_json_is_found(
    old: bytes, new: bytes, found: str, tmp_path: Path
) -> None:
    output = laurel_log()
    assert old in output
    before = verify(tmp_path, output, code=1)
    after = verify(tmp_path, output.replace(old, new, 1), code=1)
    assert counts(after) == {**counts(before), found: 1}


def test_long_command_lines_of_laurel_are_compared(tmp_path: Path) -> None:
    """The kernel splits them over records, which Laurel joins."""
    long = [each for each in laurel_log().splitlines() if len(each) > 8000]
    assert long
    for line_of in long:
        spoiled = line_of[:5000] + (b"#" if line_of[5000:5001] != b"#" else b"+") + line_of[5001:]
        output = laurel_log().replace(line_of, spoiled)
        assert counts(verify(tmp_path, output, code=1)).keys() & {"changed", "missing"}


def with_joined_arguments(output: bytes) -> bytes:
    """As Laurel writes it where `execve-argv` is `string` alone."""
    events = list(map(json.loads, output.splitlines()))
    for call in (event["EXECVE"] for event in events if "EXECVE" in event):
        call["ARGV_STR"] = " ".join(call.pop("ARGV"))
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def test_joined_arguments_of_laurel_are_compared_as_one_text(tmp_path: Path) -> None:
    output = with_joined_arguments(laurel_log())
    before = verify(tmp_path, output, code=1)
    assert counts(before) == {"missing": 1, "out-of-order": 1}
    for new, found in (
        (b'"ARGV_STR": "/bin/true p1', "changed"),
        (b'"ARGV_STR": "/bin/true"}', "cut"),
    ):
        old = re.compile(
            rb'"ARGV_STR": "/bin/true p0' + (rb'[^"]*"}' if new.endswith(b"}") else b"")
        )
        assert old.search(output)
        after = verify(tmp_path, old.sub(new, output, count=1), code=1)
        assert counts(after) == {**counts(before), found: 1}


@pytest.mark.parametrize(
    "pack", [gzip.compress, lzma.compress, bz2.compress], ids=["gz", "xz", "bz2"]
)
def test_compressed_files_are_read(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    verify(tmp_path, pack(log(EVENTS)), code=0, raw=pack(FORMS["capture"][1](EVENTS)))
    many = repeated(12)  # more than one block of bzip2
    cut = pack(many)[:-2000]
    document = verify(tmp_path, cut, code=1, raw=many)
    assert document["output"]["problem"]
    assert "missing" in counts(document)
    document = verify(tmp_path, many, code=3, raw=cut)
    assert "RAW is damaged" in document["answer"]
    written(tmp_path / "output", cut[:30])
    assert_one_line(auditbench("verify", "output", "--against", "raw", cwd=tmp_path), 2, "output")


def test_zstd_is_read(tmp_path: Path) -> None:
    written(tmp_path / "raw", log(EVENTS))
    subprocess.run([program("zstd"), "-q", "raw", "-o", "output"], cwd=tmp_path, check=True)
    assert auditbench("verify", "output", "--against", "raw", cwd=tmp_path).returncode == 0


def test_standard_input_and_folders_of_rotated_logs(tmp_path: Path) -> None:
    lines = repeated(4).splitlines(keepends=True)
    rotated = tmp_path / "logs"
    rotated.mkdir()
    half = len(lines) // 2
    written(rotated / "audit.log", b"".join(lines[half:]))
    written(rotated / "audit.log.1.gz", b"".join(lines[:half]))
    written(tmp_path / "raw", b"".join(lines))
    assert auditbench("verify", "logs", "--against", "raw", cwd=tmp_path).returncode == 0
    piped = subprocess.run(
        [sys.executable, "-P", "-m", "harness", "verify", "-", "--against", "logs"],
        input=b"".join(lines[:-1]),
        cwd=tmp_path,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert piped.returncode == 1
    assert b"standard input" in piped.stdout


def test_only_the_time_of_raw_is_looked_at(tmp_path: Path) -> None:
    whole = repeated(5)
    lines = whole.splitlines(keepends=True)
    size = len(lines) // 5
    document = verify(tmp_path, whole, code=0, raw=b"".join(lines[2 * size : 3 * size]))
    assert document["outside"] == 4 * len(EVENTS)
    document = verify(tmp_path, b"".join(lines[:size]), code=3, raw=b"".join(lines[3 * size :]))
    assert document["answer"].startswith("cannot tell: no event of RAW is in OUTPUT")
    assert document["verdict"] == "cannot-tell"


def test_an_output_with_more_than_raw_shows_that_raw_is_not_whole(tmp_path: Path) -> None:
    raw = log([*EVENTS[:80], *EVENTS[82:]])
    document = verify(tmp_path, log(EVENTS), code=3, raw=raw)
    assert counts(document) == {"not-in-raw": 2}
    assert "2 events of OUTPUT are not, or not whole, in RAW" in document["answer"]
    verify(tmp_path, log(EVENTS), "--allow", "not-in-raw", code=0, raw=raw)


def test_damaged_lines_are_said_with_their_number(tmp_path: Path) -> None:
    lines = log(EVENTS).splitlines(keepends=True)
    torn = b"".join([*lines[:7], b"\x00\xff garbage\n", *lines[7:]])
    document = verify(tmp_path, torn, code=0)
    assert document["cautions"] == ["OUTPUT: 1 line is no record, the first is line 8"]
    assert verify(tmp_path, log(EVENTS), code=3, raw=torn)["verdict"] == "cannot-tell"


@pytest.mark.parametrize("more", [b" more=1", b"#035UID=1"])
def test_a_record_with_something_behind_it_is_changed(more: bytes, tmp_path: Path) -> None:
    """RAW is not to blame: only its last line can be a part of a record."""
    lines = log(EVENTS).splitlines()
    longer = b"".join(text + more + b"\n" for text in lines)
    document = verify(tmp_path, longer, code=1)
    assert counts(document) == {"changed": len(EVENTS)}
    first = document["findings"][2]["first"]
    assert more.split()[-1].decode() in first["detail"]


def test_only_a_torn_last_line_of_raw_may_go_on_in_the_output(tmp_path: Path) -> None:
    lines = log(EVENTS).splitlines()
    verify(tmp_path, log(EVENTS), code=0, raw=b"\n".join(lines)[:-20])
    verify(tmp_path, log(EVENTS), code=1, raw=b"\n".join(lines)[:-20] + b"\n")


def test_ends_of_lines_of_another_system_change_nothing(tmp_path: Path) -> None:
    verify(tmp_path, log(EVENTS).replace(b"\n", b"\r\n"), code=0)


def test_names_that_auditd_added_behind_a_prefix_of_syslog(tmp_path: Path) -> None:
    """Syslog daemons escape the byte before them."""
    added = b'#035ARCH=x86_64 SADDR={ saddr_fam=inet } UID="root"\n'
    output = b"".join(text + added for text in behind_syslog(EVENTS).splitlines())
    document = verify(tmp_path, output, code=0)
    assert document["output"]["form"] == "enriched log"
    forged = re.sub(rb'comm="[^"]*"', b'comm="a#035UID=b"', log(EVENTS))
    assert counts(verify(tmp_path, b"host audispd: " + forged, code=0, raw=forged)) == {}


@pytest.mark.parametrize("form", ["log", "go-audit", "capture"])
def test_raw_may_be_enriched(form: str, tmp_path: Path) -> None:
    document = verify(tmp_path, FORMS[form][1](EVENTS), code=0, raw=enriched(EVENTS))
    assert document["raw"]["form"] == "enriched log"
    verify(tmp_path, laurel_log(), "--allow", "out-of-order,missing", code=0, raw=enriched(EVENTS))


def test_a_torn_last_line_is_cut(tmp_path: Path) -> None:
    document = verify(tmp_path, log(EVENTS)[:-20], code=1)
    assert counts(document) == {"cut": 1}
    assert "bytes" in document["findings"][1]["first"]["detail"]


def test_records_of_the_daemon_itself_are_not_looked_at(tmp_path: Path) -> None:
    own = b"type=DAEMON_START msg=audit(1795512197.000:77): op=start ver=3.0.9\n"
    verify(tmp_path, own + log(EVENTS), code=0)
    verify(tmp_path, log(EVENTS), code=0, raw=own + log(EVENTS))


HEAD = b"AUDITCAP\x01\x00\x00\x00"
HOSTILE: dict[str, bytes] = {
    "nesting": b'{"ID":"1.001:1","SYSCALL":' + b"[" * 100_000 + b"\n",
    "numbers": b'{"ID":"1.001:1","SYSCALL":{"a0":' + b"9" * 9000 + b"}}\n",
    "no object": b'[1]\n"x"\nnull\n',
    "types": b'{"sequence":"x","timestamp":[],"messages":[{"type":{},"data":1}]}\n',
    "long line": b"type=SYSCALL msg=audit(" + b"1" * (17 << 20) + b"\n",
    "long type": b"type=" + b"9" * 5000 + b" msg=audit(1.001:1): x\n",
    "huge serial": b"type=SYSCALL msg=audit(99999999999999.999:9999999999): x\n",
    "huge frame": HEAD + b"\x02\x00\x00\x00{}" + b"\xff" * 40,
    "huge metadata": HEAD + b"\xff\xff\xff\xff{}",
    "cut capture": HEAD[:10],
    "another version": b"AUDITCAP\x02\x00\x00\x00\x02\x00\x00\x00{}",
    "binary": bytes(range(256)) * 50,
    "escape": b"\x1b[31mtype=SYSCALL msg=audit(1.001:1): x\n",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("side", ["output", "raw"])
def test_hostile_files_never_end_in_an_error_of_ours(name: str, side: str, tmp_path: Path) -> None:
    other = "raw" if side == "output" else "output"
    written(tmp_path / side, HOSTILE[name])
    written(tmp_path / other, log(EVENTS))
    done = auditbench("verify", "output", "--against", "raw", cwd=tmp_path)
    assert done.returncode in (2, 3), done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    written(tmp_path / side, log(EVENTS) + HOSTILE[name])
    done = auditbench("verify", "output", "--against", "raw", cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("gone", "--against", "raw"), 2, "'gone' cannot be read"),
        (("raw", "--against", "gone"), 2, "'gone' cannot be read"),
        (("raw", "--against", "raw"), 2, "compared with itself"),
        (("./raw", "--against", "raw"), 2, "compared with itself"),
        (("empty", "--against", "raw"), 3, "empty is empty"),
        (("raw", "--against", "empty"), 3, "empty is empty"),
        (("notes", "--against", "raw"), 2, "no line of notes is an audit record"),
        (("raw", "--against", "notes"), 2, "no line of notes is an audit record"),
        (("raw", "--against", "json"), 2, "json is the output of a consumer (go-audit)"),
        (("two", "--against", "raw"), 2, "events of several hosts (a and b)"),
        (("raw", "--against", "raw2", "--allow", "late"), 2, "--allow 'late' is unknown"),
        (("--wrong", "--against", "raw"), 2, "unknown option '--wrong'"),
        (("raw", "--against", "raw2", "--to", "csv"), 2, "there is no form 'csv'"),
    ],
)
def test_what_cannot_be_verified(
    words: tuple[str, ...], code: int, expected: str, tmp_path: Path
) -> None:
    written(tmp_path / "raw", log(EVENTS))
    written(tmp_path / "raw2", log(EVENTS))
    written(tmp_path / "empty", b"")
    written(tmp_path / "notes", b"a shopping list\nbread\n")
    written(tmp_path / "json", go_audit_log(EVENTS))
    written(tmp_path / "two", repeated(1, b"a") + repeated(1, b"b"))
    assert_one_line(auditbench("verify", *words, cwd=tmp_path), code, expected)


def test_a_record_within_other_text_is_none(tmp_path: Path) -> None:
    """Its author could forge it: a command line that sudo logged, for example."""
    forged = b"Nov 29 16:00:00 host sudo: x COMMAND=/bin/echo " + log(EVENTS[:1]).splitlines()[0]
    document = verify(tmp_path, forged + b"\n" + log(EVENTS[1:]), code=1)
    assert counts(document) == {"missing": 1}
    assert document["output"]["damaged"] == 1


def test_the_same_in_markdown_and_in_files(tmp_path: Path) -> None:
    written(tmp_path / "output", log(EVENTS[1:]))
    written(tmp_path / "raw", log(EVENTS))
    done = auditbench(
        "verify", "output", "--against", "raw", "--to", "md", "--to", "json=x.json", cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stdout.startswith("## auditbench verify\n\n**not complete: 1 of ")
    document = json.loads((tmp_path / "x.json").read_text())
    jsonschema.validate(document, SCHEMA)
    assert document["first_missing"] == 1


def test_a_name_on_the_terminal_obeys_nothing(tmp_path: Path) -> None:
    evil = log(EVENTS).replace(b"pid=", b"p\x1b[31md=", 1)
    written(tmp_path / "output", evil)
    written(tmp_path / "raw", log(EVENTS))
    done = auditbench("verify", "output", "--against", "raw", cwd=tmp_path)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "\\x1b[31m" in done.stdout
