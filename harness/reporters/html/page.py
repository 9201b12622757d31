"""The page: what goes where, and the policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from harness.model.caution import Caution
from harness.model.compare import ChangeReport
from harness.model.question import Question
from harness.model.result import ReportView, Result
from harness.plain import plain
from harness.reporters.answer import answered
from harness.reporters.compare import compare_page
from harness.reporters.html import facts
from harness.reporters.html.compare import change_panels
from harness.reporters.html.data import MOST_ROWS
from harness.reporters.html.figures import Panel, make_panels
from harness.reporters.html.flame import Flame, flames
from harness.reporters.html.headline import Headline, headline
from harness.reporters.html.svg import Palette
from harness.reporters.page import Heading, Legend, Part, shown
from harness.reporters.parts.builds import builds_parts
from harness.reporters.parts.cells import cost_parts, cpu_grid
from harness.reporters.parts.ledger import events_parts
from harness.reporters.parts.loss import loss_grid
from harness.reporters.parts.meanings import Meanings
from harness.reporters.parts.noise import noise_parts
from harness.reporters.parts.profile import profile_parts
from harness.reporters.parts.published import published_parts
from harness.reporters.parts.ranking import ranking_parts, sustained_parts
from harness.reporters.parts.rows import Row, rows
from harness.reporters.parts.scaling import scaling_parts
from harness.reporters.parts.soak import soak_parts
from harness.reporters.parts.throughput import throughput_parts
from harness.reporters.parts.victim import victim_parts
from harness.reporters.plainly import made_plain, plain_view
from harness.reporters.plots.base import Plot
from harness.reporters.questions.capacity import capacity_parts
from harness.reporters.questions.size import size_parts
from harness.reporters.render.csv import grid_csv
from harness.reporters.result import STOPPED, all_losses, all_metrics

POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)

_ORDER: Mapping[Question, Sequence[str]] = {
    "cost": ("forest", "consumers", "cpu", "ledger"),
    "loss": ("ledger", "cpu", "consumers", "forest"),
    "ranking": ("consumers", "cpu", "ledger", "forest"),
    "scaling": ("scaling", "forest", "consumers", "cpu", "ledger"),
    "soak": ("forest", "consumers", "cpu", "ledger"),
    "published": ("forest", "consumers", "cpu", "ledger"),
    "capacity": ("capacity", "ledger", "cpu"),
    "size": ("size", "ledger", "cpu"),
    "victim": ("victim", "forest", "consumers", "cpu", "ledger"),
}
"""The sections of the template by the question that is answered."""
_OF_SEARCHES = ("capacity", "ledger", "cpu", "timeline")
"""The plots of a search: its cells are compared with nothing, and each ran at a rate of its own."""


@dataclass(frozen=True, slots=True)
class RunPart:
    """One run for the template. `key` is the prefix of its ids."""

    key: str
    name: str
    in_short: Sequence[str]
    """When, where, and what it was called, in a few words."""
    head: Headline
    cautions: tuple[Caution, ...]
    trustworthy: bool
    is_search: bool
    stopped: str
    """That the run was stopped early; empty where it was not."""
    panels: Mapping[str, Panel]
    order: Sequence[str]
    """The sections below the answer that are about its question first."""
    on_cards: Sequence[Part]
    """What the names on the cards mean."""
    compared: Sequence[Part]
    cpu: Sequence[Part]
    events: Sequence[Part]
    consumers: Sequence[Part]
    scaling: Sequence[Part]
    victim: Sequence[Part]
    capacity: Sequence[Part]
    size: Sequence[Part]
    profile: Sequence[Part]
    flames: Sequence[Flame]
    noise: Sequence[Part]
    host: facts.Pairs
    host_lines: Sequence[str]
    plan: facts.Pairs
    rule_sets: Sequence[facts.RuleSet]
    commands: Sequence[facts.Command]


def report_html(
    views: Sequence[ReportView],
    plots: Mapping[str, Plot[ReportView]],
    comparison: ChangeReport | None = None,
    refused: Sequence[str] = (),
) -> str:
    """One page of one or several runs. `refused` says which could not be compared, and why."""
    palette = Palette()
    runs = [_run_part(view, f"r{place}", plots, palette) for place, view in enumerate(views)]
    panels = {} if comparison is None else change_panels(made_plain(comparison), palette)
    compared = () if comparison is None else compare_page(comparison).parts
    return whole_page(_title(runs), runs, compared, panels, refused, palette)


def whole_page(
    title: str,
    runs: Sequence[Any],
    compared: Sequence[Part],
    panels: Mapping[str, Panel],
    refused: Sequence[str],
    palette: Palette,
    *,
    counted: bool = False,
) -> str:
    """The page of these runs, as their template has them; every drawing has left its colours."""
    light, dark, classes = palette.css()
    style = _template("report.css.j2").render(
        light=Markup(light),  # noqa: S704 - colours that matplotlib wrote
        dark=Markup(dark),  # noqa: S704
        classes=Markup(classes),  # noqa: S704
    )
    script = _asset("report.js")
    page = _template("page.html.j2").render(
        title=title,
        policy=POLICY.format(script=_digest(script), style=_digest(style)),
        style=Markup(style),  # noqa: S704 - ours
        script=Markup(script),  # noqa: S704 - ours
        runs=runs,
        several=len(runs) > 1,
        comparison=on_page(*compared),
        panels=panels,
        refused=refused,
        counted=counted,
    )
    return page + "\n"


def _run_part(
    view: ReportView, key: str, plots: Mapping[str, Plot[ReportView]], palette: Palette
) -> RunPart:
    view = plain_view(view)
    result = view.result
    workloads = list(dict.fromkeys(sample.workload for sample in view.samples))
    cells, meanings = rows(result), Meanings(result)
    question = answered(result)
    if result.plan.is_search:
        plots = {name: plot for name, plot in plots.items() if name in _OF_SEARCHES}
    events = [*events_parts(cells), all_losses(result)]
    if question == "loss":
        events = [loss_grid(result, cells), *events_parts(cells)]
    return RunPart(
        key=key,
        name=result.run,
        in_short=facts.in_short(result),
        head=headline(result),
        cautions=result.cautions,
        trustworthy=result.trustworthy,
        is_search=result.plan.is_search,
        stopped="" if result.complete else STOPPED,
        panels=make_panels(view, plots, workloads, prefix=key, palette=palette),
        order=_ORDER[question],
        on_cards=on_page(_names_on_cards(result, cells, meanings)),
        compared=on_page(
            *soak_parts(result),
            *published_parts(result),
            *cost_parts(result, cells),
            *throughput_parts(result, cells),
            meanings.of(row.cell for row in cells),
            all_metrics(result),
        ),
        cpu=on_page(cpu_grid(result, cells)),
        events=on_page(*events),
        consumers=on_page(
            *builds_parts(result.builds),
            *ranking_parts(result.ranking),
            *sustained_parts(result.sustained),
        ),
        scaling=on_page(*scaling_parts(result)),
        victim=on_page(*victim_parts(result)),
        capacity=on_page(*capacity_parts(result.capacity)),
        size=on_page(*size_parts(result.size)),
        profile=on_page(*_without_heading(profile_parts(result))),
        flames=flames(result.profiles),
        noise=on_page(*noise_parts(result)),
        host=facts.host_pairs(result),
        host_lines=facts.host_document(result),
        plan=facts.plan_pairs(result),
        rule_sets=facts.rule_sets(result.plan),
        commands=facts.commands(result),
    )


def _names_on_cards(result: Result, cells: Sequence[Row], meanings: Meanings) -> Legend:
    if result.plan.is_search:
        return meanings.of(())
    if answered(result) == "ranking":
        return meanings.of((each.cell for each in result.ranking), scenarios=False)
    return meanings.of(row.cell for row in cells)


def _without_heading(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts of a section that has its heading from the template."""
    return (part for part in parts if not isinstance(part, Heading))


def on_page(*parts: Part) -> tuple[Part, ...]:
    """The parts that the page shows."""
    return tuple(shown(parts, "html"))


def _title(runs: Sequence[RunPart]) -> str:
    if len(runs) == 1:
        return runs[0].head.title
    return f"{len(runs)} audit measurements compared"


def _digest(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"sha256-{digest}"


def _asset(name: str) -> str:
    return (files("harness.reporters.html") / name).read_text(encoding="utf-8")


def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.reporters.html", ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["csv"] = grid_csv
    environment.filters["by_kind"] = _by_kind
    environment.globals["most_rows"] = MOST_ROWS
    return environment


def _by_kind(parts: Sequence[Part]) -> list[tuple[str, list[Part]]]:
    """The parts of a page in order, neighbours of one type together."""
    return [(name, list(group)) for name, group in groupby(parts, lambda part: type(part).__name__)]


def _printable(value: Any) -> Any:
    """What a template prints: no control characters, except in what this package wrote itself."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
