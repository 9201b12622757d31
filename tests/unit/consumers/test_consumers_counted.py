"""Daemons in guests: their last messages, and what a run says of their packages."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from harness.consumers.base import ConsumerSetup
from harness.consumers.catalog import CONSUMERS
from harness.consumers.counted.adapters import ADAPTERS, PROGRAMS
from harness.consumers.counted.packaged import PackagedConsumer
from harness.consumers.counted.system_log import SystemLog
from harness.errors import UsageError
from harness.guest.daemons.deb import Deb
from harness.guest.daemons.gather import Gathered, Program


def test_the_adapters_are_those_of_live_runs() -> None:
    assert ADAPTERS.keys() == PROGRAMS.keys()
    for name, adapter in ADAPTERS.items():
        assert CONSUMERS[name] is adapter


def test_the_last_messages_of_a_daemon_are_told_in_one_line(tmp_path: Path) -> None:
    device = tmp_path / "log"
    with SystemLog(device) as log:
        assert log.end_in_words() == ""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
            daemon.connect(str(device))
            for text in ("first", "second", "Permission\x1b[31m denied\nand so on", "exiting"):
                daemon.send(f"<28>Nov 29 01:02:03 auditd[7]: {text}\0".encode())
        words = log.end_in_words()
    assert words == (
        "; its last messages: auditd[7]: Permission\\x1b[31m denied | and so on | "
        "auditd[7]: exiting"
    )
    assert not device.exists()


def packaged() -> PackagedConsumer:
    def program(name: str, version: str) -> Program:
        return Program(b"", "", Deb(name, version, f"trixie/{name}", (), {}))

    found = PackagedConsumer("auditd-laurel@7", "auditd-laurel", ("trixie/laurel",), 3)
    programs = {"laurel": program("laurel", "0.7.1"), "auditd": program("auditd", "1:4.0.2")}
    found.__dict__["gathered"] = Gathered(programs, {})
    return found


def test_a_run_says_which_packages_it_counted() -> None:
    found = packaged().find(None)
    assert str(found.path) == "trixie/laurel"
    assert found.version == "0.7.1 with auditd 1:4.0.2"
    assert packaged().program == "/auditbench/daemons/3/bin/laurel"


def test_a_package_is_never_started_on_this_host() -> None:
    with pytest.raises(UsageError, match="is started in guests only"):
        packaged().start(ConsumerSetup(marker="x"))
