"""Keep a run for others to read: its samples compressed, and nothing in it that names the machine.

    python results/keep.py results/<machine>/<run> overhead-debian12-2vcpu

writes `results/reference/overhead-debian12-2vcpu/`. Numbers are never touched. Names of machine and
user, serials and the places of programs are replaced; what then still looks like one is an error.
"""

from __future__ import annotations

import argparse
import getpass
import json
import lzma
import re
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import tomli_w

from harness.answers.result import make_result
from harness.errors import AuditbenchError, UsageError
from harness.model.result import Result
from harness.store import (
    ENVIRONMENT,
    KEPT_SAMPLES,
    PLAN,
    SAMPLES,
    StoredRun,
    load_run,
    read_sample_lines,
)

REFERENCE = Path(__file__).parent / "reference"
PLACE = "/opt/auditbench"
"""Stands for wherever auditbench was."""
PUBLIC_PLACES = tuple(
    f"/{name}"
    for name in ("bin", "dev", "etc", "lib", "opt", "proc", "run", "sbin", "sys", "usr", "var")
)
"""Folders that every Linux has; other paths tell of one machine."""
IDENTIFIERS = {
    "a UUID": r"\b[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b",
    "a machine id": r"\b[0-9a-fA-F]{32}\b",
    "a hardware address": r"\b[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}\b",
    "a mail address": r"\b[\w.+-]+@[\w-]+\.[\w.]+\b",
}
_PATH = re.compile(r"(?<![\w.$*/])/[\w.+-]+(?:/[\w.+@-]+)*")
_CHECKOUT = re.compile(r"\+g[0-9a-f]{7,40}(\.d[0-9]{8})?")
"""The part of a version that names the state of somebody's checkout."""
_RELEASE = re.compile(r"\d[\d.]*(-rc\d+)?")
_VERSION_WORDS = re.compile(r"#\d+\S*|SMP|PREEMPT\S*")

Rewrite = Callable[[str], str]


def keep(run: Path, name: str, folder: Path = REFERENCE) -> Path:
    """Write the neutral copy, in place of an older one of this name; its folder.

    Raises UsageError for a run that is damaged, was stopped early or is not to be relied on, and
    where something in it still identifies a machine.
    """
    if not re.fullmatch(r"[a-z0-9][\w.-]*", name):
        raise UsageError(f"{name!r} is no name", remedy="as overhead-debian12-2vcpu")
    stored = load_run(run)
    result = make_result(stored)
    if stored.cautions or not result.complete or not result.trustworthy:
        raise UsageError(f"{run} is not whole, or not to be relied on", remedy="measure again")
    refuse_wide_floors(stored, result)
    machine = name.partition("-")[2] or name
    rewrite = rewriter(stored, machine)
    # As it was written: the names in it must be those in the samples.
    plan = _every_text(tomllib.loads((run / PLAN).read_text(encoding="utf-8")), rewrite)
    environment = _every_text(neutral_environment(stored.environment.document, machine), rewrite)
    lines = [_neutral_line(line, rewrite) for line in _sample_lines(run)]
    for document in (plan, environment, *map(json.loads, lines)):
        require_neutral(document)
    target = folder / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    (target / PLAN).write_text(tomli_w.dumps(plan), encoding="utf-8")
    text = json.dumps(environment, indent=1, sort_keys=True, ensure_ascii=False)
    (target / ENVIRONMENT).write_text(text + "\n", encoding="utf-8")
    data = lzma.compress(b"".join(lines), preset=9 | lzma.PRESET_EXTREME)
    (target / KEPT_SAMPLES).write_bytes(data)
    return target


def refuse_wide_floors(stored: StoredRun, result: Result) -> None:
    """Refuse a run about a price in which no price is outside the noise.

    Runs about losses or a ranking decide by counts and CPU, for which elapsed time is no measure.
    """
    if stored.plan.question not in ("cost", "scaling"):
        return
    most = 1 + stored.plan.margin
    for floor in result.noise_floor:
        if floor.ci_low < 1 / most or floor.ci_high > most:
            raise UsageError(
                f"the noise floor of {floor.workload}, {floor.ci_low:.3f} to {floor.ci_high:.3f}, "
                f"is wider than the margin of {stored.plan.margin:.0%}",
                remedy="measure again on a quiet machine, with more blocks",
            )


