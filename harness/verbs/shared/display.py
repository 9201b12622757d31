"""How a verb that measures shows what it does and where it ends, and the option for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNTRUSTWORTHY
from harness.model.options import GENERAL
from harness.verbs.shared.parameters import Flag

if TYPE_CHECKING:
    from rich.console import Console

    from harness.run.lifecycle.loop import Outcome
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


def tell_end(console: Console, outcome: Outcome, *, trustworthy: bool, goes_on: str = "") -> int:
    """Say where a run is stored, and in the words of `goes_on` what follows where it was stopped.

    Returns the exit code.
    """
    console.print(f"stored in {outcome.folder}", markup=False, soft_wrap=True)
    if not outcome.interrupted:
        return EXIT_FINE if trustworthy else EXIT_UNTRUSTWORTHY
    if goes_on:
        console.print(goes_on, markup=False, soft_wrap=True)
    return EXIT_INTERRUPTED
