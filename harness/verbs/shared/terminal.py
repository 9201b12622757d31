"""The options that every verb has: how much is said, in which colours, where defaults are."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from harness.errors import UsageError
from harness.model.options import GENERAL, Flag

if TYPE_CHECKING:
    from rich.console import Console

Color = Literal["auto", "always", "never"]
PLAIN_WIDTH = 80
"""Of output that goes to no terminal."""


@Parameter(group=GENERAL)
@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """How a verb speaks."""

    quiet: Annotated[Flag, Parameter(name=["--quiet", "-q"])] = False
    """Print only the result and errors: no progress and no notes."""
    verbose: Annotated[Flag, Parameter(name=["--verbose", "-v"])] = False
    """Say more: a line per trial, the defaults of a file, and the traceback of an error."""
    color: Color = "auto"
    """When to print in colour; `auto`: on a terminal, unless NO_COLOR is set."""
    config: str | None = None
    """Take defaults of options from this file, or `none`; else from auditbench.toml or
    pyproject.toml.
    """

    def require_one_wish(self) -> None:
        """UsageError if it is to say both less and more."""
        if self.quiet and self.verbose:
            raise UsageError(
                "--quiet and --verbose contradict each other", remedy="give one of them"
            )

    def console_options(self) -> dict[str, Any]:
        """What a console of rich needs to know of it."""
        if self.color == "never":
            return {"color_system": None}
        if self.color == "always":
            return {"force_terminal": True, "color_system": "standard", "no_color": False}
        return {}


_chosen = [Terminal()]
"""The wishes of this process; one, the last."""


def choose(terminal: Terminal) -> None:
    """Speak so from now on; UsageError for wishes that contradict each other."""
    terminal.require_one_wish()
    _chosen[:] = [terminal]


def chosen() -> Terminal:
    """How to speak."""
    return _chosen[0]


def make_console(*, stderr: bool) -> Console:
    """A console on standard output or standard error: as wide as the terminal, or 80 columns."""
    from harness.reporters.plain_console import PlainConsole

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    options = chosen().console_options()
    return PlainConsole(stderr=stderr, width=width, highlight=False, **options)
