"""Reading a run back: everything in it comes from outside, and is checked as it is read.

A line that a crash cut short is passed over with a caution.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import lzma
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness import renamed
from harness.errors import UsageError
from harness.files.caller import why
from harness.files.reading import MOST_BYTES, read_bytes, read_text
from harness.files.unpacking import unpack_xz
from harness.model.caution import Caution
from harness.model.numbers import refuse_extremes, refuse_extremes_within
from harness.model.run import SAMPLE_SCHEMA, Sample
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.model.stored.profile import StoredProfile
from harness.model.stored.trial import StoredMachine, StoredStatus, StoredWorkload
from harness.store.layout import ENVIRONMENT, KEPT_SAMPLES, PLAN, samples_file
from harness.store.old_ledgers import sample_of_now
from harness.store.profiles import read_profiles

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as it was written, under the names of now."""

    folder: Path
    plan: StoredPlan
    environment: StoredEnvironment
    samples: tuple[Sample, ...]
    cautions: tuple[Caution, ...] = ()
    profiles: tuple[StoredProfile, ...] = ()
    """Of cells that were sampled after the measured trials; none of their trials is a sample."""

    @property
    def name(self) -> str:
        """`<machine>/<run>`."""
        return f"{self.folder.parent.name}/{self.folder.name}"


def load_run(folder: Path, *, counted_too: bool = False) -> StoredRun:
    """Read a run back; UsageError where it is not one or a line inside it is damaged.

    Without `counted_too`, also for one that counts instructions: it has no times.
    """
    plan, names = _read_document(folder / PLAN, tomllib.loads, _plan_of_now)
    if plan.instrument == "counted" and not counted_too:
        raise UsageError(
            f"{folder} counts instructions in a guest, and times are wanted here",
            remedy="name another run; show, compare, gate, history, report and plot take this one",
        )
    environment = _read_document(folder / ENVIRONMENT, json.loads, StoredEnvironment.read)
    with _no_garbage_collection():
        samples, cautions = _read_samples(samples_file(folder))
    if names:
        samples = [replace(s, scenario=names.get(s.scenario, s.scenario)) for s in samples]
    profiles = read_profiles(folder)
    return StoredRun(folder, plan, environment, tuple(samples), tuple(cautions), profiles)


def load_documents(folder: Path) -> StoredRun:
    """A run without its samples: what was measured, and where."""
    plan, _ = _read_document(folder / PLAN, tomllib.loads, _plan_of_now)
    environment = _read_document(folder / ENVIRONMENT, json.loads, StoredEnvironment.read)
    return StoredRun(folder, plan, environment, ())


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
            f"{path} is damaged ({_explain_damage(error)})", remedy="restore it or run again"
        ) from None
    return found


def _explain_damage(error: Exception) -> str:
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
        samples.append(sample_of_now(_read_sample(path, number, line, decode)))
    return samples, cautions


def _read_sample(path: Path, number: int, line: bytes, decode: Callable[[bytes], Sample]) -> Sample:
    """One line; what fields it has beyond those of this version is passed over."""
    try:
        sample = decode(line)
        _check_sample(sample)
    except (ValueError, RecursionError) as error:
        _refuse_other_schema(path, number, _schema_of(line))
        raise UsageError(
            f"{path}:{number} is damaged ({_explain_damage(error)})",
            remedy="delete this line to use the rest",
        ) from None
    _refuse_other_schema(path, number, sample.schema)
    return sample


def _check_sample(sample: Sample) -> None:
    """ValueError, with its place, for what is read again of a sample and is not as it must be."""
    refuse_extremes(sample.metrics)
    for moment in sample.soak:
        values = moment._asdict().items()
        refuse_extremes({f"soak.{name}": value for name, value in values if value is not None})
    documents = (
        ("workload_document", sample.workload_document, StoredWorkload),
        ("victim_document", sample.victim_document, StoredWorkload),
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
