"""How a verb that measures shows what it does, and the option for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.model.options import GENERAL
from harness.verbs.shared.parameters import Flag

if TYPE_CHECKING:
    from rich.console import Console

    from harness.run.runner import Observer


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """How a run is shown while it goes on."""

    no_live: Annotated[Flag, Parameter(group=GENERAL)] = False
    """Print plain progress lines, even on a terminal."""

    def observer(self, console: Console) -> Observer:
        """The progress display, on `console`."""
        from harness.verbs.shared.progress import make_observer

        return make_observer(console, no_live=self.no_live)


def say_on(console: Console) -> Callable[[str], None]:
    """Prints lines on `console` as they are."""
    return lambda text: console.print(text, markup=False)
