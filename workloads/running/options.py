"""The command line of `python -m workloads`, checked as far as possible without the host."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from workloads.catalog import WORKLOADS, WorkloadInfo
from workloads.errors import WorkloadError
from workloads.running.session import UNSET

# The limits of all options stand here; whoever must know them beforehand asks `check.check_load`.
MOST_OPS = 10**15
MOST_DIGITS = 20
MOST_WORKERS = 1024
MOST_RATE_PER_S = 1e9
MOST_BUSY_NS = 1_000_000_000
MOST_N = 12  # 49,152 shells, hundreds of processes at once
MOST_MARKER_CHARACTERS = 512
MOST_CPUS = 8192  # the kernel's own limit (CONFIG_NR_CPUS)


@dataclass(frozen=True, slots=True)
class Options:
    """The user's options; None, "" or () for those not given.

    `auid` is `keep`, `unset`, `leave` or a uid in digits; `rate_per_s` 0 is a closed loop, of a
    rate the first `burst` operations are due at once;
    `command` are the words after `--`.
    """

    workload: str
    ops: int | None
    workers: int
    rate_per_s: float
    burst: int
    cpus: tuple[int, ...]
    auid: str
    control: bool
    show_output: bool
    program: str
    address: str
    port: int
    interface: str
    netns: str
    sink_buffer: int
    n: int | None
    busy_ns: int | None
    full_speed_ns: int | None
    fd: int | None
    service: str
    service_digest: str
    capture: str
    marker: str
    command: tuple[str, ...]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WorkloadError(f"{message}: see python -m workloads --help")


def wants_list(words: Sequence[str]) -> bool:
    """Whether the command line asks for the catalog instead of a load."""
    return "--list" in words[: words.index("--") if "--" in words else len(words)]


def parse_options(words: Sequence[str]) -> tuple[Options, WorkloadInfo]:
    """The options in `words` (without the program's name) and the workload they choose."""
    split = list(words).index("--") if "--" in words else len(words)
    given = _parser().parse_args(words[:split])
    given.command = tuple(words[split + 1 :])
    info = WORKLOADS.get(given.workload)
    if info is None:
        raise WorkloadError(
            f"there is no workload {given.workload or '(none named)'}: choose "
            + ", ".join(WORKLOADS)
        )
    given.auid = "leave" if given.no_session or not info.session else given.auid
    del given.no_session, given.list, given.json
    options = Options(**vars(given))
    _refuse_what_has_no_meaning(options, info)
    return options, info


def _refuse_what_has_no_meaning(options: Options, info: WorkloadInfo) -> None:
    for name in ("program", "command", "address", "port", "interface", "netns", "sink_buffer", "n",
                 "busy_ns", "fd", "service", "service_digest", "capture", "marker"):  # fmt: skip
        if name not in info.options and getattr(options, name) not in (None, "", 0, ()):
            spelling = {"command": "command after --", "n": "-n"}
            written = spelling.get(name, "--" + name.replace("_", "-"))
            raise WorkloadError(f"{info.name} takes no {written}: leave it out")
    if options.rate_per_s and not info.paced:
        raise WorkloadError(f"{info.name} has no --rate: it runs as fast as it can")
    if options.burst != 1 and not (options.rate_per_s and info.session):
        raise WorkloadError("--burst goes before a --rate of operations: give one, or leave it out")
    if options.workers != 1 and not info.shared:
        raise WorkloadError(f"{info.name} is the work of one process: leave --workers out")
    if len(options.marker) > MOST_MARKER_CHARACTERS or not options.marker.isprintable():
        raise WorkloadError(
            f"--marker must be at most {MOST_MARKER_CHARACTERS} printable characters"
        )
    if info.name == "service" and not options.service:
        raise WorkloadError("service needs a name or a .toml file: give --service FILE")
    if info.name == "command" and not options.command:
        raise WorkloadError("command needs something to run: python -m workloads command -- WORDS")
    if options.command and "program" in info.options and not options.program:
        raise WorkloadError("words after -- are arguments of a program: name it with --program")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m workloads",
        description="Presses the machine with one kind of operation and prints what it took.",
        epilog="Workloads: " + "; ".join(f"{i.name}: {i.operation}" for i in WORKLOADS.values()),
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("workload", nargs="?", default="", help="which one (see below)")
    add("--list", action="store_true", help="print the workloads and end")
    add("--json", action="store_true", help="with --list: as JSON")
    add("--ops", type=_count, help="operations in all (default: the catalog's)")
    add("--workers", type=_workers, default=1, help="processes that share the operations")
    add("--rate", type=_rate, default=0.0, dest="rate_per_s", metavar="OPS_PER_S",
        help="open loop: intended starts per second, latency counted from them")  # fmt: skip
    add("--burst", type=_count, default=1, metavar="OPS",
        help="with --rate: so many operations are due at once, before the rate begins")  # fmt: skip
    add("--cpu", type=_cpus, default=(), dest="cpus", metavar="LIST",
        help="CPUs to run on, as 0,2-3; several workers take one each")  # fmt: skip
    add("--auid", type=_auid, default="keep", help="keep, unset or a uid for the session")
    add("--no-session", action="store_true", help="leave loginuid and session alone")
    add("--control", action="store_true", help="speak JSON lines: ready, go, result")
    add("--show-output", action="store_true", help="let spawned programs write to stderr")
    add("--program", default="", metavar="PATH", help="shells: spawn this, arguments after --")
    add("--address", default="", metavar="IP", help="udp: where to (default: 127.0.0.1)")
    add("--port", type=_port, default=0, help="udp: which port (default: any free one)")
    add("--interface", default="", metavar="IF", help="udp: bind the sockets to it")
    add("--netns", default="", metavar="NAME", help="udp: run in this network namespace")
    add("--sink-buffer", type=_count, default=0, metavar="BYTES",
        help="udp: the sink's receive buffer (default: the smallest)")  # fmt: skip
    add("-n", type=_intensity, help="osquery-stress: intensity, n*2^n shells and connects")
    add(
        "--busy-ns",
        type=_busy_ns,
        metavar="NS",
        help="work of its own after each operation: a loop on the clock",
    )
    add(
        "--full-speed-ns",
        type=_count,
        metavar="NS",
        help="wait a little for a moment in which the probe takes no longer than about this",
    )
    add("--service", default="", metavar="FILE",
        help="service: which, by its name or its .toml file")  # fmt: skip
    add("--service-digest", default="", metavar="SHA256",
        help="service: refuse the file if it is another")  # fmt: skip
    add("--fd", type=_descriptor, help="replay: the inherited socket")
    add("--capture", default="", metavar="FILE", help="replay: what to send")
    add("--marker", default="", metavar="TEXT", help="replay: a user message to end with")
    return parser


def _number(text: str, least: int, most: int, what: str) -> int:
    digits = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    if not digits or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} from {least} to {most}")
    return int(text)


