"""`auditbench list`: what there is to choose from, and the stored runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.errors import EXIT_FINE, UsageError
from harness.verbs.shared.parameters import RESULTS, Json, ResultsFolder, To

if TYPE_CHECKING:
    from harness.verbs.shared.forms import Forms

Choice = Literal["scenarios", "workloads", "consumers", "metrics", "plans"]
Kind = Literal["scenarios", "workloads", "consumers", "metrics", "plans", "runs", "kernels"]
LAST = 20


def list_verb(
    what: Kind,
    /,
    *,
    last: int | None = None,
    to: To = None,
    json: Json = False,
    results: ResultsFolder = RESULTS,
) -> int:
    """List stored runs, kept kernels, or scenarios, workloads and so on to choose from.

    Parameters
    ----------
    what
        The kind to list.
    last
        Only the last N runs; 20 if not given, all with --json.
    to
        Write the list as json=FILE, or print it as json.
    """
    from harness.reporters.listing import list_page
    from harness.reporters.render.terminal import render_page
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import out

    forms = Forms(("json",), to, json=json)
    if what == "runs":
        return _list_runs(forms, results, last)
    if last is not None:
        raise UsageError(f"--last has no meaning for {what}", remedy="it is for `list runs`")
    if what == "kernels":
        _list_kernels(forms)
        return EXIT_FINE
    entries = _entries(what)
    forms.deliver(
        lambda: render_page(list_page(what, entries), out()),
        lambda: {"schema": "auditbench.list/1", what: entries},
    )
    return EXIT_FINE


def _list_runs(forms: Forms, results: Path, last: int | None) -> int:
    from harness.answers.listed import listed_runs
    from harness.reporters.listed import listed_document, listed_page
    from harness.reporters.render.terminal import render_page
    from harness.verbs.shared.output import out

    if last is not None and last < 1:
        raise UsageError(f"--last {last} shows nothing", remedy="give 1 or more")
    runs, left_out = listed_runs(results, last or (None if forms.asked() else LAST))
    forms.deliver(
        lambda: render_page(listed_page(runs, left_out), out()),
        lambda: listed_document(runs),
    )
    return EXIT_FINE


def _list_kernels(forms: Forms) -> None:
    from harness.errors import AuditbenchError
    from harness.guest.kernels.images import open_archive
    from harness.guest.kernels.kept import list_kept
    from harness.reporters.listing import kernels_document, kernels_page
    from harness.reporters.render.terminal import render_page
    from harness.verbs.shared.output import out

    kept, why_not = list_kept(), ""
    try:
        served = open_archive(None).newest_of_each()
    except AuditbenchError as error:
        served, why_not = [], error.what
    forms.deliver(
        lambda: render_page(kernels_page(kept, served, why_not), out()),
        lambda: kernels_document(kept, served, why_not),
    )


def _entries(what: Choice) -> list[dict[str, str]]:
    from harness.run import choices

    if what != "metrics":
        named = getattr(choices, what)()
        return [{"name": name, "summary": summary} for name, summary in named.items()]
    from harness.metrics.catalog import METRICS

    return [
        {"name": metric.name, "unit": metric.unit, "summary": metric.summary}
        for metric in METRICS.values()
    ]
