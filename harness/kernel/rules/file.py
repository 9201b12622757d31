"""Rule files in auditctl's syntax: what the kernel holds after `auditctl -R FILE`.

A file is read to its end before anything happens on the host, and the first bad line is named.
Nothing is sent to the kernel; its refusals are foreseen (`checks.refusals`, `checks.paths`), so
that a file ends where it would end with auditctl. Rules come as the kernel lists them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from harness.counted import counted
from harness.errors import UsageError
from harness.files.caller import caller, why
from harness.files.reading import IrregularFileError, open_as_root, open_to_read
from harness.kernel.rules.characters import refuse_encoding
from harness.kernel.rules.checks.lint import rule_warnings
from harness.kernel.rules.controls import RuleControls
from harness.kernel.rules.reader import RuleLine, RuleReader
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.warning import RuleWarning
from harness.kernel.rules.words import as_bytes, shown

MAX_FILE_BYTES = 64 << 20
HOST_RULES = Path("/etc/audit")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule file as a whole.

    `lines` are those that are neither blank nor comments nor skipped, as written; `rules` what the
    kernel holds at the end, in the order in which it lists them (list by list, in each list as they
    are evaluated) and without the prepend flag; `line_numbers` the line each rule comes from;
    `path` the file's path or the name of the text, fit to be shown (the `where` of a warning is
    `path:line`).
    """

    path: str
    lines: tuple[RuleLine, ...]
    rules: tuple[Rule, ...]
    line_numbers: tuple[int, ...]
    controls: RuleControls
    warnings: tuple[RuleWarning, ...] = ()


def load_rule_file(
    path: Path | str,
    *,
    ignore_lock: bool = False,
    elsewhere: bool = False,
    absent_exe: str | None = None,
) -> RuleFile:
    """Read a rule file.

    `-e 2` and `-f 2` are refused; with `ignore_lock` they are ignored with a warning. With
    `elsewhere` the rules are another host's: paths that are missing here are no error; nor is
    `exe=` of the program `absent_exe`.
    Raises `UsageError`, one line `FILE:LINE: what is wrong: remedy`, for everything auditctl would
    stop at, the kernel's refusals included, and for a file that cannot be read; `HostUnfitError`
    without libaudit.
    """
    reader = _reader(str(path), ignore_lock, elsewhere, absent_exe)
    return _parse(read_rule_file(Path(path)), reader)


def parse_rules_text(
    text: str,
    source_name: str,
    *,
    ignore_lock: bool = False,
    elsewhere: bool = False,
    absent_exe: str | None = None,
) -> RuleFile:
    """`load_rule_file` for a text; `source_name` takes the place of the file's name."""
    return _parse(as_bytes(text), _reader(source_name, ignore_lock, elsewhere, absent_exe))


def _reader(source: str, ignore_lock: bool, elsewhere: bool, absent_exe: str | None) -> RuleReader:
    return RuleReader(
        shown(as_bytes(source)),
        ignore_lock=ignore_lock,
        elsewhere=elsewhere,
        absent_exe=None if absent_exe is None else os.fsencode(absent_exe),
    )


def read_rule_file(path: Path) -> bytes:
    """The content of a rule file, opened with the caller's rights; `UsageError` if it cannot be."""
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
            f"rule file {name} has {counted(size, 'byte')}, more than {MAX_FILE_BYTES:,}",
            remedy="is this a rule file?",
        )
    return content


def _open(path: Path) -> int:
    """Open the file with the rights of sudo's caller, because an error quotes the wrong line.

    Only root can read the host's own rules; a caller who may measure them may see them.
    """
    if caller() is not None:
        real = path.resolve()
        if HOST_RULES in real.parents and real.suffix == ".rules":
            return open_as_root(real)
    return open_to_read(path, named=True)


def _parse(content: bytes, reader: RuleReader) -> RuleFile:
    name = reader.source
    refuse_encoding(content, name)
    for number, line in enumerate(content.split(b"\n"), start=1):
        reader.take(number, line)
    rules, numbers = reader.rules.listing()
    traps = [
        warning.at(f"{name}:{number}")
        for rule, number in zip(rules, numbers, strict=True)
        for warning in rule_warnings(rule, absent_exe=reader.absent_exe)
    ]
    return RuleFile(
        path=name,
        lines=tuple(reader.lines),
        rules=rules,
        line_numbers=numbers,
        controls=reader.controls,
        warnings=(*reader.warnings, *traps),
    )
