"""How wide the columns of a table are on a terminal, so that no word in it is broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len


@dataclass(frozen=True, slots=True)
class Need:
    """The widths of one column, in characters, each at least that of the longest word.

    `natural` keeps every cell on one line, `least` breaks text at spaces but no number with its
    unit, `word` breaks everything at spaces.
    """

    natural: int
    least: int
    word: int
    gives_way: bool = False
    """Whether it is cut short before any other column is broken at spaces."""


def need_of(head: str, cells: Iterable[str], *, is_text: bool, may_be_cut: bool = False) -> Need:
    """What a column needs. `is_text` is False for numbers, which stay on one line where they can;
    one that `may_be_cut` needs no more than its heading.
    """
    lines = [line for cell in cells for line in cell.split("\n")]
    natural = max(map(cell_len, (head, *lines)))
    head_word = _longest_word(head)
    if may_be_cut:
        return Need(natural, head_word, head_word, gives_way=True)
    word = max([head_word, *map(_longest_word, lines)])
    return Need(natural, word if is_text else max([head_word, *map(cell_len, lines)]), word)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def column_widths(needs: Sequence[Need], room: int) -> list[int] | None:
    """The width of each column in `room` characters, space between them not included; None where
    some word would have to be broken.
    """
    natural = [need.natural for need in needs]
    choices = [[need.least for need in needs], [need.word for need in needs]]
    if any(need.gives_way for need in needs):
        choices.insert(0, [need.word if need.gives_way else need.natural for need in needs])
    for least in choices:
        if sum(least) <= room:
            return _shared_out(least, natural, room)
    return None


def _shared_out(least: Sequence[int], natural: Sequence[int], room: int) -> list[int]:
    """What is left over goes to the columns that lack least, so that as few as can be fold."""
    lacks = [full - few for full, few in zip(natural, least, strict=True)]
    left = min(room - sum(least), sum(lacks))
    widths = list(least)
    for place in sorted(range(len(lacks)), key=lacks.__getitem__):
        more = min(lacks[place], left)
        widths[place] += more
        left -= more
    return widths
