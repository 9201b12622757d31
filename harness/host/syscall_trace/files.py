"""The files that a traced call touched, as far as the kernel notes them for audit.

The kernel notes a file when a path is looked up to its end, and its folder where a name is made or
removed; descriptors only for some calls. Source: the callers of `audit_inode` and `audit_file`.
"""

from __future__ import annotations

import errno
import os
from dataclasses import replace

from harness.host.syscall_trace.line import TracedCall, number_of, path_of, string_of
from harness.host.syscall_trace.programs import opened_for
from harness.host.syscall_trace.tasks import absolute, executed_path
from harness.kernel.rules.explain.seen import Touched

Names = tuple[Touched, ...] | None

_FOLLOWING = """
    open creat stat stat64 oldstat statfs statfs64 truncate truncate64 access chmod chown chown32
    chdir chroot utime utimes setxattr getxattr listxattr removexattr
"""
_NOT_FOLLOWING = """
    lstat lstat64 oldlstat lchown lchown32 readlink lsetxattr lgetxattr llistxattr lremovexattr
"""
_MAKING = "mkdir rmdir mknod unlink"
_AT = """
    openat openat2 newfstatat fstatat64 fchownat futimesat fchmodat fchmodat2 faccessat faccessat2
    utimensat utimensat_time64 statx name_to_handle_at readlinkat
"""
_MAKING_AT = "mkdirat mknodat unlinkat"
_BY_DESCRIPTOR = "fchmod fchown fchown32 fsetxattr fgetxattr flistxattr fremovexattr"
_UNKNOWN = """
    mount umount umount2 pivot_root move_mount open_tree mount_setattr fsmount fspick swapon swapoff
    acct uselib quotactl quotactl_fd mq_open mq_unlink inotify_add_watch fanotify_mark ftruncate
    ftruncate64 fallocate fchdir open_by_handle_at bpf setxattrat getxattrat listxattrat
    removexattrat file_setattr file_getattr open_tree_attr landlock_add_rule
"""
"""Calls whose files are not worked out here."""
_MAY_NAME_A_SOCKET = frozenset({"connect", "bind", "sendto", "sendmsg", "sendmmsg", "socketcall"})
_UNIX = "sa_family=0x1,"

# Of each path: the argument that is its folder, that which is its name; whether a link in the last
# part is followed; whether the name is made or removed.
_Place = tuple[int | None, int, bool, bool]
_PLACES: dict[str, tuple[_Place, ...]] = {
    **dict.fromkeys(_FOLLOWING.split(), ((None, 0, True, False),)),
    **dict.fromkeys(_NOT_FOLLOWING.split(), ((None, 0, False, False),)),
    **dict.fromkeys(_MAKING.split(), ((None, 0, False, True),)),
    **dict.fromkeys(_AT.split(), ((0, 1, True, False),)),
    **dict.fromkeys(_MAKING_AT.split(), ((0, 1, False, True),)),
    "rename": ((None, 0, False, True), (None, 1, False, True)),
    "link": ((None, 0, False, False), (None, 1, False, True)),
    "symlink": ((None, 1, False, True),),
    "renameat": ((0, 1, False, True), (2, 3, False, True)),
    "renameat2": ((0, 1, False, True), (2, 3, False, True)),
    "linkat": ((0, 1, False, False), (2, 3, False, True)),
    "symlinkat": ((1, 2, False, True),),
}
_FLAGS_AT = {"newfstatat": 3, "fstatat64": 3, "fchownat": 4, "utimensat": 3, "statx": 2}
_NOFOLLOW = 0x100
"""AT_SYMLINK_NOFOLLOW."""
_OPENS = {"open": 1, "openat": 2}
"""Calls that return a descriptor of the file, and the argument that is their flags."""
_RETURN_THE_FILE = frozenset((*_OPENS, "creat", "openat2"))
_O_CREAT, _O_NOFOLLOW = os.O_CREAT, os.O_NOFOLLOW
_NOT_REACHED = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EFAULT, errno.EBADF}
)


