"""`auditbench plot`: a stored run as a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.errors import EXIT_FINE, UsageError, one_of
from harness.verbs.shared.parameters import RESULTS, Flag, Json, OutputFile, ResultsFolder, To

if TYPE_CHECKING:
    from harness.model.caution import Caution
    from harness.model.count import CountedResult
    from harness.model.history import History
    from harness.model.question import Question
    from harness.model.result import ReportView
    from harness.reporters.plots.base import Plot
    from harness.reporters.plots.picture import Format
    from harness.store import StoredRun
    from harness.verbs.shared.forms import Forms, Writer

Kind = Literal[
    "forest", "cpu", "latency", "ledger", "timeline", "drift", "scaling", "victim", "capacity",
    "history", "counts", "kernels",
]  # fmt: skip

PICTURES: tuple[Format, ...] = ("svg", "png", "pdf")
SCHEMA = "auditbench.plot/1"
_OF_SEARCHES: dict[Question, Kind] = {"capacity": "capacity", "size": "timeline"}
"""What is drawn of a search, whose trials are compared with nothing; forest of all others."""


def plot_verb(
    run: str = "latest",
    /,
    *,
    kind: Kind | None = None,
    output: OutputFile = None,
    workload: str | None = None,
    metric: str | None = None,
    dark: Flag = False,
    bare: Flag = False,
    to: To = None,
    json: Json = False,
    results: ResultsFolder = RESULTS,
) -> int:
    """Draw a stored run.

    Parameters
    ----------
    run
        A run: its folder, its name, `latest`, `latest~1` for the one before, or `@LABEL`.
    kind
        forest: ratio to the reference, the usual one; of a search it is capacity or timeline. cpu:
        CPU per operation by process. latency: of single operations. ledger: where every event went.
        timeline: backlog, lost and unread bytes within a trial. drift: ratio against block order.
        victim: latency of the innocent load beside the noisy one. capacity: loss by rate. history:
        the ratio from run to run, of the runs that are like this one. Of a counted run, counts:
        instructions by scenario; kernels: from kernel to kernel.
    output
        Write the picture to this file; its name ends in .svg, .png or .pdf.
    workload
        Only this workload of the run.
    metric
        For forest and drift: the ratio of this metric, such as `elapsed_ns_per_op`; of a counted
        run the metric itself.
    dark
        Draw for a dark background.
    bare
        Leave out the title, and the line with host, kernel, date and run.
    to
        Write the picture as FORM=FILE, or FORM to standard output; may be given several times: svg,
        png, pdf; json is the data behind the picture, with a description in words.
    """
    from harness.verbs.shared.forms import Forms

    forms = Forms((*PICTURES, "json"), to, json=json)
    if output is not None:
        forms.add_file(_format_of(output), output)
    if not forms.asked():
        raise UsageError(
            "a picture needs a file", remedy="add -o FILE.svg, .png or .pdf, or --json"
        )
    if kind == "history":
        _deliver_history(
            run, results, forms, workload=workload, metric=metric, dark=dark, bare=bare
        )
    else:
        subject = _subject(run, results, kind)
        _deliver(subject, forms, dark=dark, bare=bare, workload=workload, metric=metric)
    return EXIT_FINE


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is drawn as which plot, and what the run has to choose from."""

    run: str
    plot: Plot[Any]
    data: ReportView | CountedResult
    origin: tuple[str, ...]
    workloads: frozenset[str]
    metrics: frozenset[str]
    cautions: tuple[Caution, ...]


def _subject(run: str, results: Path, kind: Kind | None) -> _Subject:
    from harness.store import load_run
    from harness.verbs.shared.naming import named_run

    stored = load_run(named_run(run, results), counted_too=True)
    if stored.plan.is_counted:
        return _counted(stored, kind)
    return _timed(stored, kind or _OF_SEARCHES.get(stored.plan.question, "forest"))


def _timed(stored: StoredRun, kind: Kind) -> _Subject:
    from harness.answers.result import make_view
    from harness.reporters.parts.origin import origin
    from harness.reporters.plots.catalog import PLOTS

    if kind not in PLOTS:
        raise UsageError(
            f"{stored.name} is no counted run, as the plot {kind} needs", remedy=one_of(kind, PLOTS)
        )
    view = make_view(stored)
    return _Subject(
        run=view.result.run,
        plot=PLOTS[kind],
        data=view,
        origin=origin(view.result),
        workloads=frozenset(sample.workload for sample in view.samples),
        metrics=frozenset(c.metric for c in view.result.comparisons),
        cautions=stored.cautions,
    )


