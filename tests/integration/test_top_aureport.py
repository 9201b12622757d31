"""Counts equal those of `aureport --summary` (3.0.9) on the same file, also where it is damaged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from consumer.log.summary import LogSums, read_logs
from consumer.text.names import TYPE_NAMES
from tests.golden.aureport.answers import answers_to
from tests.support.records.audit_logs import REPORTS, everyday, ours, repeated
from tests.support.records.hostile_logs import MESSAGES, hostile_log, odd_log
from tests.unit.consumer.test_consumer_log_lines import CALL, record


def assert_equal(path: Path) -> int:
    """Compare all reports; how many events they counted together."""
    sums = LogSums(tuple(REPORTS), as_aureport=True)
    read_logs([str(path)], sums)
    document = sums.document()
    total = 0
    for kind, theirs in answers_to(path).items():
        assert ours(document, kind) == theirs, kind
        total += theirs.total()
    return total


def written(folder: Path, content: bytes) -> Path:
    path = folder / "audit.log"
    path.write_bytes(content)
    return path


def test_recorded(tmp_path: Path) -> None:
    assert assert_equal(written(tmp_path, repeated(4))) > 3000


def test_an_everyday_log(tmp_path: Path) -> None:
    assert assert_equal(written(tmp_path, everyday(5000))) > 5000


def test_nodes_mixed(tmp_path: Path) -> None:
    left, right = (repeated(1, node).splitlines(keepends=True) for node in (b"a", b"b"))
    mixed = b"".join(line for pair in zip(left, right, strict=True) for line in pair)
    assert assert_equal(written(tmp_path, mixed)) > 1000


def test_every_kind_of_message(tmp_path: Path) -> None:
    lines = [
        b"type=UNKNOWN[%d] msg=audit(1700000000.000:%d): %s\n" % (record_type, serial, body)
        for serial, (record_type, body) in enumerate(MESSAGES)
    ]
    assert assert_equal(written(tmp_path, b"".join(lines))) > 50


@pytest.mark.parametrize("seed", range(8))
def test_out_of_order(seed: int, tmp_path: Path) -> None:
    assert assert_equal(written(tmp_path, hostile_log(seed, 200, 0.0))) > 200


@pytest.mark.parametrize("seed", range(24))
def test_damaged(seed: int, tmp_path: Path) -> None:
    share = 0.05 if seed % 2 else 0.3
    assert assert_equal(written(tmp_path, hostile_log(1000 + seed, 80, share))) > 50


@pytest.mark.parametrize("seed", range(16))
def test_numbers_that_are_none(seed: int, tmp_path: Path) -> None:
    assert assert_equal(written(tmp_path, odd_log(seed, 60))) > 30


def test_records_as_the_kernel_prints_them(tmp_path: Path) -> None:
    numbers = {name.encode(): number for number, name in TYPE_NAMES.items()}
    log = re.sub(
        rb"^type=(\w+) msg=",
        lambda match: b"type=%d " % numbers[match[1]],
        everyday(2000),
        flags=re.MULTILINE,
    )
    assert b" msg=audit(17" not in log
    assert assert_equal(written(tmp_path, log)) > 2000


def test_heads_of_old_daemons(tmp_path: Path) -> None:
    lines = [
        b"type=DAEMON_CONFIG msg=audit(1490239800.477:34) config changed, auid=0 pid=1512 subj=x "
        b"res=success",
        b"type=DAEMON_END msg=audit(1490239801.477:35) auditd normal halt, sending auid=7 pid=8 ",
        b"type=DAEMON_START msg=audit(1490239802.477:36) auditd start, ver=1.2.9, format=raw, "
        b"auid=4294967295 pid=2166 res=success, auditd pid=21",
    ]
    assert assert_equal(written(tmp_path, b"\n".join(lines) + b"\n")) == 6


def test_keys_that_are_empty(tmp_path: Path) -> None:
    keys = (b'""', b'"k""', b"01", b"0161", b'"(null)"', b"(null)", b'"a"')
    lines = [record(n, CALL.replace(b'"k"', key)) for n, key in enumerate(keys)]
    lines.append(record(99, b'auid=5 ses=1 op=add_rule key="" list=4 res=1', name=b"CONFIG_CHANGE"))
    assert assert_equal(written(tmp_path, b"".join(lines))) > 20


def test_a_prefix_of_syslog_changes_nothing(tmp_path: Path) -> None:
    log = everyday(500)
    plain, prefixed = LogSums(tuple(REPORTS)), LogSums(tuple(REPORTS))
    plain.reader.feed(log)
    prefixed.reader.feed(re.sub(rb"^(?=type=)", b"Mar  1 10:00:01 h k: ", log, flags=re.MULTILINE))
    for kind in REPORTS:
        assert ours(plain.document(), kind) == ours(prefixed.document(), kind)


def test_nothing(tmp_path: Path) -> None:
    assert assert_equal(written(tmp_path, b"no record\n\n")) == 0