def neutral_environment(environment: dict[str, Any], machine: str) -> dict[str, Any]:
    """A copy without what identifies the machine; what a result depends on stays."""
    found: dict[str, Any] = json.loads(json.dumps(environment))
    facts = found["facts"]
    facts["hostname"] = facts["machine"] = machine
    facts["load"]["boot_id"] = None
    facts["other_run"]["holder"] = None
    facts["platform"]["product"] = None
    # Builders write their names and hosts into it.
    facts["kernel"]["version"] = " ".join(_VERSION_WORDS.findall(facts["kernel"]["version"]))
    for name in ("auditbench", "label"):
        found[name] = _CHECKOUT.sub("", found[name])
    found["argv"] = _neutral_command(found["argv"])
    return found


PLACES = ("--results", "--to", "--output", "-o")
"""Options that say where something went; the last two are those of before."""


def _neutral_command(argv: list[str]) -> list[str]:
    """Without the place of the program and without where the run went."""
    words = iter(argv[1:])
    kept = ["auditbench"]
    for word in words:
        if word in PLACES:
            next(words, None)
        elif not word.startswith(tuple(f"{option}=" for option in PLACES)):
            kept.append(word)
    return kept


def rewriter(stored: StoredRun, machine: str) -> Rewrite:
    """What replaces names of this machine and its user wherever they stand in a text."""
    facts = stored.environment.facts
    places = {str(Path(__file__).resolve().parents[1]): PLACE}
    for program in sorted(_programs(stored)):
        # A Python below somebody's home has the same name elsewhere.
        if not _is_public(program):
            places[program] = f"/usr/bin/{PurePosixPath(program).name}"
    release = facts.kernel.release
    words = {facts.machine: machine, facts.hostname: machine}
    # Builders write their names behind the number; run labels have it, too.
    words[release] = match[0] if (match := _RELEASE.match(release)) else "unknown"
    if (user := getpass.getuser()) != "root":
        words[user] = "user"
    by_length = sorted(places, key=len, reverse=True)
    pattern = re.compile(
        "|".join(
            [re.escape(place) for place in by_length]
            + [rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in words if word]
        )
    )
    both = {**words, **places}
    return lambda text: pattern.sub(lambda match: both[match[0]], text)


def _programs(stored: StoredRun) -> Iterator[str]:
    """The programs that the loads ran as; rules name them, too."""
    for sample in stored.samples:
        program = sample.workload_document.get("exe")
        if isinstance(program, str) and program.startswith("/"):
            yield program


def _sample_lines(run: Path) -> list[bytes]:
    there = run / SAMPLES
    return read_sample_lines(there if there.is_file() else run / KEPT_SAMPLES)


def _neutral_line(line: bytes, rewrite: Rewrite) -> bytes:
    document = _every_text(json.loads(line), rewrite)
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def _every_text(value: Any, rewrite: Rewrite) -> Any:
    """The same document with every text in it rewritten, keys included."""
    if isinstance(value, str):
        return rewrite(value)
    if isinstance(value, dict):
        return {rewrite(key): _every_text(inner, rewrite) for key, inner in value.items()}
    if isinstance(value, list):
        return [_every_text(inner, rewrite) for inner in value]
    return value


def require_neutral(document: Any) -> None:
    """UsageError where a text of the document looks as if it told of one machine."""
    for text in _texts(document):
        for what, pattern in IDENTIFIERS.items():
            if found := re.search(pattern, text):
                raise UsageError(f"{what} is left: {found[0]}", remedy="have keep.py replace it")
        for found in _PATH.finditer(text):
            if not _is_public(found[0]):
                raise UsageError(f"a path of one machine is left: {found[0]} in {text!r}")


def _is_public(path: str) -> bool:
    return path == "/.dockerenv" or f"/{path.split('/')[1]}" in PUBLIC_PLACES


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def main() -> int:
    """The command line; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("run", type=Path, help="the folder of the run")
    parser.add_argument("name", help="PLAN-MACHINE, as overhead-debian12-2vcpu")
    parser.add_argument("-o", dest="folder", type=Path, default=REFERENCE, help="below this folder")
    words = parser.parse_args()
    try:
        kept = keep(words.run, words.name, words.folder)
    except AuditbenchError as error:
        print(f"keep.py: {error.one_line()}", file=sys.stderr)
        return error.exit_code
    size = sum(path.stat().st_size for path in kept.iterdir())
    print(f"{kept}: {size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
