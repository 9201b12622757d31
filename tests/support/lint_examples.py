"""The table of findings on the page of `auditbench rules lint`, and its examples as files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.command import ROOT

PAGE = ROOT / "docs/rules-lint.md"
DEMO = "/srv/demo"
_ROW = re.compile(r"^\| `([a-z-]+)` \| (\w+) \| (.+?) \| (.+?) \| (.+) \|$", re.M)
_FILE = re.compile(r"([\w.-]+\.rules[\w.]*): ")
_CHARACTER = re.compile(r"<U\+([0-9A-F]{4})>")


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the code, what it says of it, and the lines of its example."""

    code: str
    severity: str
    title: str
    why: str
    example: tuple[str, ...]


def rows() -> list[Row]:
    """Every row of the table, in order."""
    text = PAGE.read_text(encoding="utf-8").partition("## All findings")[2]
    return [
        Row(code, severity, title, why, tuple(re.findall(r"`([^`]+)`", example)))
        for code, severity, title, why, example in _ROW.findall(text)
    ]


def demo(folder: Path) -> Path:
    """What examples take for `/srv/demo`."""
    place = folder / "demo"
    (place / "folder").mkdir(parents=True)
    (place / "file").touch()
    (place / "program").write_text("#!/bin/sh\n")
    (place / "link").symlink_to("program")
    return place


def written(example: tuple[str, ...], folder: Path) -> Path:
    """The example as a file, or as a folder of files, and where it is."""
    place = demo(folder)
    lines = [line.replace(DEMO, str(place)) for line in example]
    lines = [_CHARACTER.sub(lambda found: chr(int(found[1], 16)), line) for line in lines]
    if lines and lines[0].startswith("UTF-16: "):
        file = folder / "example.rules"
        file.write_bytes((lines[0].removeprefix("UTF-16: ") + "\n").encode("utf-16"))
        return file
    if not (lines and _FILE.match(lines[0])):
        file = folder / "example.rules"
        file.write_text("".join(f"{line}\n" for line in lines))
        return file
    rules = folder / "rules.d"
    rules.mkdir()
    for line in lines:
        name, _, text = line.partition(": ")
        ends = not text.endswith("<no newline>")
        (rules / name).write_text(text.removesuffix("<no newline>") + ("\n" if ends else ""))
    return rules
