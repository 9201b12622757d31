"""The command line, parsed by hand: importing argparse would double the start-up time."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from consumer.catalog import DEPTH_SUMMARIES, DEPTHS, MODES
from consumer.errors import UsageError
from consumer.text.names import type_number

DEFAULT_RCVBUF_BYTES = 16 << 20
HELP = "see python -m consumer --help"

USAGE = """\
usage: python -m consumer --mode MODE [options]

Receives audit records, counts them, and prints the counters as one JSON document.

  --mode unicast|multicast|fd  unicast registers as the audit daemon; fd reads datagrams from --fd
  --fd N                       an inherited UNIX datagram, seqpacket or netlink socket (mode fd)
  --depth DEPTH                how much is done with each record (default: assemble)
{depths}
  --rcvbuf BYTES               socket receive buffer, K and M allowed (default: 16M)
  --enobufs                    let a full buffer be reported as ENOBUFS (default: it is not)
  --batch SLOTS                datagrams per receive call, 1 to 1024 (default: 64)
  --duration SECONDS           stop by itself after this time
  --records N                  stop after N records
  --cpu LIST                   run on these CPUs only, such as 1 or 2,3
  --marker PREFIX              report user messages that contain PREFIX:NUMBER
  --excluded-types T,T         record types (names or numbers) that rules suppress
  --store PATH                 file for depth store, in the raw format of audit.log
  --capture PATH               keep every datagram in this file (docs/capture.md)
  --follow                     print events as JSON lines, decoded
  --control                    take commands on stdin (counters, tree PID, stop), report on stdout
"""


class Options(NamedTuple):
    """A checked command line; importing dataclasses would take longer than everything else here."""

    mode: str
    fd: int = -1
    depth: str = "assemble"
    rcvbuf_bytes: int = DEFAULT_RCVBUF_BYTES
    no_enobufs: bool = True
    batch: int = 64
    duration_ns: int = 0
    records: int = 0
    cpus: frozenset[int] = frozenset()
    marker: str = ""
    excluded_types: frozenset[int] = frozenset()
    store: str | None = None
    capture: str | None = None
    follow: bool = False
    control: bool = False


def usage() -> str:
    """The text of --help."""
    depths = "\n".join(
        f"                                 {name}: {DEPTH_SUMMARIES[name]}" for name in DEPTHS
    )
    return USAGE.format(depths=depths)


def _choice(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in allowed:
            raise ValueError("one of " + ", ".join(allowed))
        return text

    return convert


def _whole(low: int, high: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return convert


def _size(text: str) -> int:
    shift = {"K": 10, "M": 20}.get(text[-1:].upper(), 0)
    digits = text[:-1] if shift else text
    if not digits.isdecimal() or not 0 < int(digits) << shift < 1 << 30:
        raise ValueError("a size in bytes below 1 GiB, such as 212992, 512K or 16M")
    return int(digits) << shift


def _seconds_as_ns(text: str) -> int:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise ValueError("a time in seconds above 0")
    return int(seconds * 1e9)


def _cpus(text: str) -> frozenset[int]:
    numbers = text.split(",")
    if not all(number.isdecimal() and int(number) < 1 << 20 for number in numbers):
        raise ValueError("CPU numbers, such as 1 or 2,3")
    return frozenset(map(int, numbers))


def _types(text: str) -> frozenset[int]:
    numbers = {name: type_number(name) for name in text.split(",") if name}
    unknown = [name for name, number in numbers.items() if number is None]
    if unknown or not numbers:
        raise ValueError("record types by name or number, such as PROCTITLE,1320")
    return frozenset(number for number in numbers.values() if number is not None)


def _text(text: str) -> str:
    if not text:
        raise ValueError("not empty")
    return text


_VALUED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "--mode": ("mode", _choice(MODES)),
    "--fd": ("fd", _whole(0, 1 << 20)),
    "--depth": ("depth", _choice(DEPTHS)),
    "--rcvbuf": ("rcvbuf_bytes", _size),
    "--batch": ("batch", _whole(1, 1024)),
    "--duration": ("duration_ns", _seconds_as_ns),
    "--records": ("records", _whole(1, 1 << 62)),
    "--cpu": ("cpus", _cpus),
    "--marker": ("marker", _text),
    "--excluded-types": ("excluded_types", _types),
    "--store": ("store", _text),
    "--capture": ("capture", _text),
}
_FLAGS = {
    "--enobufs": ("no_enobufs", False),
    "--follow": ("follow", True),
    "--control": ("control", True),
}


def parse_arguments(arguments: list[str]) -> Options:
    """Check a command line; raises UsageError naming the first error."""
    values: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equal, text = argument.partition("=")
        if name in _FLAGS and not equal:
            attribute, value = _FLAGS[name]
            values[attribute] = value
            continue
        if name not in _VALUED:
            raise UsageError(f"unknown argument {argument}", HELP)
        attribute, convert = _VALUED[name]
        given = text if equal else next(rest, None)
        if given is None:
            raise UsageError(f"{name} has no value", HELP)
        try:
            values[attribute] = convert(given)
        except ValueError as error:
            raise UsageError(f"{name} cannot be {given!r}", f"give {error}") from None
    _check_together(values)
    return Options(**values)


def _check_together(values: dict[str, Any]) -> None:
    """Refuse combinations that make no sense, with what to change."""
    mode, depth = values.get("mode"), values.get("depth", "assemble")
    if mode is None:
        raise UsageError("no --mode", "give --mode unicast, multicast or fd")
    if (mode == "fd") != ("fd" in values):
        raise UsageError("--mode fd and --fd N go together", "give both or neither")
    if depth == "store" and "store" not in values:
        raise UsageError("--depth store writes a file", "give --store PATH")
    if depth != "store" and "store" in values:
        raise UsageError("--store needs depth store", "give --depth store")
    if depth == "discard" and ("capture" in values or "follow" in values):
        raise UsageError("at depth discard no records arrive", "give --depth count or deeper")
    if mode == "fd":
        _check_descriptor(values["fd"])


def _check_descriptor(fd: int) -> None:
    try:
        os.fstat(fd)
    except OSError:
        raise UsageError(f"--fd {fd} is not open", "pass an inherited socket") from None
