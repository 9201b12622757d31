"""The private folder of a service's data, which is removed however the load ends.

A process of its own removes it as soon as the supervisor has ended, by whatever signal: it waits
for the end of a pipe that only the supervisor holds open. It carries nothing by which a run's
processes are ended.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from workloads.errors import EXIT_HOST_UNFIT, WorkloadError

PREFIX = "auditbench-service-"
DATA = "data"
PLACE = "/var/tmp"  # noqa: S108 - made with rights for its owner only; on a disk
REMOVAL_TIMEOUT_S = 20.0
SERVER_LOG = "server.log"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# It tries again: a server that is being killed may still make a file.
_REMOVER = """
trap '' HUP INT TERM
read _
n=0
while rm -rf -- "$1" 2>/dev/null; [ -e "$1" ] && [ $n -lt 50 ]; do n=$((n+1)); sleep 0.1; done
"""


class DataFolder:
    """A folder that only `account` (None: this process's) and root can look into."""

    def __init__(self, account: pwd.struct_passwd | None) -> None:
        self._base = os.environ.get("TMPDIR") or PLACE
        self._held = contextlib.ExitStack()
        try:
            self.outer = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=self._base))
            # Held open: where TMPDIR is another user's folder, its entries may be exchanged.
            self._outer = self._hold(os.open(self.outer, _FOLDER))
            self._start_remover()
            self._data = self._hold(self._made(account))
        except OSError as error:
            raise WorkloadError(
                f"no folder can be made in {self._base} ({error.strerror}): set TMPDIR to one "
                "that can be written",
                exit_code=EXIT_HOST_UNFIT,
            ) from None
        self.path = self.outer / DATA

    def _hold(self, descriptor: int) -> int:
        self._held.callback(os.close, descriptor)
        return descriptor

    def _made(self, account: pwd.struct_passwd | None) -> int:
        """Make the folder of the data, which the account then owns; its descriptor."""
        about = os.fstat(self._outer)
        if about.st_uid != os.geteuid() or about.st_mode & 0o077:
            raise OSError(errno.EPERM, "another user put their own folder in its place")
        os.mkdir(DATA, 0o700, dir_fd=self._outer)
        data = os.open(DATA, _FOLDER, dir_fd=self._outer)
        if account is not None:
            # Others may pass through to it, and see nothing.
            os.fchmod(self._outer, 0o711)
            os.fchown(data, account.pw_uid, account.pw_gid)
        return data

    def open_log(self, flags: int) -> int:
        """A descriptor of the server's log, which the account cannot reach.

        Opened anew each time, and never through a link.
        """
        flags |= os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(SERVER_LOG, flags, 0o600, dir_fd=self._outer)

    def _start_remover(self) -> None:
        reader, self._writer = os.pipe()
        try:
            self._remover = subprocess.Popen(
                ["/bin/sh", "-c", _REMOVER, "sh", str(self.outer)],
                stdin=reader,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": "/usr/bin:/bin"},
                start_new_session=True,
            )
        finally:
            os.close(reader)

    @property
    def remover(self) -> int:
        """The process that removes the folder in the end."""
        return self._remover.pid

    def leave_to_supervisor(self) -> None:
        """In a process forked since: close the pipe, whose end must be the supervisor's."""
        os.close(self._writer)

    def write(self, files: Mapping[str, str], account: pwd.struct_passwd | None) -> None:
        """Write files by their paths in the folder, which the account then owns.

        No link is followed: the account may have put some there. OSError where one is in the way.
        """
        for name, text in files.items():
            *parents, last = Path(name).parts
            folder = os.dup(self._data)
            try:
                for parent in parents:
                    folder = _entered(folder, parent, account)
                _write_new(folder, last, text, account)
            finally:
                os.close(folder)

    def open_to_read(self, name: str) -> int:
        """A descriptor of a file by its path in the folder. No link is followed, and no FIFO waited
        for: the account may have put some there. OSError where it cannot be read so.
        """
        *parents, last = Path(name).parts
        folder = os.dup(self._data)
        try:
            for parent in parents:
                inner = os.open(parent, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            return os.open(last, flags, dir_fd=folder)
        finally:
            os.close(folder)

    def remove(self) -> None:
        """Have it removed, and wait for that."""
        with contextlib.suppress(OSError):
            os.close(self._writer)
        self._held.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._remover.wait(REMOVAL_TIMEOUT_S)


def _entered(folder: int, name: str, account: pwd.struct_passwd | None) -> int:
    """The folder of this name in an open one, made where it is missing; the open one is closed."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=folder)
    inner = os.open(name, _FOLDER, dir_fd=folder)
    os.close(folder)
    if account is not None:
        os.fchown(inner, account.pw_uid, account.pw_gid)
    return inner


def _write_new(folder: int, name: str, text: str, account: pwd.struct_passwd | None) -> None:
    """A new file in an open folder, in the place of one that is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, 0o600, dir_fd=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if account is not None:
            os.fchown(handle, account.pw_uid, account.pw_gid)
        file.write(text)


def remove_abandoned() -> None:
    """Remove this user's folders whose supervisor has ended, such as before a reboot."""
    base = Path(os.environ.get("TMPDIR") or PLACE)
    with contextlib.suppress(OSError):
        for path in base.glob(f"{PREFIX}*-*"):
            pid = path.name.removeprefix(PREFIX).partition("-")[0]
            about = path.lstat()
            ours = about.st_uid == os.geteuid() and path.is_dir() and not path.is_symlink()
            if ours and pid.isdecimal() and not Path(f"/proc/{pid}").exists():
                shutil.rmtree(path, ignore_errors=True)
