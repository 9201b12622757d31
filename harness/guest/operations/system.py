"""Operations on the machine: mounts, modules, the clock, names, keys, the kernel itself.

Several are made so that the kernel refuses them, as a guest has no module or swap space to give;
audit sees such a call all the same, with its error.
"""

from __future__ import annotations

import ctypes
import os
import struct
import time

from harness.guest.operations.operation import AT_FDCWD, Place, operation

_TMPFS = b"tmpfs"
_FSCONFIG_CREATE = 6
_MOVE_MOUNT_EMPTY_PATH = 4
_OPEN_TREE_CLONE = 1
_MS_RDONLY = 1
_MNT_ATTR = struct.Struct("<QQQQ")
_REBOOT_MAGIC = (0xFEE1DEAD, 0x28121969)
_CAD_OFF = 0
_KEY_SPEC_PROCESS = -2
_BPF_MAP_CREATE, _BPF_ARRAY = 0, 2
_fsopen, _fsconfig, _fsmount = 430, 431, 432
_libc = ctypes.CDLL(None, use_errno=True)


def _mount_folder(place: Place) -> int:
    return place.text(str(place.subfolder()))


def _mounted(place: Place) -> int:
    folder = place.subfolder()
    if _libc.mount(_TMPFS, os.fsencode(folder), _TMPFS, 0, None):
        raise OSError(ctypes.get_errno(), "tmpfs cannot be mounted")
    return place.text(str(folder))


def _configured() -> int:
    """A file system that fsmount can take."""
    found: int = _libc.syscall(_fsopen, _TMPFS, 0)
    _libc.syscall(_fsconfig, found, _FSCONFIG_CREATE, None, None, 0)
    return found


def _moved(place: Place) -> tuple[int, ...]:
    detached: int = _libc.syscall(_fsmount, _configured(), 0, 0)
    return detached, place.text(""), AT_FDCWD, _mount_folder(place), _MOVE_MOUNT_EMPTY_PATH


def _key(place: Place) -> tuple[int, ...]:
    return place.text("user"), place.text("name"), place.data(b"key"), 3, _KEY_SPEC_PROCESS


def _now(place: Place) -> int:
    return place.words((int(time.time()), 0))


def _now_64(place: Place) -> int:
    return place.data(struct.pack("<qq", int(time.time()), 0))


MOUNTS = (
    operation("mount", lambda p: (p.text(_TMPFS), _mount_folder(p), p.text(_TMPFS), 0, 0)),
    operation("umount2", lambda p: (_mounted(p), 0)),
    operation("fsopen", lambda p: (p.text(_TMPFS), 0)),
    operation("fsmount", lambda p: (_configured(), 0, 0)),
    operation("move_mount", _moved),
    operation("open_tree", lambda p: (AT_FDCWD, p.text(str(p.folder)), _OPEN_TREE_CLONE)),
    operation("mount_setattr", lambda p: (AT_FDCWD, _mounted(p), 0,
                                          p.data(_MNT_ATTR.pack(_MS_RDONLY, 0, 0, 0)),
                                          _MNT_ATTR.size)),
    operation("pivot_root", lambda p: (p.text("/"), p.text("/"))),
    operation("chroot", lambda p: (_mount_folder(p),)),
)  # fmt: skip
MODULES = (
    operation("init_module", lambda p: (p.data(b"none"), 4, p.text(""))),
    operation("finit_module", lambda p: (p.opened(flags=os.O_RDONLY), p.text(""), 0)),
    operation("delete_module", lambda p: (p.text("auditbench_none"), os.O_NONBLOCK)),
    operation("bpf", lambda p: (_BPF_MAP_CREATE,
                                p.data(struct.pack("<IIII", _BPF_ARRAY, 4, 4, 1) + bytes(56)), 72)),
    # By the name that libaudit gives it on i386.
    operation("kexec_load", lambda p: (0, 1 << 20, 0, 0), call_32="sys_kexec_load"),
)  # fmt: skip
MACHINE = (
    operation("sethostname", lambda p: (p.text("guest"), 5)),
    operation("setdomainname", lambda p: (p.text("guest"), 5)),
    operation("settimeofday", lambda p: (_now(p), 0)),
    operation("clock_settime", lambda p: (time.CLOCK_REALTIME, _now(p))),
    operation("adjtimex", lambda p: (p.data(bytes(208)),)),
    operation("clock_adjtime", lambda p: (time.CLOCK_REALTIME, p.data(bytes(208)))),
    operation("swapon", lambda p: (p.file_path(), 0)),
    operation("swapoff", lambda p: (p.file_path(),)),
    operation("acct", lambda p: (p.path("missing"),)),
    operation("reboot", lambda p: (*_REBOOT_MAGIC, _CAD_OFF, 0)),
    operation("iopl", lambda p: (3,)),
    operation("ioperm", lambda p: (0, 1, 0)),
    operation("add_key", _key),
    operation("request_key", lambda p: (p.text("user"), p.text("none"), 0, _KEY_SPEC_PROCESS)),
    operation("keyctl", lambda p: (0, _KEY_SPEC_PROCESS, 1)),
    operation("io_uring_setup", lambda p: (1, p.data(bytes(120)))),
)
CLOCK_64 = (
    "clock_settime64",
    lambda p: (time.CLOCK_REALTIME, _now_64(p)),
    "clock_settime64",
)
"""What 32-bit programs of today's C library call."""
