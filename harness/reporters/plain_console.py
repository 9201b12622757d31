"""A console that nothing from outside can steer: the last line of defence for all that is printed.

Renderers escape the names that they show, because only they know what must stay on one line. What
one forgot is escaped here, however it came in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from harness.plain import plain

_SIZES = ("COLUMNS", "LINES")
_MOST_DIGITS = 4
"""Of a size: a line of a billion characters would take all memory."""


class PlainConsole(Console):
    """Prints text cleaned by `plain`; line breaks stay, and so do rich's own control codes."""

    def __init__(self, **options: Any) -> None:
        """Takes what rich's Console does. A size in the environment that is none is passed over."""
        strange = {name for name in _SIZES if not _is_size(os.environ.get(name, ""))}
        kept = {name: value for name, value in os.environ.items() if name not in strange}
        super().__init__(_environ=kept, **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of what is printed, none with a control character from outside."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                lines = "\n".join(map(plain, segment.text.split("\n")))
                yield Segment(lines, segment.style)


def _is_size(text: str) -> bool:
    # rich takes whatever str.isdigit() allows, and then int() fails at "²".
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
