"""The page of runs that count instructions."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.model.caution import Caution
from harness.model.count import CountedResult
from harness.model.count_changes import CountReport
from harness.model.stored.environment import StoredEnvironment, StoredGuest
from harness.model.stored.plan import StoredPlan
from harness.reporters.count import count_page
from harness.reporters.counts.compare import count_changes_page
from harness.reporters.html import facts
from harness.reporters.html.figures import Panel, make_panels
from harness.reporters.html.page import on_page, whole_page
from harness.reporters.html.svg import Palette
from harness.reporters.page import Line, Part
from harness.reporters.parts.origin import minute
from harness.reporters.plainly import made_plain
from harness.reporters.plots.catalog import COUNT_PLOTS

TITLE = "What Linux audit costs in instructions"


@dataclass(frozen=True, slots=True)
class CountView:
    """A counted run as its page needs it."""

    result: CountedResult
    plan: StoredPlan
    environment: StoredEnvironment


@dataclass(frozen=True, slots=True)
class CountPart:
    """One run for the template. `key` is the prefix of its ids."""

    key: str
    name: str
    in_short: Sequence[str]
    first: str
    cautions: tuple[Caution, ...]
    trustworthy: bool
    counts: Sequence[Part]
    panels: Mapping[str, Panel]
    guests: Sequence[facts.Pairs]
    rule_sets: Sequence[facts.RuleSet]
    commands: Sequence[facts.Command]


def count_report_html(
    views: Sequence[CountView], comparison: CountReport | None = None, refused: Sequence[str] = ()
) -> str:
    """One page of one or several runs. `refused` says which could not be compared, and why."""
    palette = Palette()
    runs = [_part(view, f"r{place}", palette) for place, view in enumerate(views)]
    compared = () if comparison is None else count_changes_page(made_plain(comparison)).parts
    title = TITLE if len(runs) == 1 else f"{len(runs)} counted runs compared"
    return whole_page(title, runs, compared, {}, refused, palette, counted=True)


def _part(view: CountView, key: str, palette: Palette) -> CountPart:
    result, environment = made_plain(view.result), view.environment
    parts = count_page(result).parts
    said = [part for part in parts if isinstance(part, Line) and part.kind == "answer"]
    kernels = ", ".join(guest.name for guest in result.guests)
    short = (minute(environment.started_at), f"Linux {kernels}" if kernels else "",
             f"run {result.run}", environment.label)  # fmt: skip
    rest = [part for part in parts if part not in said and not isinstance(part, Caution)]
    return CountPart(
        key=key,
        name=result.run,
        in_short=tuple(filter(None, short)),
        first=" ".join(part.words for part in said),
        cautions=result.cautions,
        trustworthy=result.trustworthy,
        counts=on_page(*rest),
        panels=_panels(result, key, palette),
        guests=tuple(map(_guest, result.guests)),
        rule_sets=facts.rule_sets(view.plan),
        commands=tuple(_commands(result, environment)),
    )


def _guest(guest: StoredGuest) -> facts.Pairs:
    pairs = (
        ("release", guest.kernel),
        ("version", guest.kernel_version),
        ("from", guest.source),
        ("sha256", guest.sha256),
        ("emulator", guest.emulator),
        ("machine", guest.machine),
    )
    return tuple(pair for pair in pairs if pair[1])


def _commands(result: CountedResult, environment: StoredEnvironment) -> Iterator[facts.Command]:
    if environment.argv:
        yield facts.Command("as it was called", shlex.join(environment.argv))
    run = result.run.rpartition("/")[2]
    yield facts.Command("this result in the terminal", shlex.join(["auditbench", "show", run]))


def _panels(result: CountedResult, key: str, palette: Palette) -> dict[str, Panel]:
    """The plots that this run has, by name."""
    workloads = list(dict.fromkeys(cell.workload for cell in result.cells))
    panels = make_panels(result, COUNT_PLOTS, workloads, prefix=key, palette=palette)
    return {name: panel for name, panel in panels.items() if not panel.missing}
