"""The command line: what is accepted, and one line for what is not."""

from __future__ import annotations

import pytest

from consumer.__main__ import main
from consumer.arguments import parse_arguments
from consumer.errors import UsageError

MULTICAST = ["--mode", "multicast"]


def test_defaults() -> None:
    options = parse_arguments(MULTICAST)
    assert (options.depth, options.rcvbuf_bytes, options.batch) == ("assemble", 16 << 20, 64)
    assert options.no_enobufs
    assert not options.control


def test_everything() -> None:
    line = (
        "--mode=unicast --depth store --store /x --capture /y --rcvbuf 512K --enobufs --batch 8 "
        "--duration 1.5 --records 9 --cpu 1 --marker m --excluded-types PROCTITLE,1320 --follow "
        "--control"
    )
    options = parse_arguments(line.split())
    assert options.rcvbuf_bytes == 512 << 10
    assert options.duration_ns == 1_500_000_000
    assert options.excluded_types == {1327, 1320}
    assert (options.records, options.cpus, options.marker) == (9, {1}, "m")
    assert options.follow
    assert options.control
    assert not options.no_enobufs


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "no --mode"),
        (["--mode"], "--mode has no value"),
        (["--mode", "x"], "unicast, multicast, fd"),
        ([*MULTICAST, "--depth", "deep"], "discard, count, decode, assemble, store"),
        ([*MULTICAST, "--nonsense"], "--nonsense"),
        ([*MULTICAST, "extra"], "extra"),
        ([*MULTICAST, "--follow=yes"], "--follow=yes"),
        ([*MULTICAST, "--batch", "0"], "from 1 to 1024"),
        ([*MULTICAST, "--batch", "1025"], "from 1 to 1024"),
        ([*MULTICAST, "--rcvbuf", "-1"], "size"),
        ([*MULTICAST, "--rcvbuf", "2048M"], "size"),
        ([*MULTICAST, "--rcvbuf", "M"], "size"),
        ([*MULTICAST, "--duration", "0"], "seconds"),
        ([*MULTICAST, "--duration", "nan"], "seconds"),
        ([*MULTICAST, "--duration", "soon"], "seconds"),
        ([*MULTICAST, "--records", "1e6"], "whole number"),
        ([*MULTICAST, "--excluded-types", "NOPE"], "record types"),
        ([*MULTICAST, "--excluded-types", ","], "record types"),
        ([*MULTICAST, "--marker", ""], "not empty"),
        ([*MULTICAST, "--fd", "1"], "--fd N go together"),
        (["--mode", "fd"], "--fd N go together"),
        (["--mode", "fd", "--fd", "999999"], "is not open"),
        ([*MULTICAST, "--depth", "store"], "--store PATH"),
        ([*MULTICAST, "--store", "/x"], "--depth store"),
        ([*MULTICAST, "--depth", "discard", "--follow"], "no records arrive"),
        ([*MULTICAST, "--depth", "discard", "--capture", "/x"], "no records arrive"),
    ],
)
def test_refused(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError):
        parse_arguments(arguments)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("consumer: ")
    assert told in err


def test_errors_are_also_told_on_stdout_under_control(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--control"]) == 2
    assert '"event":"error"' in capsys.readouterr().out


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for word in ("--mode", "discard", "store", "--follow", "--excluded-types"):
        assert word in out
