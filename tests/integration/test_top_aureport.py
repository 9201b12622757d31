"""Counts equal those of `aureport --summary` on the same file, also where it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.log import LogSums, read_logs
from tests.support.audit_logs import REPORTS, aureport, everyday, ours, repeated
from tests.support.hostile_logs import MESSAGES, hostile_log
from tests.support.programs import needs

pytestmark = needs("aureport")


def assert_equal(path: Path) -> int:
    """Compare all reports; how many events they counted together."""
    sums = LogSums(tuple(REPORTS))
    read_logs([str(path)], sums)
    document = sums.document()
    total = 0
    for kind, report in REPORTS.items():
        theirs = aureport(report, path)
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


def test_nothing(tmp_path: Path) -> None:
    assert assert_equal(written(tmp_path, b"no record\n\n")) == 0
