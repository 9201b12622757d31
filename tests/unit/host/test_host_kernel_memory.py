"""`audit_ever_enabled` read from a made-up /proc/kcore: believed only when it is certain."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from harness.host.ever_enabled.kernel_memory import ever_enabled_flag
from harness.host.ever_enabled.probe import probe_ever_enabled
from harness.host.tree import HostTree
from tests.support.made_up_host import MadeUpClient, MadeUpHost, audit_status

BASE = 0xFFFFFFFF81000000
LIMIT_AT, FLAG_AT = BASE + 0x100, BASE + 0x200

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="not told on big endian")


def kcore(limit: int, flag: int) -> bytes:
    """An ELF file with two segments; the second holds the two variables."""
    memory = bytearray(0x1000)
    struct.pack_into("=I", memory, 0x100, limit)
    memory[0x200] = flag
    header = struct.pack(
        "=16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0
    )
    other = struct.pack("=IIQQQQQQ", 1, 7, 0x3000, 0xFFFF888000000000, 0, 16, 16, 4096)
    data = struct.pack("=IIQQQQQQ", 1, 7, 0x1000, BASE, 0, 0x1000, 0x1000, 4096)
    return (header + other + data).ljust(0x1000, b"\0") + bytes(memory)


@pytest.fixture
def host(tmp_path: Path) -> MadeUpHost:
    host = MadeUpHost(tmp_path)
    host.write(
        "/proc/kallsyms",
        f"{BASE:016x} T _text\n{LIMIT_AT:016x} d audit_backlog_limit\n"
        f"{FLAG_AT:016x} D audit_ever_enabled\n{BASE:016x} t helper\t[module]\n",
    )
    return host


@pytest.mark.parametrize(("flag", "expected"), [(0, False), (1, True), (2, None)])
def test_flag(host: MadeUpHost, flag: int, expected: bool | None) -> None:
    host.write("/proc/kcore", kcore(64, flag))
    assert ever_enabled_flag(host.tree, backlog_limit=64) is expected


def test_not_believed_when_the_control_value_differs(host: MadeUpHost) -> None:
    host.write("/proc/kcore", kcore(64, 1))
    assert ever_enabled_flag(host.tree, backlog_limit=8192) is None


def test_not_believed_when_the_control_value_is_zero(host: MadeUpHost) -> None:
    host.write("/proc/kcore", kcore(0, 0))
    assert ever_enabled_flag(host.tree, backlog_limit=0) is None


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x02", b"x" * 5000])
def test_no_core_file(host: MadeUpHost, content: bytes) -> None:
    host.write("/proc/kcore", content)
    assert ever_enabled_flag(host.tree, backlog_limit=64) is None


def test_hidden_addresses(host: MadeUpHost) -> None:
    host.write("/proc/kcore", kcore(64, 1))
    host.write("/proc/kallsyms", f"{0:016x} d audit_backlog_limit\n{0:016x} D audit_ever_enabled\n")
    assert ever_enabled_flag(host.tree, backlog_limit=64) is None


def test_nothing_there(tmp_path: Path) -> None:
    assert ever_enabled_flag(HostTree(tmp_path), backlog_limit=64) is None


@pytest.mark.parametrize(("flag", "state"), [(0, "never"), (1, "before")])
def test_the_probe_takes_it_and_loads_no_rule(host: MadeUpHost, flag: int, state: str) -> None:
    host.write("/proc/kcore", kcore(64, flag))
    client = MadeUpClient(audit_status())
    answer = probe_ever_enabled(client, tree=host.tree)
    assert (answer.state, client.log) == (state, [])
    assert "/proc/kcore" in answer.how
