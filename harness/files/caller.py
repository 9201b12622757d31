"""Who called through sudo, and opening files with nothing but that user's rights."""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath

from harness.errors import HostUnfitError

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "su"})
_WORDS = {
    errno.ELOOP: "too many levels of symbolic links, or one where root follows none",
    errno.ENXIO: "it is not a regular file",
}
"""Errors that opening gives for what was not asked to be there."""
_SAME = 0xFFFFFFFF  # asks setfsuid(2) for the present value


@dataclass(frozen=True, slots=True)
class Caller:
    """The user who called sudo, with all groups they are in."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    name: str
    home: str


def caller() -> Caller | None:
    """Who called through sudo; None where this process opens files as who it is.

    A root shell (`sudo -i`, `sudo su`) is root at work: what is called in it is root's own.
    """
    uid, gid = _number("SUDO_UID"), _number("SUDO_GID")
    if os.geteuid() != 0 or not uid or gid is None or _in_root_shell(os.environ):
        return None
    return _user(uid, gid)


@contextmanager
def as_caller() -> Iterator[None]:
    """Within it, this thread opens, makes and removes files with the caller's rights only.

    Only rights on files change (setfsuid(2)); without a caller, nothing does. Raises HostUnfitError
    where the kernel does not allow it.
    """
    found = caller()
    if found is None:
        yield
        return
    before = (os.getgroups(), _set(_libc().setfsgid, _SAME), _set(_libc().setfsuid, _SAME))
    try:
        _become(found.groups, found.gid, found.uid)
        yield
    finally:
        _become(*before)


def why(error: OSError) -> str:
    """What went wrong with a file, in words; under sudo, whose rights did not suffice."""
    words = _WORDS.get(error.errno or 0) or error.strerror or str(error)
    found = caller()
    if found is None or error.errno not in (errno.EACCES, errno.EPERM):
        return words
    return f"{words} for {found.name}, who called sudo"


def _number(variable: str) -> int | None:
    """A user or group number in the environment."""
    text = os.environ.get(variable, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    return int(text) if int(text) < _SAME else None


def _in_root_shell(environment: Mapping[str, str]) -> bool:
    """Whether sudo was asked for a shell to work in, not for one command."""
    program, _, arguments = environment.get("SUDO_COMMAND", "").partition(" ")
    name = PurePath(program).name
    return name in _SHELLS and (not arguments or name == "su")


@cache
def _user(uid: int, gid: int) -> Caller:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Caller(uid, gid, (gid,), f"user {uid}", "/")
    groups = tuple(os.getgrouplist(entry.pw_name, gid))
    return Caller(uid, gid, groups, entry.pw_name, entry.pw_dir)


def _become(groups: list[int] | tuple[int, ...], gid: int, uid: int) -> None:
    """Have these rights on files: groups first, which root only may set."""
    libc = _libc()
    try:
        os.setgroups(groups)
    except OSError as error:
        raise _refused(uid) from error
    for call, wanted in ((libc.setfsgid, gid), (libc.setfsuid, uid)):
        _set(call, wanted)
        if _set(call, _SAME) != wanted:
            raise _refused(uid)


def _refused(uid: int) -> HostUnfitError:
    return HostUnfitError(
        f"files cannot be opened with the rights of user {uid}, who called sudo",
        remedy="run it where root may take on a user's rights (CAP_SETUID and CAP_SETGID)",
    )


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _set(call: ctypes._NamedFuncPointer, value: int) -> int:
    """Call setfsuid(2) or setfsgid(2); the value before."""
    call.argtypes, call.restype = (ctypes.c_uint,), ctypes.c_uint
    before: int = call(value)
    return before
