"""An eBPF probe by bpftrace: the calls that the rules record, watched without audit.

bpftrace runs probe.bt on execve, connect and bind, and writes a line per call to a file, as a
production consumer would. Its CPU and memory are those of the process `bpftrace`: formatting and
writing. The probes themselves run inside the calls that they watch, so the kernel charges their
time to the load, where it shows as a longer call.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path
from typing import Any

from harness.consumers.base import ConsumerAbsentError, ConsumerReport, ConsumerSetup, Found
from harness.consumers.foreign.external import LAST_WORDS_BYTES, ExternalProcess
from harness.consumers.foreign.output_age import OutputAge
from harness.consumers.foreign.probe_lines import STAMP, ProbeCounts, is_call, own_count
from harness.consumers.foreign.program import answer_of, find_program
from harness.consumers.foreign.running import ForeignRunning
from harness.consumers.foreign.tracefs import has_tracefs, with_tracefs
from harness.host.tree import HostTree
from harness.processes.line_process import ChildFailedError

NAME = "ebpf"
PROGRAM = "bpftrace"
SCRIPT = Path(__file__).with_name("probe.bt")
BUFFER_PAGES = 256
"""Per CPU, 1 MiB: about the 8,192 events that the scenarios' backlog holds."""
READY_TIMEOUT_S = 60.0
"""bpftrace compiles the script against the kernel's types first: seconds on slow CPUs."""
_UNSET = 4294967295
_INSTALL = "install it (`apt-get install bpftrace`), or name its program with --consumer-path"
_REMEDY = (
    "`bpftrace -e 'tracepoint:syscalls:sys_exit_connect { exit() }'` has to work as root: it needs"
    " CONFIG_BPF_EVENTS, CONFIG_FTRACE_SYSCALLS and CONFIG_DEBUG_INFO_BTF, and no lockdown"
)


class _Bpftrace(ExternalProcess):
    """A bpftrace process; it writes the calls to the same output as its messages."""

    def output(self) -> str:
        """Its messages, without the calls."""
        with self.lines.open("rb") as lines:
            said = [line for line in lines if not is_call(line)]
        return b"".join(said).decode(errors="replace")

    def last_words(self) -> str:
        """The end of its messages, without the calls of whatever else ran."""
        return self.output()[-LAST_WORDS_BYTES:].strip()

    @property
    def lines(self) -> Path:
        """The file of calls."""
        return self.folder / f"{self.name}.output"


class EbpfRunning(ForeignRunning):
    """One bpftrace whose probes are attached."""

    def __init__(self, process: _Bpftrace, setup: ConsumerSetup) -> None:
        super().__init__(process, setup, OutputAge(process.lines, STAMP), mode=None)
        self._lines = process.lines
        self._sessions: set[int] = set()

    def attribute_tree(self, pid: int) -> None:
        """Use its audit session, which is exact, if it has its own; else parent processes."""
        session = session_of(pid, self._tree)
        if session is None:
            super().attribute_tree(pid)
        else:
            self._sessions.add(session)

    def stop(self) -> ConsumerReport:
        """Stop it after a call on each CPU: only the next call in a buffer reports its losses."""
        _call_on_each_cpu()
        return super().stop()

    def document(self) -> dict[str, Any]:
        """The calls of the given trees; calls of other processes cost it as much."""
        with self._lines.open("rb") as lines:
            counts = ProbeCounts.of(lines)
        document = own_count(counts.by_syscall(self._sessions, self.trees), counts.lost)
        document["own_count"]["others"] = counts.total - document["own_count"]["events"]
        return document


class EbpfConsumer:
    """bpftrace with probe.bt."""

    name = NAME
    summary = "an eBPF probe on execve, connect and bind by bpftrace, without audit"
    sees_events = True
    registers = False
    changes = ""
    by_tree = True

    def find(self, binary: Path | None, tree: HostTree | None = None) -> Found:
        """Find bpftrace, if the kernel offers what it needs."""
        path = find_program(PROGRAM, binary, remedy=_INSTALL)
        _refuse_kernel(tree or HostTree())
        code, words = answer_of([path, "--version"])
        return Found(path, words.removeprefix(PROGRAM).strip() if code == 0 else "not told")

    def start(self, setup: ConsumerSetup) -> EbpfRunning:
        """Start it, and wait until our own calls appear in its output."""
        assert setup.folder is not None
        process = _Bpftrace(
            NAME,
            _command(find_program(PROGRAM, setup.binary, remedy=_INSTALL)),
            setup.folder,
            cpus=setup.cpus,
            environment={"BPFTRACE_PERF_RB_PAGES": str(BUFFER_PAGES)},
        )
        try:
            process.wait_until(
                lambda: _sees_us(process.lines), READY_TIMEOUT_S, "show calls of our own"
            )
            return EbpfRunning(process, setup)
        except ChildFailedError as error:
            process.end()
            raise ChildFailedError(_reason(process) or error.what, remedy=_REMEDY) from error
        except BaseException:
            process.end()
            raise


def session_of(pid: int, tree: HostTree) -> int | None:
    """The audit session of a process; None if it has none, or shares ours."""
    session = tree.number(f"/proc/{pid}/sessionid")
    return None if session in (_UNSET, tree.number("/proc/self/sessionid")) else session


def _refuse_kernel(tree: HostTree) -> None:
    missing = {
        "BTF (/sys/kernel/btf/vmlinux)": tree.exists("/sys/kernel/btf/vmlinux"),
        "tracefs": has_tracefs(tree),
    }
    if absent := [name for name, there in missing.items() if not there]:
        raise ConsumerAbsentError(
            f"this kernel has no {' and no '.join(absent)}, so {NAME} cannot run", remedy=_REMEDY
        )


def _command(program: Path) -> list[str]:
    """The command, arranged so that nothing outlives the harness, not even while it starts."""
    since_1970_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    command = with_tracefs([str(program), str(SCRIPT), str(since_1970_ns)])
    return ["setpriv", "--pdeathsig", "KILL", *command]


def _reason(process: ExternalProcess) -> str:
    """The last line that bpftrace marks as an error, if it gave up; the line below is the place."""
    if (process.code or 0) <= 0:
        return ""
    errors = [line.strip() for line in process.output().splitlines() if "ERROR: " in line]
    return f"{NAME} could not be started: {errors[-1][:200]}" if errors else ""


def _sees_us(lines: Path) -> bool:
    """Whether calls of each kind by this process appear in the output.

    bpftrace's BEGIN would not show that: it runs before the other probes are attached.
    """
    _call_each()
    with lines.open("rb") as file:
        seen = ProbeCounts.of(file).by_syscall((), (os.getpid(),))
    return all(seen.values())


def _call_on_each_cpu() -> None:
    before = os.sched_getaffinity(0)
    try:
        for cpu in range(os.cpu_count() or 1):
            with contextlib.suppress(OSError):  # offline, or not allowed
                os.sched_setaffinity(0, {cpu})
                _call_each()
    finally:
        os.sched_setaffinity(0, before)


def _call_each() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        ours.connect(("127.0.0.1", 9))
    with contextlib.suppress(OSError):
        os.execv("/nonexistent/program", ["program"])  # noqa: S606 - it has to fail
