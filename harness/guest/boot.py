"""One guest, started and listened to: the emulator, its console, and the line to its agent.

The emulator is plain (no KVM) and counts: its clock advances by one nanosecond per instruction, and
sleeping costs nothing. Kernel and root are given to it in memory, so that nothing is left on a
disk; it dies with this process, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
from collections import deque
from typing import Any, Final

from harness.errors import UntrustworthyError, UsageError
from harness.guest.child import die_with, run_child
from harness.guest.console import Console
from harness.guest.contents import AGENT, LIBRARY_PATH, PYTHON_PATH, interpreter
from harness.guest.inside.clocks import cpu_ns
from harness.guest.kernels.images import KernelImage
from harness.guest.machines import X86_64, Machine

MEMORY_MIB: Final = 512
MOST_ROOT_BYTES: Final = 96 << 20
"""The kernel has a root twice while it unpacks it, and the agent reads its order from it."""
_TRY_AGAIN: Final = "run it again; if it stays so, try another kernel"
_NO_MEMORY: Final = (
    f"a guest has {MEMORY_MIB} MiB: name fewer or smaller rule files, or a smaller kernel"
)
_MOST_LINE_BYTES = 4 << 20
_END_S = 5.0


class GuestFailedError(UntrustworthyError):
    """A guest ended, hung or refused before it had measured everything."""


def find_emulator(machine: Machine = X86_64) -> str:
    """The emulator's file; UsageError, with the command that installs it, without one."""
    if (found := shutil.which(machine.emulator)) is None:
        raise UsageError(f"{machine.emulator} is not installed", remedy=machine.install)
    return found


def emulator_version(machine: Machine = X86_64) -> str:
    """The emulator's version in its own words."""
    said = run_child([find_emulator(machine), "--version"]).stdout.decode(errors="replace")
    return (said.splitlines() or [""])[0].strip()


def kernel_parameters(machine: Machine = X86_64) -> str:
    """The kernel's command line; what it does not know itself becomes the agent's environment."""
    environment = {
        "PYTHONPATH": PYTHON_PATH,
        "LD_LIBRARY_PATH": LIBRARY_PATH,
        "PYTHONHASHSEED": "0",
    }
    variables = " ".join(f"{name}={value}" for name, value in environment.items())
    return (
        f"console={machine.console} quiet panic=-1 nokaslr norandmaps "
        f"{machine.parameters}rdinit={interpreter(machine)} {variables} -- -P -S -m {AGENT}"
    )


def emulator_command(
    machine: Machine, emulator: str, *, kernel: str, root: str, line_fd: int, seed: int
) -> list[str]:
    """The command that starts one guest: console on standard output, the line on a socket."""
    return [
        emulator,
        *(*machine.options, "-smp", "1", "-m", str(MEMORY_MIB)),
        *("-accel", "tcg", "-icount", "shift=0,sleep=off"),
        *("-nodefaults", "-no-user-config", "-nographic", "-no-reboot"),
        *("-rtc", "base=2026-01-01T00:00:00,clock=vm", "-seed", str(seed)),
        *("-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"),
        *("-chardev", f"socket,id=line,fd={line_fd}", *machine.line_options),
        *("-kernel", kernel, "-initrd", root, "-append", kernel_parameters(machine)),
    ]


class Guest:
    """A running guest. A context manager: the emulator has ended when it is left."""

    def __init__(self, kernel: KernelImage, root_fd: int, kernel_fd: int, *, seed: int) -> None:
        """Start it; the descriptors are of files in memory, and stay the caller's.

        UsageError for a root that a guest's memory has no room for.
        """
        _require_room(os.fstat(root_fd).st_size)
        self.name = kernel.release or kernel.source
        ours, theirs = socket.socketpair()
        with theirs:
            command = emulator_command(
                kernel.machine,
                find_emulator(kernel.machine),
                kernel=f"/dev/fd/{kernel_fd}",
                root=f"/dev/fd/{root_fd}",
                line_fd=theirs.fileno(),
                seed=seed,
            )
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[kernel_fd, root_fd, theirs.fileno()],
                process_group=0,
                preexec_fn=die_with(os.getpid()),  # noqa: PLW1509 - there are no threads here
            )
        assert self._process.stdout is not None
        self.console_stream = self._process.stdout
        self.line = ours
        self._console = Console()
        self._unfinished = b""
        self._answers: deque[dict[str, Any]] = deque()
        os.set_blocking(self.console_stream.fileno(), False)
        ours.setblocking(False)

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """The emulator's process id."""
        return self._process.pid

    def read_console(self) -> bool:
        """Take what the console has; False once it is closed."""
        data = self.console_stream.read(65536)
        self._console.take(data or b"")
        return data != b""

    def read_line(self) -> bool:
        """Take what the agent has said; False once the line is closed."""
        try:
            data = self.line.recv(65536)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        if len(self._unfinished) > _MOST_LINE_BYTES:
            raise self.failure("says more than it can have to say")
        self._answers.extend(self._decode(line) for line in lines)
        return bool(data)

    def answers(self) -> list[dict[str, Any]]:
        """What the agent has said since the last time."""
        taken = list(self._answers)
        self._answers.clear()
        return taken

    def complaints(self) -> list[str]:
        """The lines since the last time in which its kernel says that something is wrong."""
        return self._console.complaints()

    def cpu_s(self) -> float:
        """The CPU time that the emulator has had, in seconds; 0 once it has ended."""
        try:
            return cpu_ns(self.pid) / 1e9
        except OSError:
            return 0.0

    def failure(self, what: str, *, remedy: str = _TRY_AGAIN) -> GuestFailedError:
        """The error that this guest failed, with the end of its console.

        The remedy is another where the console, or `what`, says that memory was too little.
        """
        with contextlib.suppress(OSError, ValueError):
            while data := self.console_stream.read(65536):
                self._console.take(data)
        lacks_memory = self._console.lacks_memory() or "MemoryError" in what
        return GuestFailedError(
            f"the guest with kernel {self.name} {what}; its console ends: {self._console.end()}",
            remedy=_NO_MEMORY if lacks_memory else remedy,
        )

    def _decode(self, line: bytes) -> dict[str, Any]:
        try:
            document = json.loads(line)
        except ValueError:
            document = None
        if not isinstance(document, dict) or not isinstance(document.get("event"), str):
            raise self.failure(f"said {line[:80]!r}, which is not understood")
        return document

    def end(self) -> None:
        """End the emulator, by force: a guest has nothing to save. Never raises."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self.console_stream.close()
        self.line.close()


def _require_room(root_bytes: int) -> None:
    if root_bytes > MOST_ROOT_BYTES:
        raise UsageError(
            f"a guest would be given {root_bytes >> 20} MiB of programs and rules, and has memory "
            f"for {MOST_ROOT_BYTES >> 20}",
            remedy="name fewer or smaller rule files, or count them one after the other",
        )
