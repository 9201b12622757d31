"""Runs on disk: `<folder>/<machine>/<run>/` with plan, environment and samples.

`samples.jsonl` is append-only, one trial per line, flushed to the disk after each: a crash loses
one trial at most, and a line that a crash cut short is passed over with a caution.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import lzma
import os
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from harness import renamed
from harness.errors import UsageError
from harness.files.caller import as_caller, why
from harness.files.folder import Folder
from harness.files.reading import MOST_BYTES, is_file, read_bytes, read_text
from harness.files.unpacking import unpack_xz
from harness.model.caution import Caution
from harness.model.numbers import refuse_extremes, refuse_extremes_within
from harness.model.run import SAMPLE_SCHEMA, Sample
from harness.model.stored import (
    StoredEnvironment,
    StoredMachine,
    StoredPlan,
    StoredStatus,
    StoredWorkload,
)

SAMPLES = "samples.jsonl"
KEPT_SAMPLES = "samples.jsonl.xz"
"""The same, compressed: a run that is kept for others to read, never one just measured."""
PLAN = "plan.toml"
ENVIRONMENT = "environment.json"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as it was written, under the names of now."""

    folder: Path
    plan: StoredPlan
    environment: StoredEnvironment
    samples: tuple[Sample, ...]
    cautions: tuple[Caution, ...] = ()

    @property
    def name(self) -> str:
        """`<machine>/<run>`."""
        return f"{self.folder.parent.name}/{self.folder.name}"


class RunWriter:
    """Writes one run. Opened before anything on the host changes, so that a folder that cannot
    be written costs nothing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._described = False
        with _as_usage_error(folder):
            self._open = Folder(folder, make=True, new=True)
            # Unbuffered: what a full disk did not take must not come back when it is closed.
            self._samples: IO[bytes] = os.fdopen(
                self._open.create(SAMPLES, os.O_APPEND), "ab", buffering=0
            )

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


def load_run(folder: Path) -> StoredRun:
    """Read a run back; UsageError where it is not one or a line inside it is damaged."""
    plan, names = _read_document(folder / PLAN, tomllib.loads, _plan_of_now)
    environment = _read_document(folder / ENVIRONMENT, json.loads, StoredEnvironment.read)
    with _no_garbage_collection():
        samples, cautions = _read_samples(_samples_file(folder))
    if names:
        samples = [replace(s, scenario=names.get(s.scenario, s.scenario)) for s in samples]
    return StoredRun(folder, plan, environment, tuple(samples), tuple(cautions))


def _plan_of_now(document: Any) -> tuple[StoredPlan, dict[str, str]]:
    """The plan under the names of now, and what its scenarios were called before."""
    names = renamed.stored_names(StoredPlan.read(document))
    return StoredPlan.read(renamed.stored_plan(document, names)), names


def _read_document(path: Path, parse: Callable[[str], Any], read: Callable[[Any], T]) -> T:
    try:
        document = parse(read_text(path))
        found = read(document)
        refuse_extremes_within(document)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({why(error)})",
            remedy="name the folder of a run, or `latest`",
        ) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path} is damaged ({explain_damage(error)})", remedy="restore it or run again"
        ) from None
    return found


def explain_damage(error: Exception) -> str:
    """Why something that was read is damaged, in words."""
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """What is read has no cycles, and looking for some is most of the time that reading takes."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _samples_file(folder: Path) -> Path:
    kept = folder / KEPT_SAMPLES
    return kept if is_file(kept) and not is_file(folder / SAMPLES) else folder / SAMPLES


def read_sample_lines(path: Path) -> list[bytes]:
    """The lines of a file of samples, compressed or not; UsageError where it cannot be read."""
    return list(_sample_lines(path))


def _sample_lines(path: Path) -> Iterator[bytes]:
    """One after the other: a file of nothing but line ends is not a list of millions."""
    try:
        data = read_bytes(path, limit=MOST_BYTES)
        if path.name == KEPT_SAMPLES:
            data = unpack_xz(data)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({why(error)})") from None
    except (ValueError, lzma.LZMAError) as error:
        raise UsageError(f"{path} is damaged ({error})", remedy="restore it") from None
    yield from io.BytesIO(data)


