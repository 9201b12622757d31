"""go-audit, osqueryd and Auditbeat without a kernel: what they are told, and what they say."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest

from harness.consumers import auditbeat, go_audit, osqueryd
from harness.consumers.base import ConsumerAbsentError
from harness.consumers.foreign import kept
from harness.consumers.foreign.download import find_download
from harness.consumers.foreign.json_lines import read_lines
from harness.consumers.foreign.output_age import AUDIT_STAMP, OutputAge
from harness.consumers.foreign.reassemble import judge
from harness.processes.line_process import ChildFailedError
from tests.fakes.stand_in import load_yaml

SYSCALL = (
    "arch=c000003e syscall=42 success=yes exit=0 a0=3 a1=7ffd a2=10 a3=0 items=0 ppid=7 pid=8"
    ' auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=3 comm="a<b"'
    ' exe="/usr/bin/a&b" key=(null)'
)
SOCKADDR = "saddr=020000097F0000010000000000000000"
PROCTITLE = "proctitle=6100"
GO_AUDIT = (
    '{"sequence":50406,"timestamp":"1490137971.011","messages":[{"type":1300,"data":'
    + json.dumps(SYSCALL).replace("<", "\\u003c").replace("&", "\\u0026")
    + '},{"type":1306,"data":"'
    + SOCKADDR
    + '"},{"type":1327,"data":"'
    + PROCTITLE
    + '"}],"uid_map":{"0":"root","1000":"UNKNOWN_USER"}}\n'
    '{"sequence":50407,"timestamp":"1490137971.020","messages":[{"type":1121,"data":"pid=9 uid=0 '
    'auid=4294967295 ses=4294967295 msg=\'mark:2\'"}],"uid_map":{"0":"root"}}\n'
)
AUDITBEAT = (
    '{"@timestamp":"2017-03-21T23:12:51.011Z","@metadata":{"beat":"auditbeat","type":"_doc",'
    '"version":"8.1.0"},"auditd":{"sequence":50406,"data":{"syscall":"connect"}},"event":{"original":['
    f'"type=SYSCALL msg=audit(1490137971.011:50406): {json.dumps(SYSCALL)[1:-1]}",'
    f'"type=SOCKADDR msg=audit(1490137971.011:50406): {SOCKADDR}",'
    f'"type=PROCTITLE msg=audit(1490137971.011:50406): {PROCTITLE}"],"module":"auditd"}}}}\n'
    '{"@timestamp":"2022-01-26T00:15:20.241Z","error":{"message":"missing syscall"},"event":'
    '{"original":["type=UNKNOWN[1333] msg=audit(1643156118.179:545): op=tick old=9977 new=1"]}}\n'
    '{"@timestamp":"2022-01-26T00:15:20.242Z","event":{"original":["type=TRUSTED_APP msg='
    "audit(1643156118.180:546): pid=9 uid=0 auid=4294967295 ses=4294967295 msg='mark:2'\"]}}\n"
)
NEWEST = {GO_AUDIT: 1490137971.020, AUDITBEAT: 1643156118.180}
ROW = (
    '{{"action":"{action}","columns":{{"time":"1527895541","auid":"1000","eid":"{eid:010}"}},"unixTime":'
    '1527895550,"hostIdentifier":"vagrant","name":"{name}","numerics":false}}\n'
)
TOTALS = {
    "8": '{"log.level":"info","@timestamp":"2024-05-02T10:00:00.000Z","log.logger":"monitoring",'
    '"message":"Total metrics","service.name":"auditbeat","monitoring":{"metrics":{"auditd":'
    '{"kernel_lost":3,"reassembler_seq_gaps":2,"received_msgs":67441,"userspace_lost":0},"beat":{}}}}',
    "7": "2018-07-11T09:29:37.311Z\tINFO\t[monitoring]\tlog/log.go:153\tTotal non-zero metrics\t"
    '{"monitoring": {"metrics": {"auditd":{"kernel_lost":3,"received_msgs":67441},"beat":{}}}}',
}


def write(folder: Path, text: str) -> Path:
    path = folder / "output"
    path.write_text(text, encoding="utf-8")
    return path


# --- what they are told --------------------------------------------------------------------


def test_go_audit_configuration(tmp_path: Path) -> None:
    text = go_audit.config_text(Path("/var/tmp/a b/events.json"))
    assert 'path: "/var/tmp/a b/events.json"' in text
    assert "mode: 0600" in text
    config = load_yaml(write(tmp_path, text))
    assert config["output"]["file"]["mode"] == 0o600
    assert config["rules"] == ["-s"]
    assert config["events"] == {"min": 1005, "max": 2999}
    assert [name for name, out in config["output"].items() if out["enabled"]] == ["file"]
    assert "socket_buffer" not in config
    buffered = load_yaml(write(tmp_path, go_audit.config_text(Path("/x"), 1 << 20)))
    assert buffered["socket_buffer"] == {"receive": 1 << 19}


def test_osqueryd_flags() -> None:
    lines = osqueryd.flag_lines(Path("/var/tmp/x"), allow_config=False, persist=True)
    assert lines == [
        "--config_plugin=filesystem",
        "--config_path=/var/tmp/x/osquery.conf",
        "--logger_plugin=filesystem",
        "--logger_path=/var/tmp/x/log",
        "--database_path=/var/tmp/x/osquery.db",
        "--pidfile=/var/tmp/x/osqueryd.pidfile",
        "--ephemeral=true",
        "--disable_watchdog=true",
        "--disable_extensions=true",
        "--disable_events=false",
        "--disable_audit=false",
        "--audit_allow_config=false",
        "--audit_persist=true",
        "--audit_allow_process_events=true",
        "--audit_allow_sockets=true",
        "--schedule_splay_percent=0",
    ]
    schedule = json.loads(osqueryd.config_text())["schedule"]
    assert schedule["socket_events"] == {
        "query": "SELECT eid, * FROM socket_events;",
        "interval": 1,
        "removed": False,
    }


@pytest.mark.parametrize("mode", ["unicast", "multicast"])
def test_auditbeat_configuration(mode: auditbeat.Mode, tmp_path: Path) -> None:
    config = load_yaml(write(tmp_path, auditbeat.config_text(Path("/var/tmp/x"), mode)))
    (module,) = config["auditbeat.modules"]
    assert module["socket_type"] == mode
    assert module["include_raw_message"] is True
    assert "audit_rules" not in module
    paths = {config[f"path.{name}"] for name in ("home", "data", "logs")}
    assert {config["output.file"]["path"], *paths} == {
        "/var/tmp/x/events",
        "/var/tmp/x/auditbeat",
        "/var/tmp/x/auditbeat/data",
        "/var/tmp/x/auditbeat/logs",
    }


# --- what they say -------------------------------------------------------------------------


def test_go_audit_lines_become_the_kernels_records(tmp_path: Path) -> None:
    records = list(go_audit.records_of(read_lines([write(tmp_path, GO_AUDIT)], go_audit.Event)))
    head = "audit(1490137971.011:50406): "
    assert records[:3] == [
        (1300, (head + SYSCALL).encode()),
        (1306, (head + SOCKADDR).encode()),
        (1327, (head + PROCTITLE).encode()),
    ]
    require_one_whole_connect(records)


def test_auditbeat_lines_become_the_kernels_records(tmp_path: Path) -> None:
    events = read_lines([write(tmp_path, AUDITBEAT)], auditbeat.Event)
    records = list(auditbeat.records_of(events))
    assert [kind for kind, _ in records] == [1300, 1306, 1327, 1333, 1121]
    assert records[0] == (1300, f"audit(1490137971.011:50406): {SYSCALL}".encode())
    require_one_whole_connect(records)


def require_one_whole_connect(records: list[tuple[int, bytes]]) -> None:
    document = judge(records, marker="mark")
    connects = document["sessions"]["3"]["by_syscall"]["42"]
    assert (connects["complete"], connects["partial"]) == (1, 0)
    assert document["markers"] == [2]


def test_osqueryd_rows_are_counted_by_table(tmp_path: Path) -> None:
    lines = [("process_events", "added", eid) for eid in (1, 2)]
    lines += [("socket_events", "added", eid) for eid in (1, 2, 3, 3)]
    lines += [("socket_events", "removed", 4), ("uptime", "added", 1)]
    text = "".join(ROW.format(name=name, action=action, eid=eid) for name, action, eid in lines)
    said = (
        "W0511 12:00:00.000000 17 auditdnetlink.cpp:377] The Audit publisher has throttled reading"
        " records from Netlink for 0.5 seconds. Some events may have been lost.\n"
    )
    rows = read_lines([write(tmp_path, text)], osqueryd.Line)
    assert osqueryd.own_count(rows, said) == {
        "events": 5,
        "process_events": 2,
        "socket_events": 3,
        "throttle_warnings": 1,
    }


def test_go_audit_counts_what_it_missed() -> None:
    said = (
        "Flushed existing audit rules\n"
        "Likely missed sequence 588861, current 589363, worst message delay 0\n"
        "Likely missed sequence 588863, current 589365, worst message delay 0\n"
        "Error during message receive: no buffer space available\n"
    )
    assert go_audit.own_count(said) == {"missed_sequences": 2, "receive_errors": 1}


def test_auditbeat_totals_of_all_versions() -> None:
    for version, line in TOTALS.items():
        said = f"something else\n{line}\nUptime: 3.5s\n"
        counters = auditbeat.own_count(said)
        assert counters["received_msgs"] == 67441, version
        assert counters["kernel_lost"] == 3
    assert auditbeat.own_count("Exiting: no totals\n") == {}
    assert auditbeat.own_count('Total {"monitoring": {"metrics": {"auditd":{oops') == {}


@pytest.mark.parametrize(
    ("regex", "line"),
    [(go_audit.STAMP, GO_AUDIT), (AUDIT_STAMP, AUDITBEAT)],
)
def test_the_age_of_an_output_is_that_of_its_newest_event(
    tmp_path: Path, regex: re.Pattern[bytes], line: str
) -> None:
    age = OutputAge(write(tmp_path, line), regex)
    age.look()
    (milliseconds,) = age.ages_ms
    assert time.time() - milliseconds / 1000 == pytest.approx(NEWEST[line], abs=1)


def test_rows_of_osqueryd_tell_no_age(tmp_path: Path) -> None:
    age = OutputAge(write(tmp_path, ROW), osqueryd.NO_STAMP)
    age.look()
    assert age.ages_ms == []


def test_a_cut_off_last_line_is_passed_over_and_others_are_not(tmp_path: Path) -> None:
    cut = write(tmp_path, GO_AUDIT + GO_AUDIT[:100])
    assert len(list(read_lines([cut], go_audit.Event))) == 2
    broken = write(tmp_path, "no JSON\n" + GO_AUDIT)
    with pytest.raises(ChildFailedError, match="line 1 of output is not understood"):
        list(read_lines([broken], go_audit.Event))
    with pytest.raises(ChildFailedError, match="which is not a record"):
        list(auditbeat.records_of([auditbeat.Event(auditbeat.Original(["type=NOBODY msg=x"]))]))


# --- where they are ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("consumer", "source"),
    [
        (go_audit.GoAudit(), "go install github.com/slackhq/go-audit"),
        *((consumer, "https://osquery.io/downloads") for consumer in osqueryd.OSQUERYDS),
        *((consumer, "https://www.elastic.co/downloads") for consumer in auditbeat.AUDITBEATS),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_an_absent_program_has_a_remedy(
    consumer: go_audit.GoAudit, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    with pytest.raises(ConsumerAbsentError) as caught:
        consumer.find(None)
    line = caught.value.one_line()
    assert source in line
    assert f"--consumer-path {consumer.name}=PATH" in line
    assert "\n" not in line
    with pytest.raises(ConsumerAbsentError, match="is not a program"):
        consumer.find(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("script", "version"),
    [
        ("echo 'tool version 1.2'; echo more", "tool version 1.2"),
        ("echo 'flag provided but not defined: -version' >&2; exit 2", "not told"),
    ],
)
def test_the_version_is_the_programs_own_word(
    script: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "tool"
    tool.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = find_download("any", "tool", None, source="make it", version_word="-version")
    assert (found.path, found.version) == (tool, version)
