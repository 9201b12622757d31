"""Rule files in auditctl's syntax: what the kernel holds after `auditctl -R FILE`.

A file is read to its end before anything happens on the host, and the first bad line is named.
Nothing is sent to the kernel; what it would refuse on its own (a path whose directory is not
there) comes as a warning. Rules come in the order in which the kernel evaluates them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import UsageError
from harness.files.caller import caller, why
from harness.files.reading import IrregularFileError, open_as_root, open_to_read
from harness.kernel.rule import Rule
from harness.kernel.rule_controls import Control, RuleControls
from harness.kernel.rule_lint import rule_warnings
from harness.kernel.rule_set import RuleSet
from harness.kernel.rule_text import ParsedLine, parse_rule
from harness.kernel.rule_warning import RuleWarning
from harness.kernel.rule_words import as_bytes, shown, split_line

MAX_FILE_BYTES = 64 << 20
HOST_RULES = Path("/etc/audit")
_LOCKS = {
    Control("enabled", 2): "-e 2 locks the audit configuration until the next reboot",
    Control("failure", 2): "-f 2 makes the kernel panic when it loses a record",
}
_NO_RETURNS = "remove the carriage returns: sed -i 's/\\r$//' FILE"


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One line that says something: its number in the file (from 1), its text, its meaning."""

    number: int
    text: str
    parsed: ParsedLine


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule file as a whole.

    `lines` are those that are neither blank nor comments, as written; `rules` what the kernel
    holds at the end, in evaluation order and without the prepend flag; `line_numbers` the line
    each rule comes from; `path` the file's path or the name of the text, fit to be shown (the
    `where` of a warning is `path:line`).
    """

    path: str
    lines: tuple[RuleLine, ...]
    rules: tuple[Rule, ...]
    line_numbers: tuple[int, ...]
    controls: RuleControls
    warnings: tuple[RuleWarning, ...] = ()


def load_rule_file(path: Path | str, *, ignore_lock: bool = False) -> RuleFile:
    """Read a rule file.

    `-e 2` and `-f 2` are refused, with `ignore_lock` they are left out with a warning. Raises
    `UsageError`, one line `FILE:LINE: what is wrong: remedy`, for everything auditctl would stop
    at and for a file that cannot be read; `HostUnfitError` without libaudit.
    """
    return _parse(_read(Path(path)), str(path), ignore_lock=ignore_lock)


def parse_rules_text(text: str, source_name: str, *, ignore_lock: bool = False) -> RuleFile:
    """`load_rule_file` for a text that is at hand; `source_name` stands for the file's name."""
    return _parse(as_bytes(text), source_name, ignore_lock=ignore_lock)


def _read(path: Path) -> bytes:
    name = shown(os.fsencode(path))
    try:
        with os.fdopen(_open(path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(MAX_FILE_BYTES + 1)
    except IrregularFileError:
        raise UsageError(
            f"rule file {name} is not a regular file", remedy="name a file, as auditctl wants"
        ) from None
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and why(error)) or str(error)
        raise UsageError(
            f"rule file {name} cannot be read ({reason})", remedy="check the path and its rights"
        ) from error
    if len(content) > MAX_FILE_BYTES:
        raise UsageError(
            f"rule file {name} has {size} bytes, more than {MAX_FILE_BYTES}",
            remedy="is this a rule file?",
        )
    return content


def _open(path: Path) -> int:
    """The file, with the rights of who called sudo: an error quotes the line that is wrong.

    The host's own rules only root can read; whoever may measure them may be told them.
    """
    if caller() is not None:
        real = path.resolve()
        if HOST_RULES in real.parents and real.suffix == ".rules":
            return open_as_root(real)
    return open_to_read(path, named=True)


def _parse(content: bytes, source: str, *, ignore_lock: bool) -> RuleFile:
    reader = _Reader(source, ignore_lock=ignore_lock)
    for number, line in enumerate(content.split(b"\n"), start=1):
        reader.take(number, line)
    return reader.file()


@dataclass(slots=True)
class _Reader:
    source: str
    ignore_lock: bool
    lines: list[RuleLine] = field(default_factory=list)
    warnings: list[RuleWarning] = field(default_factory=list)
    controls: RuleControls = field(default_factory=RuleControls)
    rules: RuleSet = field(default_factory=RuleSet)

    def take(self, number: int, line: bytes) -> None:
        where = f"{shown(as_bytes(self.source))}:{number}"
        try:
            words = split_line(line)
            if not words:
                return
            parsed = parse_rule(words)
            self._refuse_locks(parsed, where)
            self.rules.apply(parsed, number)
        except _LockError as error:
            raise UsageError(f"{where}: {error.what}", remedy=error.remedy) from None
        except UsageError as error:
            remedy = _NO_RETURNS if line.endswith(b"\r") else error.remedy
            if not (self.controls.ignore_errors or self.controls.continue_on_error):
                raise UsageError(f"{where}: {error.what}", remedy=remedy) from error
            self.warnings.append(
                RuleWarning("skipped", f"skipped after -i or -c, {error.what}", remedy, where)
            )
            return
        if line.endswith(b"\r"):
            what = "the carriage return at the end of the line becomes part of the last word"
            self.warnings.append(RuleWarning("carriage-return", what, _NO_RETURNS, where))
        self.lines.append(RuleLine(number, shown(line.strip(b" ")), parsed))
        self.warnings += [warning.at(where) for warning in parsed.warnings]
        self._take_controls(parsed, where)

    def _refuse_locks(self, parsed: ParsedLine, where: str) -> None:
        for control in parsed.controls:
            reason = _LOCKS.get(control)
            if reason is None:
                continue
            if not self.ignore_lock:
                raise _LockError(reason, remedy="--ignore-lock runs the rest")
            self.warnings.append(
                RuleWarning("lock", reason, "it is left out, as --ignore-lock says", where)
            )

    def _take_controls(self, parsed: ParsedLine, where: str) -> None:
        wanted = [control for control in parsed.controls if control not in _LOCKS]
        self.controls = self.controls.having(wanted)
        if any(control.name == "loginuid_immutable" for control in wanted):
            self.warnings.append(
                RuleWarning(
                    "lock",
                    "--loginuid-immutable cannot be taken back until the next reboot",
                    "it is left out, no record costs more or less for it",
                    where,
                )
            )

    def file(self) -> RuleFile:
        rules, numbers = self.rules.listing()
        source = shown(as_bytes(self.source))
        for rule, number in zip(rules, numbers, strict=True):
            self.warnings += [warning.at(f"{source}:{number}") for warning in rule_warnings(rule)]
        return RuleFile(
            path=source,
            lines=tuple(self.lines),
            rules=rules,
            line_numbers=numbers,
            controls=self.controls,
            warnings=tuple(self.warnings),
        )


class _LockError(UsageError):
    """A line that may not be run even where bad lines are skipped."""
