"""What auditctl would be given: one file, or a folder as augenrules merges it.

augenrules takes the names that end in `.rules` in the order of `ls -v`, joins them as `cat` does,
drops comments, and moves lines: the last `-D` to the front, after it the last `-b` and `-f`, the
last `-e` to the end. It looks at how a line begins, nothing else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cmp_to_key
from itertools import zip_longest
from pathlib import Path

from harness.counted import counted
from harness.errors import UsageError
from harness.files.caller import as_caller, why
from harness.kernel.rules.content import HOST_RULES, read_rule_file
from harness.kernel.rules.lint.finding import Finding, Kind, Place
from harness.kernel.rules.words import shown

MOST_BYTES = 4 << 20
MOST_FILES = 1_000
SUFFIX = ".rules"
DROPPED = Kind(
    "merge-dropped",
    "warning",
    "a setting that augenrules drops, because a later file sets it again",
    "Of all lines that begin with -b, -f or -e (and of -D) augenrules keeps the last one only.",
)
JOINED = Kind(
    "no-final-newline",
    "error",
    "a file of a folder whose last line does not end",
    "augenrules joins the files as cat does, so the next file's first line becomes part of the "
    "line.",
)
IGNORED = Kind(
    "file-ignored",
    "note",
    "a file that looks like rules and whose name does not end in .rules",
    "augenrules reads names that end in .rules only.",
)
KINDS = (DROPPED, JOINED, IGNORED)
_MOVED = {
    "-e": re.compile(rb"\s*-e"),
    "-D": re.compile(rb"\s*-D\s*$"),
    "-f": re.compile(rb"\s*-f"),
    "-b": re.compile(rb"\s*-b"),
}
_COMMENT = re.compile(rb"\s*#")
_EXTENSIONS = re.compile(r"(\.[A-Za-z~][A-Za-z0-9~]*)*$")
_RUNS = re.compile(r"(\D*)(\d*)")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line as auditctl gets it, and where it stands."""

    place: Place
    content: bytes


@dataclass(frozen=True, slots=True)
class Source:
    """What is loaded in one go. `merged` is a folder; `files` are the paths, fit to be shown."""

    files: tuple[str, ...]
    lines: tuple[SourceLine, ...]
    merged: bool = False
    findings: tuple[Finding, ...] = field(default=())


def read_source(path: Path) -> Source:
    """Read a rule file, or a folder of them.

    Raises `UsageError` where there is nothing to read: no such file, a folder without rules, more
    than can be a rule file.
    """
    if not is_folder(path):
        name, content = shown(os.fsencode(path)), _read(path)
        return Source((name,), tuple(_lines(name, content)))
    names = _names(path)
    rules = [name for name in names if name.endswith(SUFFIX) and not name.startswith(".")]
    if not rules:
        raise UsageError(
            f"folder {shown(os.fsencode(path))} holds no file that ends in {SUFFIX}",
            remedy="name a folder as /etc/audit/rules.d is, or a file",
        )
    files = [(shown(os.fsencode(path / each)), _read(path / each)) for each in in_order(rules)]
    merged = merge(files)
    ignored = [_ignored(path / each) for each in names if _looks_like_rules(each)]
    return Source(merged.files, merged.lines, True, (*merged.findings, *ignored))


def is_folder(path: Path) -> bool:
    """Whether a path names a folder; False where that cannot be seen."""
    try:
        with _looking_at(path):
            return path.is_dir()
    except (OSError, ValueError):
        return False


@contextmanager
def _looking_at(folder: Path) -> Iterator[None]:
    """With the rights of sudo's caller, who may see the host's own rules, as in `content.py`."""
    real = Path(os.path.realpath(folder))
    if HOST_RULES in (real, *real.parents):
        yield
        return
    with as_caller():
        yield


def _read(path: Path) -> bytes:
    content = read_rule_file(path)
    if len(content) > MOST_BYTES:
        size = counted(len(content), "byte")
        raise UsageError(
            f"{shown(os.fsencode(path))} has {size}, more than {MOST_BYTES:,}",
            remedy="is this a rule file?",
        )
    return content


