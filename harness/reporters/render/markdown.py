"""A page as Markdown that GitHub and GitLab render.

Names come from rule files and commands: what would end a cell of a table or become HTML, a link or
a mention is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from harness.model.caution import Caution
from harness.plain import plain
from harness.reporters.page import (
    Box,
    Fold,
    Grid,
    Heading,
    Legend,
    Line,
    Page,
    Part,
    Picture,
    shown,
)

JOINER = "\u2060"
_LINKED = re.compile(
    r"(?<=@)"  # a mention, the address of a mail
    r"|(?<=[#!$%&~^])(?=\w)"  # issues, merge requests, snippets, milestones, epics, labels, alerts
    r"|(?<=:)(?=//)|(?<=\bwww)(?=\.)"
    r"|(?<=\bGH-)(?=\d)",
    re.IGNORECASE,
)
"""Where what GitHub or GitLab take for a link is cut in two."""
_LEAST_HASH = 7
"""Digits of a commit's hash that are taken for one."""
_HASH = re.compile(rf"(?<![0-9A-Za-z])[0-9A-Fa-f]{{{_LEAST_HASH},}}(?![0-9A-Za-z])")
_SPECIAL = re.compile(r"([\\`*\[\]<>|~#&!]|(?<!\w)_|_(?!\w))")


def page_markdown(page: Page) -> str:
    """A whole page under its title."""
    return "\n".join([f"## {escaped(page.title)}\n", *_parts(shown(page.parts, "markdown"))])


def _parts(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Fold):
            inside = "\n".join(_parts(part.parts))
            name = f"<summary>{escaped(part.words)}</summary>"
            yield f"<details>{name}\n\n{inside}\n</details>\n"
        elif written := _part(part):
            yield written


def _part(part: Part) -> str:
    match part:
        case Heading(words):
            return f"### {escaped(words)}\n"
        case Line(words, kind):
            return f"**{escaped(words)}**\n" if kind == "answer" else f"{escaped(words)}\n"
        case Legend(entries):
            return "".join(f"- {escaped(name)}: {escaped(words)}\n" for name, words in entries)
        case Caution():
            return f"- ⚠ {escaped(part.one_line())}\n"
        case Grid():
            return _grid(part)
        case Picture() | Fold():
            return ""


def _grid(grid: Grid) -> str:
    caption = f"{escaped(grid.caption)}\n\n" if grid.caption else ""
    names = [column.name for column in grid.columns]
    rows = [list(map(_words, row)) for row in grid.rows]
    return caption + _table(names, [column.left for column in grid.columns], rows)


def _words(box: Box) -> str:
    """Of a cell, which Markdown keeps on one line."""
    return f"{box.marked}{box.note}{f' → {box.below}' if box.below else ''}"


def _table(names: Sequence[str], left: Sequence[bool], rows: Iterable[Sequence[str]]) -> str:
    marks = [":--" if to_left else "--:" for to_left in left]
    lines = [map(escaped, names), marks, *(map(escaped, row) for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line, and that links to nothing.

    Backslashes do not help against what is linked by its looks, after Markdown: addresses, mentions
    (which notify somebody), references to issues and commits. A joiner of no width does.
    """
    safe = _SPECIAL.sub(r"\\\1", plain(" ".join(text.split())))
    return _HASH.sub(_apart, _LINKED.sub(JOINER, safe))


def _apart(found: re.Match[str]) -> str:
    """A hash in parts that are too short for one."""
    return JOINER.join(re.findall(f".{{1,{_LEAST_HASH - 1}}}", found[0]))
