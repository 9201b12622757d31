"""Outputs of auditd and Laurel judged: a record that is missing in them shows as missing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from harness.consumers.foreign import audit_log, laurel_log
from harness.consumers.foreign.external import ExternalProcess
from harness.consumers.foreign.reassemble import EOE, from_start, judge
from harness.consumers.laurel import CONF
from harness.processes.line_process import ChildFailedError
from tests.support.patience import PATIENCE_S
from tests.support.programs import program
from tests.support.records.audit_logs import Line, line, recorded, shifted

MARKER = "auditbench-sync-test"
_EVENT = re.compile(rb"audit\((\d+\.\d+:\d+)\)")
LONGEST = 4000
"""Events with arguments longer than a record are left out: Laurel joins their parts."""


def events() -> list[list[Line]]:
    """Recorded events of system calls, without those of long command lines."""
    found: dict[bytes, list[Line]] = defaultdict(list)
    for record_type, text in recorded():
        match = _EVENT.search(text)
        assert match is not None
        found[match[1]].append((record_type, text))
    return [
        records
        for records in found.values()
        if records[0][0] == 1300 and max(len(text) for _, text in records) < LONGEST
    ]


def thinned() -> list[list[Line]]:
    """Each event whole, and then again for each of its records without that one."""
    result = []
    for records in events():
        for absent in (None, *range(len(records))):
            serials = 100_000 * (len(result) + 1)
            kept = [record for place, record in enumerate(records) if place != absent]
            result.append([(number, shifted(text, 0, serials)) for number, text in kept])
    return result


def lines(of: list[list[Line]]) -> bytes:
    """The events as auditd writes them to its plugins, which get their ends as well."""
    written = []
    for records in of:
        match = _EVENT.search(records[0][1])
        assert match is not None
        end = (EOE, b"audit(%s): " % match[1])
        written += [line(*record) for record in (*records, end)]
    return b"".join(written)


def judged(records: Any, **options: Any) -> dict[str, Any]:
    return judge(records, marker=MARKER, **options)


def test_what_auditd_wrote_is_judged_as_what_the_kernel_sent(tmp_path: Path) -> None:
    thin = thinned()
    log = tmp_path / "audit.log"
    log.write_bytes(
        b"type=DAEMON_START msg=audit(1700000000.123:9999): op=start ver=3.0.9\n"
        + lines([[r for r in records if r[0] != EOE] for records in thin])
    )
    direct = judged(record for records in thin for record in records)
    from_log = judged(record for record in audit_log.log_records(log) if record[0] != EOE)
    for part in ("events", "sessions", "serials", "records_by_type"):
        assert from_log[part] == direct[part]
    whole = judged(record for records in events() for record in records)
    assert (whole["events"]["complete"], whole["events"]["partial"]) == (len(events()), 0)
    assert direct["events"]["partial"] > len(thin) / 2


def test_what_laurel_wrote_is_judged_as_what_the_kernel_sent(tmp_path: Path) -> None:
    thin = thinned()
    conf = tmp_path / "laurel.toml"
    conf.write_text(CONF.format(folder=tmp_path))
    conf.chmod(0o640)
    command = [program("laurel"), "--config", str(conf)]
    subprocess.run(command, input=lines(thin), capture_output=True, check=True, timeout=PATIENCE_S)
    direct = judged(record for records in thin for record in records)
    from_log = judged(laurel_log.log_records(tmp_path / "audit.log"))
    for part in ("events", "serials", "records_by_type"):
        assert from_log[part] == direct[part]
    assert without_bytes(from_log["sessions"]) == without_bytes(direct["sessions"])


def without_bytes(counts: Any) -> Any:
    """The same counts; texts are made anew, and may be shorter or longer."""
    if not isinstance(counts, dict):
        return counts
    return {name: without_bytes(part) for name, part in counts.items() if name != "bytes"}


@pytest.mark.parametrize("place", [0, 3, 20])
def test_a_start_marker_written_late_takes_nothing_away(place: int) -> None:
    """As go-audit writes it, which waits two seconds for the end that a marker has not."""
    sent = [record for records in events() for record in records]
    first = min(int(re.search(rb":(\d+)\)", text)[1]) for _, text in sent)  # type: ignore[index]
    marker = (1107, b"audit(1700000000.000:%d): msg='op=%s:0'" % (first - 1, MARKER.encode()))
    written = [*sent[:place], marker, *sent[place:]]
    document = judged(from_start(lambda: iter(written), MARKER))
    assert document["events"]["complete"] == len(events())
    assert sum(count["complete"] for count in calls_of(document)) == len(events())
    assert document["markers"] == [0]
    assert document["events"]["duplicate_records"] == 0


def calls_of(document: dict[str, Any]) -> list[dict[str, int]]:
    """What each syscall of each session came to."""
    return [
        count for group in document["sessions"].values() for count in group["by_syscall"].values()
    ]


def test_the_events_of_a_tree_are_told_apart() -> None:
    one = events()[0]
    pid = re.search(rb" pid=(\d+)", one[0][1])
    assert pid is not None
    document = judged(one, trees=[int(pid[1])])
    assert sum(call["complete"] for call in document["tree"]["by_syscall"].values()) == 1
    assert judged(one)["tree"] is None


def stand_in(tmp_path: Path, script: str) -> ExternalProcess:
    return ExternalProcess("stand-in", ["/bin/sh", "-c", script], tmp_path)


def test_one_that_does_not_end_when_asked_is_killed(tmp_path: Path) -> None:
    process = stand_in(tmp_path, "trap '' TERM; echo up; while :; do sleep 0.05; done")
    process.wait_until(lambda: "up" in process.output(), 5, "say that it is up")
    with pytest.raises(ChildFailedError, match=r"^stand-in did not end within 0\.2 s .* killed$"):
        process.stop(0.2)
    assert process.code == -9


def test_a_part_of_it_that_does_not_end_is_killed(tmp_path: Path) -> None:
    process = stand_in(tmp_path, "(trap '' TERM; echo up; exec sleep 60) & wait")
    process.wait_until(lambda: "up" in process.output(), 5, "say that it is up")
    process.wait_until(lambda: "sleep" in process.family().values(), 5, "have a child")
    child = next(pid for pid, name in process.family().items() if name == "sleep")
    with pytest.raises(ChildFailedError, match=r"^a process of stand-in did not end"):
        process.stop(0.2)
    assert not Path(f"/proc/{child}").exists() or zombie(child)


def zombie(pid: int) -> bool:
    """Where nobody reaps orphans, a killed one stays as a zombie."""
    return ") Z " in Path(f"/proc/{pid}/stat").read_text()


def test_what_its_parent_left_behind_is_killed_too(tmp_path: Path) -> None:
    process = stand_in(tmp_path, "sleep 60 & wait")
    process.wait_until(lambda: "sleep" in process.family().values(), 5, "have a child")
    child = next(pid for pid, name in process.family().items() if name == "sleep")
    os.kill(process.pid, signal.SIGKILL)
    while process.code is None:
        time.sleep(0.01)
    with pytest.raises(ChildFailedError, match=r"^stand-in was killed by SIGKILL$"):
        process.stop()
    process.end()
    assert not Path(f"/proc/{child}").exists() or zombie(child)


def test_one_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    process = stand_in(tmp_path, "echo no luck; exit 7")
    with pytest.raises(ChildFailedError, match=r"^stand-in ended with 7: no luck$"):
        process.wait_until(lambda: False, 5, "be ready")


def test_one_that_cannot_be_executed_is_told(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\0\1\2")
    garbage.chmod(0o755)
    with pytest.raises(ChildFailedError, match=r"could not be started \(.*: Exec format error\)"):
        ExternalProcess("garbage", [str(garbage)], tmp_path)