def _names(folder: Path) -> list[str]:
    name = shown(os.fsencode(folder))
    try:
        with _looking_at(folder):
            found = sorted(os.listdir(folder))  # noqa: PTH208  # names, not paths
    except OSError as error:
        raise UsageError(
            f"folder {name} cannot be read ({why(error)})", remedy="check its rights"
        ) from error
    if len(found) > MOST_FILES:
        raise UsageError(
            f"folder {name} holds {counted(len(found), 'file')}, more than {MOST_FILES:,}",
            remedy="name a folder as /etc/audit/rules.d is",
        )
    return found


def _looks_like_rules(name: str) -> bool:
    return ".rules" in name and not name.endswith(SUFFIX)


def _ignored(path: Path) -> Finding:
    return Finding(
        IGNORED,
        Place(shown(os.fsencode(path)), 1),
        "augenrules does not read the file, because its name does not end in .rules",
        "rename it, or move it out of the folder",
    )


def _lines(name: str, content: bytes) -> Iterator[SourceLine]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        yield SourceLine(Place(name, number), line)


def merge(files: Sequence[tuple[str, bytes]]) -> Source:
    """The files (name fit to be shown, content) in this order, merged as augenrules does."""
    lines, findings = _joined(files)
    kept: dict[str, SourceLine] = {}
    rest: list[SourceLine] = []
    for line in lines:
        option = next((name for name, begins in _MOVED.items() if begins.match(line.content)), None)
        if _COMMENT.match(line.content) or not line.content:
            continue
        if option is None:
            rest.append(line)
            continue
        if option in kept:
            findings += _dropped(kept[option], line, option)
        kept[option] = line
    front = [kept[option] for option in ("-D", "-b", "-f") if option in kept]
    back = [kept["-e"]] if "-e" in kept else []
    names = tuple(name for name, _ in files)
    return Source(names, (*front, *rest, *back), True, tuple(findings))


def _joined(files: Sequence[tuple[str, bytes]]) -> tuple[list[SourceLine], list[Finding]]:
    """All lines, as `cat` joins the files."""
    lines: list[SourceLine] = []
    findings: list[Finding] = []
    open_line: SourceLine | None = None
    for name, content in files:
        own = list(_lines(name, content))
        if open_line is not None and content:
            findings.append(_glued(open_line, own[0]))
            own[0] = SourceLine(open_line.place, open_line.content + own[0].content)
            open_line = None
        if content:
            last = own.pop()
            open_line = last if last.content else None
            lines += own
    return lines + ([open_line] if open_line else []), findings


def _glued(line: SourceLine, following: SourceLine) -> Finding:
    return Finding(
        JOINED,
        line.place,
        "the last line has no newline at its end, so augenrules joins it with "
        f"{following.place}: `{shown((line.content + following.content)[:120])}`",
        "end the file with a newline",
        (following.place,),
    )


def _dropped(line: SourceLine, later: SourceLine, option: str) -> Iterator[Finding]:
    if line.content.split() == later.content.split():
        return
    yield Finding(
        DROPPED,
        line.place,
        f"augenrules drops the line: of all lines with {option} it keeps the last, "
        f"{later.place} (`{shown(later.content[:60])}`)",
        f"set {option} in one file",
        (later.place,),
    )


def in_order(names: Sequence[str]) -> list[str]:
    """File names in the order of `ls -v`, which is that of augenrules: 9-x before 10-x."""
    return sorted(names, key=cmp_to_key(_compare_names))


def _compare_names(left: str, right: str) -> int:
    stems = (_EXTENSIONS.sub("", left, count=1), _EXTENSIONS.sub("", right, count=1))
    return _compare(*stems) or _compare(left, right) or (left > right) - (left < right)


def _compare(left: str, right: str) -> int:
    pairs = zip_longest(_RUNS.findall(left), _RUNS.findall(right), fillvalue=("", ""))
    for (words, number), (others, other) in pairs:
        for one, two in zip_longest(words, others, fillvalue=""):
            if _rank(one) != _rank(two):
                return _rank(one) - _rank(two)
        one, two = number.lstrip("0"), other.lstrip("0")
        if (len(one), one) != (len(two), two):
            return 1 if (len(one), one) > (len(two), two) else -1
    return 0


def _rank(char: str) -> int:
    if not char:
        return 0
    if char == "~":
        return -1
    return ord(char) if char.isascii() and char.isalpha() else ord(char) + 256
