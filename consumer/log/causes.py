"""Why lines of a file are not records, judged by the first such line, and the remedy."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple


class Cause(NamedTuple):
    """The nature of the lines, and the remedy."""

    what: str
    remedy: str


# ausearch -i prints `audit(03/01/2020 10:00:00.123:17)`, in the order of the locale.
_SPELLED_OUT = re.compile(rb"audit\([^)]*[/ ][^)]*:[0-9]")
_RECORD_BEGINS = re.compile(rb"(node=\S+ )?type=")
_RECORD = re.compile(rb"type=[A-Za-z0-9_\[\]]+ (msg=)?audit\([0-9]")
_JOURNAL = re.compile(rb"(?:^|[\s/>])audit(?:\[[0-9]+\])?: [A-Z][A-Z0-9_]{2,}(\[[0-9]+\])? ")
_RULE = re.compile(rb"\s*(#|-[abfrDweic](\s|\Z)|--[a-z])")
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a]")


def _is_utf16(line: bytes) -> bool:
    return line[:2] in (b"\xff\xfe", b"\xfe\xff")


def _is_json(line: bytes) -> bool:
    return line.lstrip()[:1] == b"{" and b'"' in line


_CAUSES: tuple[tuple[Callable[[bytes], object], Cause], ...] = (
    (
        _is_utf16,
        Cause("they are UTF-16", "convert with `iconv -f UTF-16 -t UTF-8 FILE`, read its output"),
    ),
    (
        _BINARY.search,
        Cause("they are not text", "name an audit.log, plain or packed by gzip, xz, bzip2 or zstd"),
    ),
    (
        _SPELLED_OUT.search,
        Cause("their times are spelled out, as by `ausearch -i`", "print with `ausearch --raw`"),
    ),
    (
        _RECORD_BEGINS.match,
        Cause(
            "they lack a whole `audit(SECONDS.MILLIS:SERIAL)`", "name the file that auditd wrote"
        ),
    ),
    (_is_json, Cause("they are JSON", "read what `jq -r .message FILE` prints")),
    (
        _RECORD.search,
        Cause(
            "there is other text before the records",
            "read what `grep -aoE '(node=[^ ]+ )?type=[^ ]+ (msg=)?audit.*' FILE` prints",
        ),
    ),
    (
        _JOURNAL.search,
        Cause(
            "they are journal entries, which have neither time nor serial of a record",
            "name an audit.log, or read what `journalctl -k -o cat` prints",
        ),
    ),
    (_RULE.match, Cause("they look like rules", "name a log, such as /var/log/audit/audit.log")),
)
_UNKNOWN = Cause(
    "none begins like a record",
    "name an audit.log: `type=SYSCALL msg=audit(...): ...`, line by line",
)


def cause_of(line: bytes) -> Cause:
    """The cause, from the beginning of a line that is not a record."""
    return next((cause for holds, cause in _CAUSES if holds(line)), _UNKNOWN)
