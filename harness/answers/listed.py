"""The stored runs of a folder, each in one line: when, what, and with which verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from harness.analysis.against_reference import compare
from harness.analysis.loss import compare_losses
from harness.answers.history.history import started_at
from harness.answers.lost import lost_cells, without_speed
from harness.answers.matched import unmatched_cells, without_price
from harness.answers.result import in_plan_order, metric_views
from harness.answers.trust import is_reliable
from harness.errors import UsageError
from harness.files.reading import is_file
from harness.model.label import name_by_label
from harness.model.listed import ListedRun
from harness.model.result import Verdict
from harness.model.run import AA
from harness.store import SAMPLES, StoredRun, list_runs, load_run, no_run_under, short_names

_NOT_JUDGED: frozenset[Verdict] = frozenset(("reference", "no-reference"))


def listed_runs(results: Path, last: int | None = None) -> tuple[list[ListedRun], int]:
    """The runs of a folder, the newest first and kept runs after them; and how many are left out.

    Raises UsageError where there is no such folder, or no run in it.
    """
    folders = sorted(list_runs(results), key=lambda run: (is_file(run / SAMPLES), run.name))[::-1]
    if not folders:
        raise no_run_under(results)
    words = short_names(results)
    shown = folders[:last]
    runs = [_listed(folder, words.get(folder.resolve(), folder.name)) for folder in shown]
    return runs, len(folders) - len(shown)


def _listed(folder: Path, word: str) -> ListedRun:
    place = folder.resolve()
    name = f"{place.parent.name}/{place.name}"
    try:
        stored = load_run(folder, counted_too=True)
    except UsageError as error:
        return ListedRun(word, name, str(folder), damage=error.what)
    plan = stored.plan
    scenarios = (scenario for group in plan.scenarios.values() for scenario in group)
    return ListedRun(
        word=word,
        name=name,
        folder=str(folder),
        started_at=started_at(stored),
        label=name_by_label(stored.environment),
        plan=plan.name,
        rules=tuple(dict.fromkeys(scenario.file for scenario in scenarios if scenario.file)),
        command=plan.command,
        verdicts={} if plan.is_counted else _verdicts(stored),
        counted=plan.is_counted,
        complete=plan.is_whole(len({sample.index for sample in stored.samples})),
        trustworthy=is_reliable(stored),
    )


def _verdicts(stored: StoredRun) -> Mapping[Verdict, int]:
    """Cells by verdict in the primary metric, as `make_result` has them."""
    plan = stored.plan
    samples = [sample for sample in in_plan_order(stored) if not sample.ladder]
    compared = compare(
        samples,
        [view for view in metric_views() if view.name == plan.primary],
        plan.reference,
        margin=plan.margins.general,
        margins=plan.margins.by_metric,
        primary=plan.primary,
    )
    losses = lost_cells(compare_losses(samples, plan.reference), plan)
    judged = without_speed(without_price(compared, unmatched_cells(plan, samples)), losses)
    counts = Counter(
        each.verdict
        for each in judged
        if each.verdict not in _NOT_JUDGED and not each.cell.scenario.endswith(AA)
    )
    return dict(counts)
