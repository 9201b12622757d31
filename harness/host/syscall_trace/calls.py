"""Traced calls with all that rules may test of them."""

from __future__ import annotations

import platform
import re

from consumer.text.archs import syscall_name
from harness.host.syscall_trace.files import files_of, open_flags
from harness.host.syscall_trace.line import Ended, LineReader, TracedCall, number_of
from harness.host.syscall_trace.tasks import Task, Tasks
from harness.kernel.rules.explain.seen import Seen
from harness.kernel.rules.fields import ARCH_32, ARCH_NUMBERS
from harness.kernel.rules.matching.field_match import Call

_MULTIPLEXED = frozenset({"socketcall", "ipc"})
"""Calls that strace names after what they are asked for."""
_ADDRESSED = frozenset({"connect", "bind", "sendto"})
_FAMILY = re.compile(r"\{sa_family=(0x[0-9a-f]{1,4}|\d{1,5})\b")
_EXECS = frozenset({"execve", "execveat"})
URING = "io_uring_setup"


class TracedCalls:
    """Takes the lines of a trace and returns the calls that they complete."""

    def __init__(self, first: Task) -> None:
        machine = platform.machine()
        self._native = ARCH_NUMBERS.get(machine, 0)
        self._compat = ARCH_32.get(machine, 0)
        self._lines = LineReader()
        first.arch = self._native
        self._tasks = Tasks(first)
        self.calls = 0
        self.uses_io_uring = False

    @property
    def unread(self) -> int:
        """Lines that could not be understood, and calls that had not ended at the end."""
        return self._lines.unread

    def take(self, line: str) -> Seen | None:
        """Take the next line."""
        done = self._lines.take(line)
        if isinstance(done, Ended):
            self._tasks.end(done.pid)
            return None
        if done is None:
            self._meet(line)
            return None
        self.calls += 1
        task = self._tasks.of(done.pid, self._lines.unfinished)
        arch, is_plain = self._arch(done, task)
        self.uses_io_uring = self.uses_io_uring or done.name == URING
        cwd = task.cwd
        # A program is asked for as it is when the call returns, its folder as it was before.
        if done.name in _EXECS:
            self._tasks.take(done, task)
        seen = _seen(done, task, arch, cwd, is_plain=is_plain)
        if done.name not in _EXECS:
            self._tasks.take(done, task)
        return seen

    def _meet(self, line: str) -> None:
        """Note a process whose first call has not ended: its parent may be in its fork now only."""
        pid = line.split(maxsplit=1)[:1]
        if pid and pid[0].isdecimal() and int(pid[0]) in self._lines.unfinished:
            own = {
                each: text for each, text in self._lines.unfinished.items() if each != int(pid[0])
            }
            self._tasks.of(int(pid[0]), own)

    def _arch(self, call: TracedCall, task: Task) -> tuple[int, bool]:
        """The architecture, and whether the arguments shown are those of the call."""
        names = [
            (arch, syscall_name(arch, call.number)) for arch in (self._native, self._compat) if arch
        ]
        fitting = [arch for arch, name in names if name == call.name]
        if fitting:
            task.arch = task.arch if task.arch in fitting else fitting[0]
            return task.arch, True
        for arch, name in names:
            if name in _MULTIPLEXED:
                task.arch = arch
                return arch, False
        return task.arch, False


def _seen(call: TracedCall, task: Task, arch: int, cwd: str | None, *, is_plain: bool) -> Seen:
    known = dict(task.ids)
    if is_plain:
        known |= _arguments(call)
    code = call.exit
    if code is not None:
        known |= {"exit": code, "success": int(call.succeeded)}
    if call.name in _ADDRESSED:
        family = next(filter(None, map(_FAMILY.search, call.arguments)), None)
        if family is not None:
            known["saddr_fam"] = int(family[1], 0)
    return Seen(
        Call(arch, call.number, task.exe, known, groups=task.groups),
        files_of(call, cwd),
        returned=call.returned,
        live=True,
        open_flags=open_flags(call) if call.name == "openat2" else None,
    )


def _arguments(call: TracedCall) -> dict[str, int]:
    """a0 to a3, where strace shows the number itself and not what it points to."""
    arguments = list(call.arguments)
    if call.name == "clone":
        # strace shows its arguments by name, in an order of its own.
        named = dict(argument.partition("=")[::2] for argument in arguments)
        arguments = [named.get("flags", "{"), named.get("child_stack", "{")]
    numbers = {f"a{place}": number_of(argument) for place, argument in enumerate(arguments[:4])}
    return {name: value for name, value in numbers.items() if value is not None}
