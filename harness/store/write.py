"""Writing a run: append-only, one trial per line, flushed to the disk after each.

A crash loses one trial at most.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from harness.errors import UsageError
from harness.files.caller import why
from harness.files.folder import Folder
from harness.files.reading import MOST_BYTES, read_all
from harness.model.run import Sample
from harness.model.stored.profile import StoredProfile
from harness.store.layout import ENVIRONMENT, PLAN, PROFILES, SAMPLES
from harness.store.lock import hold
from harness.store.profiles import profile_line


class RunWriter:
    """Writes one run. Opened before anything on the host changes, so that a folder that cannot
    be written costs nothing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._described = False
        with _as_usage_error(folder):
            self._open = Folder(folder, make=True, new=True)
            self._take(self._open.create(SAMPLES, os.O_APPEND))

    def _take(self, samples: int) -> None:
        """Write samples to a descriptor; UsageError if another process does."""
        # Unbuffered: what a full disk did not take must not come back when it is closed.
        self._samples: IO[bytes] = os.fdopen(samples, "ab", buffering=0)
        if not hold(samples):
            self._samples.close()
            raise UsageError(f"{self.folder} is being measured", remedy="wait for its end")

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._samples.close()
        if not self._described:
            self._leave_no_trace()
        self._open.close()

    def _leave_no_trace(self) -> None:
        """A run that never began is not kept."""
        self._open.remove(SAMPLES)
        self._open.remove_made()

    def describe(self, plan: dict[str, Any], environment: dict[str, Any]) -> None:
        """Write what is measured, and where; again where a run turns out otherwise."""
        import tomli_w

        text = json.dumps(environment, indent=1, sort_keys=True) + "\n"
        with _as_usage_error(self.folder):
            self._open.replace(PLAN, tomli_w.dumps(_without_none(plan)).encode())
            self._open.replace(ENVIRONMENT, text.encode())
        self._described = True

    def append(self, sample: Sample) -> None:
        """Write one sample through to the disk; UsageError where the disk does not take it."""
        with _as_usage_error(self.folder):
            line = json.dumps(asdict(sample), separators=(",", ":")).encode() + b"\n"
            while line:
                line = line[self._samples.write(line) :]
            os.fsync(self._samples.fileno())

    def append_profile(self, profile: StoredProfile) -> None:
        """Write the profile of one cell beside the samples; UsageError as `append`."""
        with _as_usage_error(self.folder):
            try:
                file = self._open.append_to(PROFILES)
            except FileNotFoundError:
                file = self._open.create(PROFILES, os.O_APPEND)
            with os.fdopen(file, "ab") as profiles:
                profiles.write(profile_line(profile))
                profiles.flush()
                os.fsync(profiles.fileno())


class ResumedWriter(RunWriter):
    """Writes more samples of a run that was stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._described = True
        with _as_usage_error(folder):
            self._open = Folder(folder)
            try:
                self._take(self._open.append_to(SAMPLES))
            except BaseException:
                self._open.close()
                raise

    def set_aside(self, indexes: Collection[int], reason: str) -> None:
        """Mark the samples with these indexes as not valid, and drop a last line cut short.

        The file is replaced in one step: a crash leaves it as it was, or as it is to be.
        """
        with _as_usage_error(self.folder):
            before = read_all(self._open.append_to(SAMPLES), MOST_BYTES)
            lines = [line for line in before.splitlines(keepends=True) if line.endswith(b"\n")]
            after = b"".join(_set_aside(line, indexes, reason) for line in lines)
            if after == before:
                return
            self._open.replace(SAMPLES, after)
            self._samples.close()
            self._take(self._open.append_to(SAMPLES))


def _set_aside(line: bytes, indexes: Collection[int], reason: str) -> bytes:
    if not indexes:
        return line
    sample = json.loads(line)
    if sample["index"] not in indexes or not sample["valid"]:
        return line
    marked = {**sample, "valid": False, "invalid_reason": reason}
    return json.dumps(marked, separators=(",", ":")).encode() + b"\n"


def _without_none(value: Any) -> Any:
    """TOML has no null: what is None is left out."""
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value


@contextmanager
def _as_usage_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written ({why(error)})",
            remedy="choose another place with --results DIR; what was recorded before is kept",
        ) from error
