"""`auditbench compare`: stored runs against each other, or scenarios of one run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_REGRESSION, EXIT_UNTRUSTWORTHY, UsageError
from harness.verbs.shared.parameters import (
    RESULTS,
    Flag,
    Json,
    ResultsFolder,
    To,
    Words,
    split_names,
)

if TYPE_CHECKING:
    from harness.answers.compare.compare import CompareOptions, Side
    from harness.model.compare import ChangeReport
    from harness.store import StoredRun
    from harness.verbs.shared.forms import Forms

EXIT_CODES = {
    "no-worse": EXIT_FINE,
    "worse": EXIT_REGRESSION,
    "inconclusive": EXIT_UNTRUSTWORTHY,
    "untrustworthy": EXIT_UNTRUSTWORTHY,
}


def compare_verb(
    base: str,
    /,
    *heads: str,
    with_: Annotated[Words, Parameter(name="--with")] = (),
    metric: Words = (),
    margin: Words = (),
    allow: Words = (),
    force: Flag = False,
    to: To = None,
    json: Json = False,
    results: ResultsFolder = RESULTS,
) -> int:
    """Compare stored runs, or scenarios of one run: what got worse, better, or neither.

    Parameters
    ----------
    base
        A run: its folder, its name, `latest`, `latest~1` for the one before, `@LABEL`; with
        `:SCENARIO`, only that scenario; of a counted run also with `:KERNEL`.
    heads
        Runs to compare with BASE, named alike; `:SCENARIO` alone is one of BASE's run.
    with_
        Pool runs of several boots: these are HEAD, all those before are BASE, each run one block.
    metric
        Metrics to compare, by full or short name; `all` for every one. If not given, the run's
        primary metric, elapsed time, and total CPU; of counted runs all instructions per operation.
    margin
        The relative difference that does not matter: 3%, or METRIC=5% for one metric. If not
        given, that of BASE's plan; of counted runs 0.5%.
    allow
        Differences between the runs to accept, such as kernel,rules.
    force
        Compare runs however their hosts and plans differ.
    to
        Write the comparison as FORM=FILE, or print it as FORM; may be given several times: json,
        md, csv.
    """
    from harness.answers.compare.compare import compare_boots, compare_runs
    from harness.answers.compare.count import are_counted
    from harness.verbs.shared.forms import Forms

    forms = Forms(("json", "md", "csv"), to, json=json)
    if with_:
        options = _options(metric, margin, allow, results, force=force)
        bases, others = _runs((base, *heads), results), _runs(with_, results)
        report = compare_boots(bases, others, options)
    else:
        _require_metrics(metric)
        first, *sides = _sides(base, heads, results)
        if are_counted([side.stored for side in (first, *sides)]):
            return _compare_counts(first, sides, metric, margin, allow, forms, force=force)
        options = _options(metric, margin, allow, results, force=force)
        report = compare_runs(first, sides, options)
    _deliver(report, forms)
    return EXIT_CODES[report.verdict]


def _compare_counts(
    base: Side,
    heads: Sequence[Side],
    metric: Words,
    margin: Words,
    allow: Words,
    forms: Forms,
    *,
    force: bool,
) -> int:
    from harness.answers.compare.comparability import parse_allowed
    from harness.answers.compare.count import CountOptions, compare_counts
    from harness.answers.count_metrics import counted_metric
    from harness.answers.quantities import parse_margins
    from harness.verbs.shared.counts import deliver_changes

    general, by_metric = parse_margins(margin, counted_metric)
    options = CountOptions(
        metrics=tuple(split_names(metric)),
        margin=general,
        margin_by_metric=by_metric,
        allowed=parse_allowed(allow),
        force=force,
    )
    report = compare_counts(base, heads, options)
    deliver_changes(report, forms)
    return EXIT_CODES[report.verdict]


def _options(
    metric: Words, margin: Words, allow: Words, results: Path, *, force: bool
) -> CompareOptions:
    from harness.answers.compare.comparability import parse_allowed
    from harness.answers.compare.compare import CompareOptions
    from harness.answers.quantities import compared_metric, parse_margins

    names = split_names(metric)
    general, by_metric = parse_margins(margin)
    return CompareOptions(
        metrics=tuple(compared_metric("--metric", name) for name in names if name != "all"),
        all_metrics="all" in names,
        margin=general,
        margin_by_metric=by_metric,
        allowed=parse_allowed(allow),
        force=force,
        results=results,
    )


def _require_metrics(metric: Words) -> None:
    """UsageError for a name that is no metric of any run, before one is looked for."""
    from harness.answers.count_metrics import any_metric

    for name in split_names(metric):
        if name != "all":
            any_metric("--metric", name)


def _runs(names: Sequence[str], results: Path) -> list[StoredRun]:
    from harness.store import load_run
    from harness.verbs.shared.naming import named_run

    return [load_run(named_run(name, results)) for name in names]


def _sides(base: str, heads: tuple[str, ...], results: Path) -> list[Side]:
    """BASE and every HEAD, each run read once."""
    from harness.answers.compare.compare import Side
    from harness.store import load_run

    if not heads:
        raise UsageError(
            f"nothing to compare {base} with",
            remedy="name a second run, as in `auditbench compare latest~1 latest`",
        )
    loaded: dict[Path, StoredRun] = {}
    sides = []
    run = base
    for words in (base, *heads):
        folder, scenario = _find(words, results, run)
        if words == base:
            run = str(folder)
        key = folder.resolve()
        if key not in loaded:
            loaded[key] = load_run(folder, counted_too=True)
        sides.append(Side(loaded[key], scenario))
    return sides


def _find(words: str, results: Path, base: str) -> tuple[Path, str | None]:
    """The folder and the scenario that words name. A run's own name may have a colon."""
    from harness.verbs.shared.naming import named_run

    run, colon, scenario = words.rpartition(":")
    if not colon:
        return named_run(words, results), None
    try:
        return named_run(words, results), None
    except UsageError:
        return named_run(run or base, results), scenario


def _deliver(report: ChangeReport, forms: Forms) -> None:
    from harness.reporters.compare import compare_page
    from harness.reporters.documents.compare import change_rows, changes_document
    from harness.reporters.render.csv import csv_text

    forms.deliver_page(
        compare_page(report),
        lambda: changes_document(report),
        csv=lambda: csv_text(change_rows(report)),
    )
