"""The files of an event, from its PATH and CWD records."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from consumer.text.archs import syscall_name
from consumer.text.values import untrusted_bytes
from harness.kernel.rules.explain.seen import Touched
from harness.kernel.rules.fields import UNSET
from harness.kernel.rules.matching.field_match import Call

_HERE = UNSET - 99
"""AT_FDCWD, -100, as 32 bits."""
_FOLDERS_AT = {"symlinkat": ("a1",)} | dict.fromkeys(
    ("renameat", "renameat2", "linkat"), ("a0", "a2")
)
"""The arguments that are folders, of calls whose first argument is not the only one."""
_AT = re.compile(r"\w+at2?|statx|newfstatat|utimensat\w*|open_tree|name_to_handle_at|renameat2")
_MODE_BITS = 0xFFFF
_DEVICE = re.compile(rb"([0-9a-f]{1,8}):([0-9a-f]{1,8})")


def touched_by(
    call: Call, records: Iterable[Mapping[bytes, bytes]], cwd: bytes | None
) -> tuple[Touched, ...]:
    """The files in the order of the PATH records' items. `cwd` is the call's folder, if known."""
    base = os.fsdecode(cwd) if cwd and _starts_here(call) else None
    ordered = sorted(records, key=lambda fields: number_of(fields.get(b"item"), 10) or 0)
    return tuple(_touched(fields, base) for fields in ordered)


def _starts_here(call: Call) -> bool:
    """Whether relative names begin at the working folder."""
    name = syscall_name(call.arch, call.number) if call.number is not None else None
    if name is None:
        return False
    if not _AT.fullmatch(name):
        return True
    folders = (call.known.get(argument) for argument in _FOLDERS_AT.get(name, ("a0",)))
    return all(folder is not None and folder & UNSET == _HERE for folder in folders)


def _touched(fields: Mapping[bytes, bytes], base: str | None) -> Touched:
    known = {name: number_of(fields.get(name.encode()), 10) for name in ("inode", "ouid", "ogid")}
    mode = number_of(fields.get(b"mode"), 8)
    known["mode"] = None if mode is None else mode & _MODE_BITS
    for name in ("dev", "rdev"):
        device = _DEVICE.fullmatch(fields.get(name.encode(), b""))
        if device:
            known |= {f"{name}major": int(device[1], 16), f"{name}minor": int(device[2], 16)}
    numbers = {name: value for name, value in known.items() if value is not None}
    # A name that the kernel did not resolve has no inode.
    exists = "inode" in numbers
    raw = untrusted_bytes(fields.get(b"name", b"?"))
    if raw is None:
        return Touched(None, None, numbers, exists=exists)
    text = os.fsdecode(raw)
    if not text.startswith("/") and base is None:
        return Touched(None, text.rstrip("/").rpartition("/")[2], numbers, exists=exists)
    path = os.path.normpath(text if text.startswith("/") else f"{base}/{text}").replace("//", "/")
    return Touched(path, path.rpartition("/")[2], numbers, exists=exists)


def number_of(value: bytes | None, base: int) -> int | None:
    """A number of a record's field; None where there is none, or one that is no number."""
    if value is None or len(value) > 24:
        return None
    try:
        return int(value, base)
    except ValueError:
        return None