def _count(text: str) -> int:
    return _number(text, 1, MOST_OPS, "a number")


def _intensity(text: str) -> int:
    return _number(text, 1, MOST_N, "a size (n means n * 2**n shells in a tree of processes)")


def _busy_ns(text: str) -> int:
    return _number(text, 1, MOST_BUSY_NS, "a time in ns")


def _workers(text: str) -> int:
    return _number(text, 1, MOST_WORKERS, "a number of processes")


def _port(text: str) -> int:
    return _number(text, 1, 65535, "a port")


def _descriptor(text: str) -> int:
    return _number(text, 0, 2**31 - 1, "a file descriptor")


def _auid(text: str) -> str:
    if text in ("keep", "unset"):
        return text
    return str(_number(text, 0, UNSET - 1, "keep, unset or a uid"))


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0.0 < rate <= MOST_RATE_PER_S:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a rate above 0 and up to {MOST_RATE_PER_S:g} per second"
        )
    return rate


def _cpus(text: str) -> tuple[int, ...]:
    usable = os.sched_getaffinity(0)
    chosen: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if not first.isdecimal() or not last.isdecimal():
            raise argparse.ArgumentTypeError(f"{text!r} is not a list of CPUs such as 0,2-3")
        chosen.extend(range(int(first), min(int(last), MOST_CPUS) + 1))
    if not chosen or not usable.issuperset(chosen):
        raise argparse.ArgumentTypeError(
            f"{text!r}: the CPUs to choose from are {', '.join(map(str, sorted(usable)))}"
        )
    return tuple(chosen)
