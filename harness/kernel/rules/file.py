"""Rule files in auditctl's syntax: what the kernel holds after `auditctl -R FILE`.

A file is read to its end before anything happens on the host, and every bad line is named. A folder
is read as augenrules merges it. Nothing is sent to the kernel; its refusals are foreseen
(`checks.refusals`, `checks.paths`), so that a file ends where it would end with auditctl. Rules
come as the kernel lists them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.counted import counted
from harness.errors import ManyFaultsError, UsageError
from harness.kernel.rules.characters import refuse_encoding
from harness.kernel.rules.checks.lint import rule_warnings
from harness.kernel.rules.content import read_rule_file
from harness.kernel.rules.controls import RuleControls
from harness.kernel.rules.lint.finding import Finding
from harness.kernel.rules.lint.source import Source, SourceLine, is_folder, read_source
from harness.kernel.rules.reader import LEFT_OUT, MISSING, BadLine, RuleLine, RuleReader
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.set import DuplicateError
from harness.kernel.rules.warning import FaultError, RuleWarning
from harness.kernel.rules.words import as_bytes, shown


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule file, or a folder of them, as a whole.

    `lines` are those that are neither blank nor comments nor skipped, as written; `rules` what the
    kernel holds at the end, in the order in which it lists them (list by list, in each list as they
    are evaluated) and without the prepend flag; `line_numbers` the line each rule comes from, in
    its own file; `path` the path or the name of the text, fit to be shown (the `where` of a warning
    is `path:line`). `merged` is a folder.
    """

    path: str
    lines: tuple[RuleLine, ...]
    rules: tuple[Rule, ...]
    line_numbers: tuple[int, ...]
    controls: RuleControls
    warnings: tuple[RuleWarning, ...] = ()
    merged: bool = False

    @property
    def left_out(self) -> int:
        """How many lines are left out because of what is not on this host."""
        return sum(warning.code == LEFT_OUT for warning in self.warnings)


def load_rule_file(
    path: Path | str,
    *,
    ignore_lock: bool = False,
    skip_missing: bool = False,
    elsewhere: bool = False,
    absent_exe: str | None = None,
) -> RuleFile:
    """Read a rule file, or a folder as augenrules merges it.

    `-e 2` and `-f 2` are refused; with `ignore_lock` they are ignored with a warning. With
    `skip_missing` a line is left out with a warning if auditctl or the kernel would refuse it here
    for a path or an account that this host does not have. With `elsewhere` the rules are another
    host's: paths that are missing here are no error; nor is `exe=` of the program `absent_exe`.
    Raises `ManyFaultsError` with a line `FILE:LINE: what is wrong: remedy` for each at which
    auditctl would stop, the kernel's refusals included; `UsageError` for what cannot be read;
    `HostUnfitError` without libaudit.
    """
    path = Path(path)
    name = shown(os.fsencode(path))
    reader = _reader(name, ignore_lock, elsewhere, absent_exe)
    reader.skip_missing = skip_missing
    if is_folder(path):
        return _parse_folder(read_source(path), reader)
    return _parse(read_rule_file(path), reader)


def parse_rules_text(
    text: str,
    source_name: str,
    *,
    ignore_lock: bool = False,
    elsewhere: bool = False,
    absent_exe: str | None = None,
) -> RuleFile:
    """`load_rule_file` for a text; `source_name` takes the place of the file's name."""
    name = shown(as_bytes(source_name))
    return _parse(as_bytes(text), _reader(name, ignore_lock, elsewhere, absent_exe))


def _reader(name: str, ignore_lock: bool, elsewhere: bool, absent_exe: str | None) -> RuleReader:
    return RuleReader(
        name,
        ignore_lock=ignore_lock,
        elsewhere=elsewhere,
        absent_exe=None if absent_exe is None else os.fsencode(absent_exe),
    )


def _parse(content: bytes, reader: RuleReader) -> RuleFile:
    refuse_encoding(content, reader.source)
    lines = content.split(b"\n")
    _refuse_other_file(lines, reader.source)
    for number, line in enumerate(lines, start=1):
        reader.take(number, line)
    return _read(reader)


def _refuse_other_file(lines: Sequence[bytes], name: str) -> None:
    """UsageError for a file of another kind, of which each line would be wrong."""
    said = [line for line in map(bytes.strip, lines) if line and not line.startswith(b"#")]
    if len(said) > 1 and not any(line.startswith(b"-") for line in said):
        lines_said = counted(len(said), "line")
        raise UsageError(
            f"{name} is not a rule file: not one of its {lines_said} begins with an option",
            remedy="name one in auditctl's syntax, such as /etc/audit/audit.rules",
        )


def _parse_folder(source: Source, reader: RuleReader) -> RuleFile:
    for name in source.files:
        own = [line.content for line in source.lines if line.place.file == name]
        refuse_encoding(b"\n".join(own[:2]), name)
    reader.places = tuple(str(line.place) for line in source.lines)
    for number, line in enumerate(source.lines, start=1):
        reader.take(number, line.content)
    return _read(reader, source.lines, source.findings)


def _read(
    reader: RuleReader, merged: Sequence[SourceLine] = (), findings: Sequence[Finding] = ()
) -> RuleFile:
    """What the reader has read; ManyFaultsError if there are lines at which auditctl would stop."""
    if bad := [_placed(each, reader) for each in reader.bad if not each.passed]:
        raise ManyFaultsError(bad)
    rules, numbers = reader.rules.listing()
    return RuleFile(
        path=reader.source,
        lines=tuple(reader.lines),
        rules=rules,
        line_numbers=tuple(merged[n - 1].place.line for n in numbers) if merged else numbers,
        controls=reader.controls,
        warnings=(
            *(RuleWarning(f.kind.code, f.reason, f.remedy, str(f.place)) for f in findings),
            *reader.warnings,
            *_traps(reader, rules, numbers),
        ),
        merged=bool(merged),
    )


def _traps(
    reader: RuleReader, rules: Sequence[Rule], numbers: Sequence[int]
) -> Iterator[RuleWarning]:
    for rule, number in zip(rules, numbers, strict=True):
        for warning in rule_warnings(rule, absent_exe=reader.absent_exe):
            yield warning.at(reader.where(number))


def _placed(bad: BadLine, reader: RuleReader) -> UsageError:
    """The error about a line with the place of the line, and of the other one that it names."""
    what = bad.error.what
    if reader.places and isinstance(bad.error, DuplicateError):
        what = what.replace(f"line {bad.error.first},", f"{reader.where(bad.error.first)},")
    remedy = bad.error.remedy
    if isinstance(bad.error, FaultError) and bad.error.code in MISSING:
        remedy += "; --skip-missing leaves such lines out"
    placed = UsageError(f"{reader.where(bad.number)}: {what}", remedy=remedy)
    placed.__cause__ = bad.error
    return placed
