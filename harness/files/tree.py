"""Writing several new files at once: none of them is there before, and no link leads elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from harness.errors import UsageError
from harness.files.caller import as_caller, why
from harness.files.folder import Folder
from harness.files.reading import exists


def write_new_files(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write texts below a folder, by their relative paths, and make the folders that they need.

    All or none: raises UsageError if one of the files is there, if a link stands in the way below
    the folder, or if one cannot be written; then nothing of this call is left.
    """
    paths = [folder / name for name in texts]
    _refuse_what_is_there(folder, paths)
    opened: list[Folder] = []
    undo = ExitStack()
    path = folder
    try:
        for path, text in zip(paths, texts.values(), strict=True):
            place = Folder(path.parent, make=True)
            opened.append(place)
            undo.callback(place.remove_made)
            descriptor = place.create(path.name)
            undo.callback(place.remove, path.name)
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
    except OSError as error:
        undo.close()
        what = f"{path} cannot be written ({why(error)}), so nothing was"
        raise UsageError(what, remedy="name another folder") from None
    finally:
        for place in opened:
            place.close()
    return paths


def _refuse_what_is_there(folder: Path, paths: list[Path]) -> None:
    """UsageError if a file is there already, or a link takes the place of a folder."""
    if there := [str(path) for path in paths if exists(path)]:
        raise UsageError(
            f"{', '.join(there)} {'exist' if there[1:] else 'exists'}, and nothing is overwritten",
            remedy="name another folder",
        )
    for path in paths:
        for parent in path.parents:
            if parent == folder:
                break
            with as_caller():
                is_link = parent.is_symlink()
            if is_link:
                raise UsageError(
                    f"{parent} is a link, which may lead anywhere", remedy="name another folder"
                )
