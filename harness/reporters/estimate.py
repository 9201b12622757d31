"""How long a run will take, in one line."""

from __future__ import annotations

from harness.counted import agreeing, counted
from harness.model.preview import Estimate

ONE_BLOCK = "; one block gives no interval and no verdict: use --blocks 6 or more"


def estimate_line(plan: str, *, cells: int, blocks: int, trials: int, time: Estimate) -> str:
    """The first line of a run: how much it measures, and how long that will take."""
    if time.of_search:
        return f"{plan}: a search of about {counted(trials, 'trial')}; {estimate_words(time)}"
    size = (
        f"{counted(cells, 'cell')} × {counted(blocks, 'block')} and a warm-up = "
        f"{counted(trials, 'trial')}"
    )
    few = ONE_BLOCK if blocks == 1 and not time.is_least and not time.of_soak else ""
    return f"{plan}: {size}; {estimate_words(time)}{few}"


def estimate_words(time: Estimate) -> str:
    """How long, and how that is known."""
    if time.seconds is None:
        limit = f" (at most {span(time.most_s)})" if time.most_s is not None else ""
        return f"how long it takes is not known: the command was not measured here before{limit}"
    about = f"{'at least' if time.is_least else ''} about {span(time.seconds)}".strip()
    if time.most_s is not None:
        about += f", at most {span(time.most_s)}"
    return f"{about} ({_basis(time)})"


def _basis(time: Estimate) -> str:
    if not time.runs:
        return "a guess from the number of operations: nothing like it was measured here before"
    trials = f"as trials took in {counted(time.runs, 'run')} here"
    if time.measured == time.cells:
        return trials
    new = time.cells - time.measured
    return f"{trials}; {new} of {counted(time.cells, 'cell')} {agreeing(new, 'is', 'are')} new"


def span(seconds: float) -> str:
    """A time as people say it: `40 s`, `6 min`, `1 h 10 min`."""
    if seconds >= 3600:
        hours, minutes = divmod(round(seconds / 60), 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if seconds >= 120:
        return f"{seconds / 60:.0f} min"
    return f"{max(seconds, 1):.0f} s"
