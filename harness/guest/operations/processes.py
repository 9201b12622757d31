"""Operations on programs and processes: starting, tracing, changing who one is."""

from __future__ import annotations

import os
import signal
import struct
import time

from harness.guest.operations.operation import AT_FDCWD, PROGRAM, USER, Place, operation

_AT_EMPTY_PATH = 0x1000
_PTRACE_ATTACH = 16
_CLONE_NEWNS, _CLONE_NEWUSER = 0x20000, 0x10000000
_CAPABILITIES = struct.Struct("<Ii")
_CAPABILITY_VERSION = 0x20080522
_TARGET_LIVES_S = 30.0
_MOST_DESCRIPTORS = 64
_SOFTWARE_EVENT = struct.pack("<II", 1, 64) + bytes(56)


def _words(place: Place) -> tuple[int, int]:
    """The addresses of argv and of an empty environment."""
    return place.words((place.text("program"), 0)), place.words((0,))


def _from_memory(place: Place) -> tuple[int, ...]:
    program = os.memfd_create("program")
    os.write(program, PROGRAM)
    return program, place.text(""), *_words(place), _AT_EMPTY_PATH


def _target() -> int:
    """Another process of root's, which ends by itself, and holds nothing open once this returns."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        os.closerange(3, _MOST_DESCRIPTORS)
        time.sleep(_TARGET_LIVES_S)
        os._exit(0)
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    return pid


def _vectors(place: Place) -> tuple[int, ...]:
    """Own memory into own memory, as far as a target needs no mercy."""
    here = place.words((place.data(b"a"), 1))
    return os.getpid(), here, 1, place.words((place.data(b"b"), 1)), 1, 0


def _capabilities(place: Place) -> tuple[int, int]:
    return (
        place.data(_CAPABILITIES.pack(_CAPABILITY_VERSION, 0)),
        place.data(struct.pack("<6I", *(0xFFFFFFFF,) * 2, 0, *(0xFFFFFFFF,) * 2, 0)),
    )


PROGRAMS = (
    operation("execve", lambda p: (p.text(str(p.program())), *_words(p))),
    operation("execveat", lambda p: (AT_FDCWD, p.text(str(p.program())), *_words(p), 0)),
    operation("execveat of a file in memory", _from_memory),
    operation("memfd_create", lambda p: (p.text("name"), 0)),
)
PROCESSES = (
    operation("ptrace", lambda p: (_PTRACE_ATTACH, _target(), 0, 0)),
    operation("process_vm_readv", _vectors),
    operation("process_vm_writev", _vectors),
    operation("kill", lambda p: (_target(), signal.SIGKILL)),
    operation("pidfd_open", lambda p: (os.getpid(), 0)),
    operation("perf_event_open", lambda p: (p.data(_SOFTWARE_EVENT), 0, -1, -1, 0)),
    operation("userfaultfd", lambda p: (os.O_CLOEXEC,)),
    operation("unshare", lambda p: (_CLONE_NEWNS,)),
    operation("unshare of users", lambda p: (_CLONE_NEWUSER,), "unshare"),
    operation("setns", lambda p: (os.open("/proc/self/ns/mnt", os.O_RDONLY), _CLONE_NEWNS)),
    operation("setuid", lambda p: (USER,), call_32="setuid32"),
    operation("setreuid", lambda p: (USER, USER), call_32="setreuid32"),
    operation("setresuid", lambda p: (USER, USER, USER), call_32="setresuid32"),
    operation("setgid", lambda p: (USER,), call_32="setgid32"),
    operation("setresgid", lambda p: (USER, USER, USER), call_32="setresgid32"),
    operation("setgroups", lambda p: (0, 0), call_32="setgroups32"),
    operation("capset", _capabilities),
    operation("personality", lambda p: (0x40000,)),
)  # fmt: skip
