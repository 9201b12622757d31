"""The processes of a traced command: which program each runs, where, and under which ids."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.files.caller import caller
from harness.host.syscall_trace.line import TracedCall, path_of, string_of
from harness.host.syscall_trace.programs import program_run

CLONES = frozenset({"clone", "clone2", "clone3", "fork", "vfork"})
_FLAGS = re.compile(r"flags=(0x[0-9a-f]{1,16}|\d{1,20})")
_THREAD = 0x10000
"""CLONE_THREAD."""
_USERS = ("uid", "euid", "suid", "fsuid")
_GROUPS = ("gid", "egid", "sgid", "fsgid")
_SETTERS = re.compile(r"set(?:re|res|fs)?([ug])id(?:32)?")
MOST_TASKS = 100_000


@dataclass(slots=True)
class Task:
    """A process; its threads share it. None, or a missing id, is unknown."""

    ids: dict[str, int]
    groups: frozenset[int] | None
    cwd: str | None
    exe: str | None = None
    arch: int = 0

    def copy(self) -> Task:
        """That of a child, as it is at the fork."""
        return replace(self, ids=dict(self.ids))


@dataclass(slots=True)
class Tasks:
    """All processes by their id."""

    first: Task
    known: dict[int, Task] = field(default_factory=dict)
    children: dict[int, Task] = field(default_factory=dict)
    """Of a fork that returned to the parent before the child was seen."""

    def of(self, pid: int, unfinished: Mapping[int, str]) -> Task:
        """That of a process, which may be new: then it is the child of one that is in a fork."""
        if pid in self.known:
            return self.known[pid]
        if pid in self.children:
            task = self.children.pop(pid)
        elif not self.known:
            task = self.first
        else:
            forking = [
                self.known[parent]
                for parent, text in unfinished.items()
                if parent in self.known and text.partition("(")[0] in CLONES
            ]
            task = self._child(forking)
        if len(self.known) < MOST_TASKS:
            self.known[pid] = task
        return task

    def _child(self, forking: list[Task]) -> Task:
        if not forking:
            return Task({}, None, None)
        first, *others = forking
        child = first.copy()
        for other in others:
            # Which of them it is a child of does not show: what they do not share is unknown.
            child.ids = {
                name: value for name, value in child.ids.items() if other.ids.get(name) == value
            }
            child.cwd = child.cwd if child.cwd == other.cwd else None
            child.exe = child.exe if child.exe == other.exe else None
            child.groups = child.groups if child.groups == other.groups else None
        return child

    def end(self, pid: int) -> None:
        """A process ended; its id may be another's from now on."""
        self.known.pop(pid, None)

    def take(self, call: TracedCall, task: Task) -> None:
        """What a call changed of its process. For execve before the call is judged: it ends so."""
        if not call.succeeded:
            return
        setter = _SETTERS.fullmatch(call.name)
        if call.name in CLONES:
            self._forked(call, task)
        elif call.name in ("execve", "execveat"):
            _executed(call, task)
        elif call.name in ("chdir", "fchdir") and call.arguments:
            named = string_of(call.arguments[0])
            where = path_of(call.arguments[0]) if named is None else absolute(named, task.cwd)
            task.cwd = where and os.path.realpath(where)
        elif setter is not None:
            for name in _USERS if setter[1] == "u" else _GROUPS:
                task.ids.pop(name, None)
        elif call.name in ("setgroups", "setgroups32"):
            task.groups = None
        elif call.name == "personality" and call.arguments[:1] != ("0xffffffff",):
            task.ids.pop("pers", None)

    def _forked(self, call: TracedCall, task: Task) -> None:
        child = call.exit
        flags = _FLAGS.search(", ".join(call.arguments))
        is_thread = flags is not None and bool(int(flags[1], 0) & _THREAD)
        if child is None or child in self.known:
            if is_thread and child is not None:
                self.known[child] = task
            return
        if len(self.children) < MOST_TASKS:
            self.children[child] = task if is_thread else task.copy()


def absolute(path: str, folder: str | None) -> str | None:
    """A path from the root on; None for a relative one whose folder is unknown."""
    if path.startswith("/"):
        return os.path.normpath(path).replace("//", "/") if ".." not in path else path
    return None if folder is None else absolute(f"{folder}/{path}", None)


def _executed(call: TracedCall, task: Task) -> None:
    named = executed_path(call, task.cwd)
    task.exe = None if named is None else program_run(named)
    if named is None:
        return
    with contextlib.suppress(OSError, ValueError):
        mode = os.stat(task.exe or named).st_mode  # noqa: PTH116
        # A tracer keeps such a program from its rights, unless it has them itself.
        for bit, names in ((stat.S_ISUID, _USERS[1:]), (stat.S_ISGID, _GROUPS[1:])):
            for name in names if mode & bit else ():
                task.ids.pop(name, None)


def executed_path(call: TracedCall, cwd: str | None) -> str | None:
    """The path that execve or execveat was given."""
    if call.name == "execve":
        named = string_of(call.arguments[0]) if call.arguments else None
        return None if named is None else absolute(named, cwd)
    if len(call.arguments) < 2:
        return None
    folder, named = path_of(call.arguments[0]) or cwd, string_of(call.arguments[1])
    if named == "":
        return path_of(call.arguments[0])
    return None if named is None else absolute(named, folder)


def first_task() -> Task:
    """The command's own process before it runs its program: the caller's ids, and our login."""
    found = caller()
    users = os.getresuid() if found is None else (found.uid,) * 3
    groups = os.getresgid() if found is None else (found.gid,) * 3
    ids = dict(zip(_USERS, (*users, users[1]), strict=True))
    ids |= zip(_GROUPS, (*groups, groups[1]), strict=True)
    for name, file in (("auid", "loginuid"), ("sessionid", "sessionid")):
        with contextlib.suppress(OSError, ValueError):
            ids[name] = int(Path(f"/proc/self/{file}").read_text())
    with contextlib.suppress(OSError, ValueError):
        ids["pers"] = int(Path("/proc/self/personality").read_text(), 16)
    others = frozenset(os.getgroups() if found is None else found.groups)
    return Task(ids, others, str(Path.cwd()))