def _counted(stored: StoredRun, kind: Kind | None) -> _Subject:
    from harness.answers.count import make_counted
    from harness.reporters.parts.origin import count_origin
    from harness.reporters.plots.catalog import COUNT_PLOTS

    result = make_counted(stored)
    several = len({cell.kernel for cell in result.cells}) > 1
    chosen = kind or ("kernels" if several else "counts")
    if chosen not in COUNT_PLOTS:
        raise UsageError(
            f"{stored.name} is a counted run, and cannot be drawn as {chosen}",
            remedy=one_of(chosen, COUNT_PLOTS),
        )
    return _Subject(
        run=result.run,
        plot=COUNT_PLOTS[chosen],
        data=result,
        origin=count_origin(result),
        workloads=frozenset(cell.workload for cell in result.cells),
        metrics=frozenset(cell.metric for cell in result.cells),
        cautions=stored.cautions,
    )


def _deliver(
    subject: _Subject,
    forms: Forms,
    *,
    dark: bool,
    bare: bool,
    workload: str | None,
    metric: str | None,
) -> None:
    from harness.reporters.plots.caption import Caption
    from harness.reporters.plots.picture import picture_bytes

    plot = subject.plot
    _require_data(subject, workload, metric)

    def draw(form: Format) -> bytes:
        picture = plot.draw(subject.data, dark=dark, workload=workload, metric=metric)
        caption = None if bare else Caption(plot.title, subject.origin)
        return picture_bytes(picture, form, caption, dark=dark)

    forms.deliver(
        _nothing,
        lambda: _document(
            plot, subject.run, subject.data, _picture(forms), workload=workload, metric=metric
        ),
        **_writers(draw),
    )
    _say(subject.cautions)


def _deliver_history(
    run: str,
    results: Path,
    forms: Forms,
    *,
    workload: str | None,
    metric: str | None,
    dark: bool,
    bare: bool,
) -> None:
    from harness.reporters.plots.history import HISTORY
    from harness.verbs.shared.naming import named_run
    from harness.verbs.shared.plot_history import history_picture, read_like

    history = read_like(run, results, workload=workload, metric=metric)
    folder = named_run(run, results).resolve()
    name = f"{folder.parent.name}/{folder.name}"
    forms.deliver(
        _nothing,
        lambda: _document(HISTORY, name, history, _picture(forms)),
        **_writers(lambda form: history_picture(history, form, dark=dark, bare=bare)),
    )
    _say(history.cautions)


def _writers(draw: Callable[[Format], bytes]) -> dict[str, Writer]:
    """Each form's writer."""
    return {form: partial(draw, form) for form in PICTURES}


def _picture(forms: Forms) -> Path | None:
    """The file that the picture was written to, if any."""
    return next((path for form, path in forms.files if form in PICTURES), None)


def _nothing() -> None:
    """A picture prints nothing beside its file."""


def _say(cautions: Iterable[Caution]) -> None:
    from harness.plain import plain
    from harness.verbs.shared.output import err

    for caution in cautions:
        err().print(plain(caution.one_line()), markup=False, soft_wrap=True)


def _format_of(output: Path) -> Format:
    suffix = output.suffix.removeprefix(".").lower()
    for form in PICTURES:
        if suffix == form:
            return form
    raise UsageError(
        f"{output} is not the name of a picture", remedy="end it in .svg, .png or .pdf"
    )


def _require_data(subject: _Subject, workload: str | None, metric: str | None) -> None:
    """UsageError where the run has nothing to draw, and what it has instead."""
    plot = subject.plot
    if metric is not None and not plot.takes_metric:
        raise UsageError(
            f"--metric has no meaning for {plot.name}",
            remedy="leave it out, or draw forest or drift",
        )
    _require_known("workload", workload, subject.workloads)
    _require_known("metric", metric, subject.metrics)
    if reason := plot.unavailable(subject.data, workload, metric=metric):
        raise UsageError(f"{subject.run} has nothing to draw as {plot.name}", remedy=reason)


def _require_known(what: str, name: str | None, known: frozenset[str]) -> None:
    from harness.plain import plain

    if name is not None and name not in known:
        raise UsageError(
            f"{what} {name!r} is not in this run",
            remedy=one_of(name, map(plain, sorted(known))) if known else "it has none",
        )


def _document(
    plot: Plot[Any],
    run: str,
    data: ReportView | CountedResult | History,
    file: Path | None,
    **choice: Any,
) -> dict[str, Any]:
    table = plot.table(data, **choice)
    return {
        "schema": SCHEMA,
        "run": run,
        "kind": plot.name,
        "title": plot.title,
        "file": None if file is None else str(file),
        "text": plot.describe(data, **choice),
        "columns": list(table.header),
        "rows": [list(row) for row in table.rows],
    }
