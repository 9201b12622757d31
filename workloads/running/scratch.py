"""The private directories that the workload `files` works in, one for each worker.

Their names carry the pid of the supervisor, so the next supervisor finds and removes the
directories of a killed one.
"""

from __future__ import annotations

import contextlib
import os
import stat

from workloads.errors import EXIT_HOST_UNFIT, WorkloadError

PREFIX = "auditbench-files-"
EXISTING = "existing"
PASSING = "passing"


class Scratch:
    """`workers` directories, each with the file that is opened; raises WorkloadError."""

    def __init__(self, workers: int, base: str | None = None) -> None:
        self.base = base or os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - made with 0700
        self.root = f"{self.base}/{PREFIX}{os.getpid()}"
        self._workers = workers
        try:
            self._remove_abandoned()
            os.mkdir(self.root, 0o700)  # noqa: PTH102 - pathlib costs start-up time
            for worker in range(workers):
                self._furnish(worker)
        except OSError as error:
            self.remove()
            raise WorkloadError(
                f"no files can be made in {self.base} ({error.strerror}): set TMPDIR to a "
                "directory that can be written",
                exit_code=EXIT_HOST_UNFIT,
            ) from None

    def _furnish(self, worker: int) -> None:
        existing, _ = self.paths(worker)
        os.mkdir(os.path.dirname(existing), 0o700)  # noqa: PTH102, PTH120
        os.close(os.open(existing, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    def paths(self, worker: int) -> tuple[bytes, bytes]:
        """The file that exists, and the one that is created and removed, of one worker."""
        folder = f"{self.root}/{worker}"
        return os.fsencode(f"{folder}/{EXISTING}"), os.fsencode(f"{folder}/{PASSING}")

    def remove(self) -> None:
        """Remove everything; missing files are no error."""
        _remove(self.root)

    def _remove_abandoned(self) -> None:
        for name in os.listdir(self.base):  # noqa: PTH208
            pid = name.removeprefix(PREFIX)
            if pid != name and pid.isdecimal() and not _is_alive(int(pid)):
                _remove(f"{self.base}/{name}")


def _is_alive(pid: int) -> bool:
    if pid == os.getpid():
        return False  # an earlier process with our own pid
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _remove(root: str) -> None:
    """Remove what Scratch made, if it is ours, and nothing else (shutil is slow to import)."""
    with contextlib.suppress(OSError):
        about = os.lstat(root)
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
            return
        for worker in os.listdir(root):  # noqa: PTH208
            for name in (EXISTING, PASSING):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(f"{root}/{worker}/{name}")  # noqa: PTH108
            os.rmdir(f"{root}/{worker}")  # noqa: PTH106
        os.rmdir(root)  # noqa: PTH106
