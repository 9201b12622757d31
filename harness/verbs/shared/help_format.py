"""How help is laid out: as cyclopts does it, with each option's text as one paragraph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions


class HelpFormat:
    """The formatter of cyclopts, imported when help is asked for.

    The text of an option is taken from a docstring, whose lines are broken and indented as the
    source is.
    """

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print one group of verbs or options."""
        from cyclopts.help import DefaultFormatter

        panel.entries = [one_paragraph(entry) for entry in panel.entries]
        DefaultFormatter()(console, options, panel)

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Print the usage line."""
        from cyclopts.help import DefaultFormatter

        DefaultFormatter().render_usage(console, options, usage)


def one_paragraph(entry: HelpEntry) -> HelpEntry:
    """The entry with its text in one line, to be wrapped anew."""
    from attrs import evolve
    from rich.text import Text

    return evolve(entry, description=Text(text_of(entry)))


def text_of(entry: HelpEntry) -> str:
    """The text of a verb or an option, in one line."""
    described = getattr(entry.description, "primary_renderable", entry.description)
    return " ".join(str(described).split())
