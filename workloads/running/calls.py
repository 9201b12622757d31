"""The calls that each load makes while it is timed, as audit rules see them.

What is listed is complete: a call that is missing here is not made, whatever the rules ask. It is
more than the yields of the catalog, which count what is certain; a test traces every load.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from workloads.catalog import WORKLOADS

SHELL = "/bin/sh"
SUCCEEDS: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class LoadCall:
    """One system call of a load; an empty `name` is any call.

    `by` is the program that runs as it returns: the generator, the program it starts, or unknown.
    `paths` are the files it touches; one that ends in a slash stands for something below it.
    `access` are the letters of a rule's `perm=` that it has. `errors` are the errnos that it may
    end with instead of succeeding, `arguments` those that are always the same. None is unknown.
    """

    name: str
    by: Literal["generator", "program", "unknown"] = "generator"
    paths: tuple[str, ...] | None = ()
    access: str | None = ""
    errors: frozenset[int] | None = SUCCEEDS
    arguments: Mapping[str, int] = field(default_factory=dict)


ANYTHING = LoadCall("", "unknown", paths=None, access=None, errors=None)
"""What is not known to be anything in particular."""

# The generator waits for its start, reads clocks, and ends; a paced load sleeps.
_AROUND = ("futex", "read", "write", "poll", "clock_gettime", "clock_nanosleep", "nanosleep",
           "getrusage", "restart_syscall", "rt_sigreturn", "sched_yield", "munmap", "wait4",
           "exit_group", "exit")  # fmt: skip
_SPAWNING = ("clone", "clone3", "vfork", "fork", "wait4", "waitid", "rt_sigprocmask",
             "rt_sigaction", "mmap", "munmap", "mprotect", "close")  # fmt: skip

# How a program starts, reads nothing and ends: the dynamic linker's calls and a shell's.
_STARTING = (
    "brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "close", "read", "pread64",
    "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrlimit",
    "getrandom", "uname", "sysinfo", "getpid", "getppid", "getpgrp", "getpgid", "getsid",
    "gettid", "getuid", "geteuid", "getgid", "getegid", "getgroups", "rt_sigaction",
    "rt_sigprocmask", "sigaltstack", "ioctl", "fcntl", "dup2", "dup3", "fstat", "lseek", "futex",
    "clock_gettime", "time", "gettimeofday", "riscv_hwprobe", "exit_group", "exit",
)  # fmt: skip
_SEARCHES = ("access", "faccessat", "faccessat2", "stat", "lstat", "newfstatat", "statx",
             "readlink", "readlinkat", "getcwd")  # fmt: skip
_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EINVAL, errno.ENOTTY, errno.ENXIO,
                      errno.ENOSYS, errno.EBADF, errno.ESPIPE})  # fmt: skip
"""With which a call of a starting program ends where it tries what is not there."""
_LIBRARIES = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/usr/local/lib/")


def load_calls(
    workload: str, options: Mapping[str, str | int] | None = None
) -> tuple[LoadCall, ...]:
    """Every call that a workload of the catalog makes in its timed section, with these options."""
    given = options or {}
    around = tuple(map(LoadCall, _AROUND))
    own = workload == "shells" and given.get("program")
    # What no catalog names is a service, called by the name of its file.
    if own or workload in ("command", "service") or workload not in WORKLOADS:
        return (*around, *map(LoadCall, _SPAWNING), ANYTHING)
    if not WORKLOADS[workload].session:
        return ()
    return (*around, *_own(workload, given))


def _own(workload: str, options: Mapping[str, str | int]) -> Iterator[LoadCall]:
    if workload in ("shells", "mixed", "osquery-stress"):
        yield from _shell()
    if workload in ("udp", "connect", "mixed", "osquery-stress"):
        yield from _datagram(workload, options)
    if workload == "files":
        yield from _files()
    if workload == "syscalls":
        yield LoadCall("getppid")
    if workload == "osquery-stress":
        # Its shell writes to /dev/null.
        yield LoadCall("openat", "program", paths=("/dev/null",), access="w")
        yield from (LoadCall(name, "program") for name in ("write", "dup2", "fcntl", "close"))


def _shell() -> Iterator[LoadCall]:
    shell = os.path.realpath(SHELL)
    here = ("/.", os.getcwd())  # noqa: PTH109 - pathlib costs start-up time
    yield from map(LoadCall, _SPAWNING)
    yield LoadCall("execve", "program", paths=(shell, *_LIBRARIES), access="x")
    yield from (LoadCall(name, "program", errors=_MISSING) for name in _STARTING)
    looked_at = ("/etc/ld.so.preload", "/etc/ld.so.cache", *_LIBRARIES)
    opening = LoadCall("openat", "program", looked_at, "r", _MISSING)
    yield from (opening, replace(opening, name="open"))
    # Some shells try the terminal.
    yield replace(opening, paths=("/dev/tty",), access="rw")
    for name in _SEARCHES:
        access = "r" if name.startswith("readlink") else ""
        yield LoadCall(name, "program", (*looked_at, *here), access, _MISSING)


def _datagram(workload: str, options: Mapping[str, str | int]) -> Iterator[LoadCall]:
    family = 10 if ":" in str(options.get("address", "")) else 2
    yield LoadCall("connect", arguments={"saddr_fam": family})
    if workload == "connect":
        return
    yield LoadCall("socket", arguments={"a0": family})
    yield from map(LoadCall, ("sendto", "close"))
    if options.get("interface"):
        yield LoadCall("setsockopt")
    if workload == "osquery-stress":
        yield LoadCall("shutdown")


def _files() -> Iterator[LoadCall]:
    folder = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - made with 0700
    # The name of the folder holds the generator's number, which is not known before.
    existing, passing = (
        f"{folder}/auditbench-files-0/0/{name}" for name in ("existing", "passing")
    )
    yield LoadCall("openat", paths=(existing,), access="r")
    yield LoadCall("openat", paths=(passing,), access="w")
    yield LoadCall("unlinkat", paths=(passing,), access="w")
    yield LoadCall("close")
