"""Syscalls in a rule that its architecture does not have, and the calls it has instead.

The same rule text for b64 and b32, or on another machine, names calls that only one of them has:
i386 got its sockets as one `socketcall`, and aarch64 has none of the calls that newer ones replace.
libaudit's tables say which calls exist; what replaces what is from the kernel's `syscalls` tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from consumer.text.syscalls import syscall_names
from harness.kernel.rules.libaudit import Libaudit
from harness.kernel.rules.warning import FaultError
from harness.kernel.rules.words import shown

UNKNOWN_SYSCALL = "unknown-syscall"
_MACHINES = ("x86_64", "i386", "aarch64", "arm", "ppc64le", "ppc64", "ppc", "s390x", "s390")
_SUFFIXES = ("_time64", "64", "32")
_SOCKET_CALLS = (
    "accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmsg "
    "sendmsg sendto setsockopt shutdown socket socketpair"
)
_SYSTEM_V_CALLS = (
    "msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget"
)
_INSTEAD: dict[str, str] = {
    "_llseek": "lseek",
    "_newselect": "select pselect6",
    "access": "faccessat faccessat2",
    "alarm": "setitimer",
    "chmod": "fchmodat",
    "chown": "fchownat",
    "creat": "openat",
    "dup2": "dup3",
    "epoll_create": "epoll_create1",
    "epoll_wait": "epoll_pwait",
    "eventfd": "eventfd2",
    "fork": "clone clone3",
    "fstat": "newfstat statx",
    "fstatat64": "newfstatat",
    "ftime": "gettimeofday",
    "futimesat": "utimensat",
    "getdents64": "getdents",
    "getpgrp": "getpgid",
    "inotify_init": "inotify_init1",
    "ipc": _SYSTEM_V_CALLS,
    "kexec_load": "sys_kexec_load",
    "lchown": "fchownat",
    "link": "linkat",
    "lstat": "newfstatat statx",
    "mkdir": "mkdirat",
    "mknod": "mknodat",
    "mmap2": "mmap",
    "newfstat": "fstat",
    "newfstatat": "fstatat64",
    "nice": "setpriority",
    "oldfstat": "fstat",
    "oldlstat": "lstat",
    "oldolduname": "uname",
    "oldstat": "stat",
    "olduname": "uname",
    "open": "openat openat2",
    "pause": "ppoll",
    "pipe": "pipe2",
    "poll": "ppoll",
    "readdir": "getdents getdents64",
    "readlink": "readlinkat",
    "recv": "recvfrom socketcall",
    "rename": "renameat renameat2",
    "rmdir": "unlinkat",
    "select": "_newselect pselect6",
    "semop": "semtimedop_time64 ipc",
    "semtimedop": "semtimedop_time64 ipc",
    "send": "sendto socketcall",
    "sgetmask": "rt_sigprocmask",
    "sigaction": "rt_sigaction",
    "signal": "rt_sigaction",
    "signalfd": "signalfd4",
    "sigpending": "rt_sigpending",
    "sigprocmask": "rt_sigprocmask",
    "sigreturn": "rt_sigreturn",
    "sigsuspend": "rt_sigsuspend",
    "socketcall": _SOCKET_CALLS,
    "ssetmask": "rt_sigprocmask",
    "stat": "newfstatat statx",
    "stime": "settimeofday clock_settime",
    "symlink": "symlinkat",
    "sys_kexec_load": "kexec_load",
    "time": "gettimeofday",
    "ugetrlimit": "getrlimit prlimit64",
    "umount": "umount2",
    "unlink": "unlinkat",
    "ustat": "statfs",
    "utime": "utimensat",
    "utimes": "utimensat",
    "vfork": "clone clone3",
    "waitpid": "wait4",
}
"""The calls that do a call's work on an architecture that lacks it, as far as they exist there."""


def no_such_syscall(library: Libaudit, name: bytes, arch: int) -> FaultError:
    """The error about a name that is not a syscall of an AUDIT_ARCH_*, with the cause if it is
    known: it is newer than libaudit, or the architectures that have it, and the calls that do its
    work here.
    """
    machine = library.machine_of_arch(arch)
    here = library.name("machine", machine) or f"arch {arch:#x}"
    number = _number_of(name, arch)
    # libaudit has some older calls by another name.
    if number is not None and not library.syscall_name(number, machine):
        return FaultError(
            f"-S {shown(name)} is a syscall of {here} that the libaudit of this host does not know",
            remedy=f"give its number, -S {number}, or use a newer auditctl",
            code=UNKNOWN_SYSCALL,
        )
    what = f"-S {shown(name)} names no syscall of {here}"
    elsewhere = list(_machines_with(library, name))
    if not elsewhere:
        return FaultError(
            what,
            remedy="see `ausyscall ARCH --dump` for the names, or give -F arch= before it",
            code=UNKNOWN_SYSCALL,
        )
    what += f", it is one of {_listed(elsewhere)}"
    instead = calls_instead(library, name.decode("ascii"), machine)
    if not instead:
        remedy = f"leave it out of the rule for {here}"
        return FaultError(what, remedy=remedy, code=UNKNOWN_SYSCALL)
    return FaultError(
        f"{what}; {here} has {_listed(instead)} for it",
        remedy=f"name {'these' if len(instead) > 1 else 'this'} in the rule for {here}",
        code=UNKNOWN_SYSCALL,
    )


def _number_of(name: bytes, arch: int) -> int | None:
    """The number of a call by the kernel's own table, which may be newer than libaudit's."""
    numbers = {known: number for number, known in syscall_names(arch).items()}
    return numbers.get(name.decode("ascii", errors="replace"))


def _machines_with(library: Libaudit, name: bytes) -> Iterator[str]:
    for machine in _MACHINES:
        number = library.number("machine", machine.encode())
        if number >= 0 and library.syscall_number(name, number) >= 0:
            yield machine


def calls_instead(library: Libaudit, name: str, machine: int) -> list[str]:
    """The calls of a machine that do the work of this one, as far as they are known."""
    candidates = [*_INSTEAD.get(name, "").split(), *_spelled_otherwise(name)]
    if name in _SOCKET_CALLS.split():
        candidates += ["accept4"] if name == "accept" else []
        candidates.append("socketcall")
    if name in _SYSTEM_V_CALLS.split():
        candidates.append("ipc")
    there = [each for each in candidates if library.syscall_number(each.encode(), machine) >= 0]
    return list(dict.fromkeys(there))


def _spelled_otherwise(name: str) -> Iterator[str]:
    """The same call with wider numbers or times, or without."""
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            yield name.removesuffix(suffix)
    for suffix in _SUFFIXES:
        yield name + suffix


def _listed(names: list[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])
