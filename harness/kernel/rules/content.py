"""The bytes of a rule file, opened with the rights of whoever asks for it."""

from __future__ import annotations

import os
from pathlib import Path

from harness.counted import counted
from harness.errors import UsageError
from harness.files.caller import caller, why
from harness.files.reading import IrregularFileError, open_as_root, open_to_read
from harness.kernel.rules.words import shown

MAX_FILE_BYTES = 64 << 20
HOST_RULES = Path("/etc/audit")


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