def _read_samples(path: Path) -> tuple[list[Sample], list[Caution]]:
    # Checks every field and is several times as fast as the standard library.
    from msgspec.json import Decoder

    decode = Decoder(Sample).decode
    samples: list[Sample] = []
    cautions: list[Caution] = []
    for number, line in enumerate(_sample_lines(path), start=1):
        if not line.endswith(b"\n"):  # only the last can be so
            cautions.append(
                Caution("truncated", f"{path}: the last line was cut short and is left out")
            )
            break
        samples.append(_read_sample(path, number, line, decode))
    return samples, cautions


def _read_sample(path: Path, number: int, line: bytes, decode: Callable[[bytes], Sample]) -> Sample:
    """One line; what fields it has beyond those of this version is passed over."""
    try:
        sample = decode(line)
        _check_sample(sample)
    except (ValueError, RecursionError) as error:
        _refuse_other_schema(path, number, _schema_of(line))
        raise UsageError(
            f"{path}:{number} is damaged ({explain_damage(error)})",
            remedy="delete this line to use the rest",
        ) from None
    _refuse_other_schema(path, number, sample.schema)
    return sample


def _check_sample(sample: Sample) -> None:
    """ValueError, with its place, for what is read again of a sample and is not as it must be."""
    refuse_extremes(sample.metrics)
    documents = (
        ("workload_document", sample.workload_document, StoredWorkload),
        ("status_before", sample.status_before, StoredStatus),
        ("machine", sample.machine, StoredMachine),
    )
    for name, document, shape in documents:
        if document:
            try:
                msgspec.convert(document, shape)
            except ValueError as error:
                raise ValueError(f"{error} - in `$.{name}`") from None


def _schema_of(line: bytes) -> object:
    """The schema that a line says it has, this version's where it says none."""
    with contextlib.suppress(ValueError, AttributeError, RecursionError):
        return json.loads(line).get("schema", SAMPLE_SCHEMA)
    return SAMPLE_SCHEMA


def _refuse_other_schema(path: Path, number: int, schema: object) -> None:
    if schema != SAMPLE_SCHEMA:
        raise UsageError(
            f"{path}:{number} has schema {schema}, this version reads {SAMPLE_SCHEMA}",
            remedy="use the version of auditbench that wrote it",
        )


def find_run(name: str, results: Path) -> Path:
    """The folder of a run named by path, by `<machine>/<run>`, by `<run>`, or as `latest`.

    `latest~1` is the run before the latest, `latest~2` the one before that. Runs whose samples are
    compressed were kept, not just measured: they are found by name only.
    """
    if back := re.fullmatch(r"latest(?:~(\d{1,6}))?", name):
        return _latest(results, int(back[1] or 0))
    for folder in (Path(name), results / name, *_find(results, f"*/{name}")):
        if is_file(_samples_file(folder)):
            return folder
    raise UsageError(
        f"{name!r} is not a run", remedy=f"name a folder with {SAMPLES}, or `latest` of {results}"
    )


def _latest(results: Path, back: int) -> Path:
    runs = sorted(_find(results, f"*/*/{SAMPLES}"), key=lambda path: path.parent.name)
    if not runs:
        raise UsageError(f"no run under {results}", remedy="make one with `auditbench run`")
    if back >= len(runs):
        raise UsageError(
            f"latest~{back} is not a run: {results} holds {len(runs)}",
            remedy=f"the oldest is latest~{len(runs) - 1}" if len(runs) > 1 else "use `latest`",
        )
    return runs[-1 - back].parent


def list_runs(folder: Path) -> list[Path]:
    """The folders of all runs in a folder and two levels below it, measured or kept, by name.

    Raises UsageError where there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", remedy="name one that runs are stored in")
    found = {
        path.parent
        for name in (SAMPLES, KEPT_SAMPLES)
        for pattern in (name, f"*/{name}", f"*/*/{name}")
        for path in _find(folder, pattern)
    }
    return sorted(found, key=lambda run: (run.name, run))


def _find(folder: Path, pattern: str) -> list[Path]:
    """What matches in a folder, as far as the caller may look into it."""
    with as_caller():
        return sorted(folder.glob(pattern))
