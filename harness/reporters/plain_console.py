"""A console that nothing from outside can steer: the last line of defence for all that is printed.

Renderers escape the names that they show, because only they know what must stay on one line. What
one forgot is escaped here, however it came in.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from harness.plain import plain


class PlainConsole(Console):
    """Prints text cleaned by `plain`; line breaks stay, and so do rich's own control codes."""

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
