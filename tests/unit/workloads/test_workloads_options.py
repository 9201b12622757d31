"""The command line of the load generators, and what it refuses."""

from __future__ import annotations

import os

import pytest

from workloads.catalog import WORKLOADS
from workloads.errors import WorkloadError
from workloads.running.options import parse_options


def refusal(*words: str) -> str:
    with pytest.raises(WorkloadError) as refused:
        parse_options(words)
    assert refused.value.exit_code == 2
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_defaults() -> None:
    options, info = parse_options(["udp"])
    assert info is WORKLOADS["udp"]
    assert (options.ops, options.workers, options.rate_per_s) == (None, 1, 0.0)
    assert (options.auid, options.cpus, options.command) == ("keep", (), ())
    assert not options.control


def test_everything_at_once() -> None:
    cpu = min(os.sched_getaffinity(0))
    words = f"udp --ops 5 --workers 2 --rate 1e3 --cpu {cpu} --auid 1000 --control --port 9"
    options, _ = parse_options([*words.split(), "--address", "127.0.0.2"])
    assert (options.ops, options.workers, options.rate_per_s) == (5, 2, 1000.0)
    assert (options.auid, options.cpus, options.port) == ("1000", (cpu,), 9)
    assert (options.address, options.control) == ("127.0.0.2", True)


def test_what_follows_the_dashes_is_not_read() -> None:
    options, _ = parse_options(["command", "--ops", "2", "--", "sh", "--ops", "--", "x"])
    assert options.command == ("sh", "--ops", "--", "x")
    assert options.ops == 2


def test_no_session_leaves_the_login_uid_alone() -> None:
    assert parse_options(["udp", "--no-session"])[0].auid == "leave"


def test_replay_begins_no_session() -> None:
    assert parse_options(["replay", "--auid", "5"])[0].auid == "leave"


@pytest.mark.parametrize("words", [["nope"], [], ["--ops", "3"]])
def test_an_unknown_workload_lists_the_known(words: list[str]) -> None:
    message = refusal(*words)
    for name in WORKLOADS:
        assert name in message


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--ops", "0"),
        ("--ops", "-1"),
        ("--ops", "many"),
        ("--ops", "1.5"),
        ("--workers", "0"),
        ("--workers", "100000"),
        ("--rate", "0"),
        ("--rate", "-3"),
        ("--rate", "nan"),
        ("--rate", "inf"),
        ("--rate", "fast"),
        ("--cpu", ""),
        ("--cpu", "a"),
        ("--cpu", "0-"),
        ("--cpu", "99999"),
        ("--cpu", "0-99999999999999"),
        ("--auid", "-1"),
        ("--auid", "4294967295"),
        ("--auid", "root"),
        ("--port", "65536"),
        ("--sink-buffer", "0"),
    ],
)
def test_bad_values_are_named(option: str, value: str) -> None:
    message = refusal("udp", f"{option}={value}")
    assert option in message
    assert value in message


def test_an_unknown_option() -> None:
    assert "--fast" in refusal("udp", "--fast")


def test_options_are_not_abbreviated() -> None:
    refusal("udp", "--work", "2")


@pytest.mark.parametrize(
    "words",
    [
        ["shells", "--address", "127.0.0.1"],
        ["shells", "--netns", "x"],
        ["udp", "--program", "/bin/true"],
        ["udp", "-n", "3"],
        ["udp", "--", "true"],
        ["syscalls", "--interface", "lo"],
        ["files", "--capture", "x"],
        ["udp", "--fd", "3"],
    ],
)
def test_options_that_mean_nothing_to_the_workload(words: list[str]) -> None:
    assert f"{words[0]} takes no" in refusal(*words)


def test_arguments_without_a_program() -> None:
    assert "--program" in refusal("shells", "--", "x")


def test_a_burst_goes_before_a_rate() -> None:
    options, _ = parse_options(["udp", "--rate", "5", "--burst", "20"])
    assert options.burst == 20
    for words in (["udp", "--burst", "20"], ["udp", "--rate", "5", "--burst", "0"]):
        with pytest.raises(WorkloadError, match="burst"):
            parse_options(words)