def files_of(call: TracedCall, cwd: str | None) -> Names:
    """The files in the kernel's order; None where they are unknown, empty where there are none."""
    if call.name in ("execve", "execveat"):
        return _executed(call, cwd)
    if call.name in _UNKNOWN.split():
        return None
    if call.name in _BY_DESCRIPTOR.split():
        path = path_of(call.arguments[0]) if call.arguments else None
        return None if path is None else (Touched(path, certain=call.succeeded),)
    if call.name in _MAY_NAME_A_SOCKET:
        return None if any(_UNIX in argument for argument in call.arguments) else ()
    places = _PLACES.get(call.name)
    return () if places is None else _looked_up(call, places, cwd)


def _executed(call: TracedCall, cwd: str | None) -> Names:
    path = executed_path(call, cwd)
    if path is None:
        return None
    if not call.succeeded:
        reached = -(call.exit or 0) not in _NOT_REACHED
        return (Touched(path, certain=False),) if reached else ()
    return tuple(Touched(each) for each in opened_for(path))


def _looked_up(call: TracedCall, places: tuple[_Place, ...], cwd: str | None) -> Names:
    reached = call.succeeded or -(call.exit or 0) not in _NOT_REACHED
    # Both names of a rename, or of a link, are of one file.
    one_file = 0 if len(places) > 1 else None
    folders: list[Touched] = []
    files: list[Touched] = []
    for folder_at, path_at, follows, makes in places:
        path = _path(call, folder_at, path_at, cwd)
        if path is None:
            return None
        if not path:
            continue
        if makes or _creates(call):
            # The name's own folder was looked up even where the name is not there.
            parent = os.path.dirname(path) or "/"  # noqa: PTH120 - text
            if call.succeeded or os.path.isdir(parent):  # noqa: PTH112
                folders.append(Touched(parent, certain=call.succeeded))
        if reached:
            followed = follows and not _keeps_links(call)
            files.append(Touched(path, follows=followed, certain=call.succeeded, link_of=one_file))
    if call.succeeded and call.name in _RETURN_THE_FILE and files:
        opened = path_of(call.result)
        files = [replace(files[0], path=opened or files[0].path)]
    return (*folders, *files)


def _path(call: TracedCall, folder_at: int | None, path_at: int, cwd: str | None) -> str | None:
    """From the root on; empty for a descriptor in the place of a path."""
    if path_at >= len(call.arguments):
        return None
    named = string_of(call.arguments[path_at])
    if named is None:
        # NULL, or a pointer to nothing: no file is looked up.
        return "" if number_of(call.arguments[path_at]) is not None else None
    if not named:
        return ""
    folder = cwd if folder_at is None else path_of(call.arguments[folder_at]) or cwd
    return absolute(named, folder)


def _flags(call: TracedCall, at: int) -> int:
    found = number_of(call.arguments[at]) if at < len(call.arguments) else None
    return found or 0


def _creates(call: TracedCall) -> bool:
    """Whether a call that opens may make the file."""
    if call.name == "creat":
        return True
    if call.name == "openat2":
        return bool(open_flags(call) & _O_CREAT)
    return call.name in _OPENS and bool(_flags(call, _OPENS[call.name]) & _O_CREAT)


def _keeps_links(call: TracedCall) -> bool:
    if call.name in _OPENS:
        return bool(_flags(call, _OPENS[call.name]) & _O_NOFOLLOW)
    if call.name == "openat2":
        return bool(open_flags(call) & _O_NOFOLLOW)
    if call.name == "readlinkat":
        return True
    return call.name in _FLAGS_AT and bool(_flags(call, _FLAGS_AT[call.name]) & _NOFOLLOW)


def open_flags(call: TracedCall) -> int:
    """Those of openat2, from its structure."""
    how = call.arguments[2] if len(call.arguments) > 2 else ""
    return number_of(how.lstrip("{").partition(",")[0]) or 0
