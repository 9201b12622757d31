"""`auditbench compare`: stored runs against each other, or scenarios of one run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_REGRESSION, EXIT_UNTRUSTWORTHY, UsageError

if TYPE_CHECKING:
    from harness.changes import ChangeReport
    from harness.run.across import CompareOptions, Side
    from harness.store import StoredRun

Flag = Annotated[bool, Parameter(negative="")]
Words = Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)]
Format = Literal["terminal", "md", "csv", "json"]

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
    metric: Words = None,
    margin: Words = None,
    allow: Words = None,
    force: Flag = False,
    format: Format | None = None,
    json: Flag = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    results: Path = Path("results"),
) -> int:
    """Compare stored runs, or scenarios of one run: what got worse, better, or neither.

    Parameters
    ----------
    base
        A run: its folder, its name, `latest`, `latest~1` for the one before; with `:SCENARIO` that
        scenario only.
    heads
        What is compared with BASE, in the same words; `:SCENARIO` alone is one of BASE's run.
    metric
        Metrics to compare, by full or short name; `all` for every one. If not given, the one that
        the run is about, elapsed time, and total CPU.
    margin
        The relative difference that matters: 3%, or METRIC=5% for one metric.
    allow
        Differences between the runs that are the point, as kernel,rules.
    force
        Compare runs of unlike hosts and plans whatever differs.
    format
        terminal, md, csv or json.
    json
        The same as --format json.
    output
        Write to this file instead.
    results
        The folder that runs are stored in.
    """
    from harness.files.output import require_writable
    from harness.run.across import compare_runs

    if json and format not in (None, "json"):
        raise UsageError(f"--json and --format {format} contradict each other")
    options = _options(metric, margin, allow, force=force)
    if output is not None:
        require_writable(output)
    first, *others = _sides(base, heads, results)
    report = compare_runs(first, others, options)
    _deliver(report, "json" if json else format or "terminal", output)
    return EXIT_CODES[report.verdict]


def _options(
    metric: list[str] | None, margin: list[str] | None, allow: list[str] | None, *, force: bool
) -> CompareOptions:
    from harness.run.across import CompareOptions
    from harness.run.likeness import parse_allowed
    from harness.run.quantities import compared_metric, parse_margins

    names = [name for word in metric or () for name in word.split(",")]
    general, by_metric = parse_margins(margin or ())
    return CompareOptions(
        metrics=tuple(compared_metric("--metric", name) for name in names if name != "all"),
        all_metrics="all" in names,
        margin=general,
        margin_by_metric=by_metric,
        allowed=parse_allowed(allow or ()),
        force=force,
    )


def _sides(base: str, heads: tuple[str, ...], results: Path) -> list[Side]:
    """BASE and every HEAD, each run read once."""
    from harness.run.across import Side
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
            loaded[key] = load_run(folder)
        sides.append(Side(loaded[key], scenario))
    return sides


def _find(words: str, results: Path, base: str) -> tuple[Path, str | None]:
    """The folder and the scenario that words name. A run's own name may have a colon."""
    from harness.store import find_run

    run, colon, scenario = words.rpartition(":")
    if not colon:
        return find_run(words, results), None
    try:
        return find_run(words, results), None
    except UsageError:
        return find_run(run or base, results), scenario


def _deliver(report: ChangeReport, format: Format, output: Path | None) -> None:
    from harness.files.output import write_text
    from harness.reporters.changes import render_changes
    from harness.verbs.output import out, print_text

    if format == "terminal" and output is None:
        render_changes(report, out())
        return
    text = _text(report, format)
    if output is None:
        print_text(text)
    else:
        write_text(output, text)


def _text(report: ChangeReport, format: Format) -> str:
    from harness.reporters.changes_document import change_rows, changes_document

    if format == "md":
        from harness.reporters.changes_markdown import changes_markdown

        return changes_markdown(report)
    if format == "csv":
        from harness.reporters.csv_table import csv_text

        return csv_text(change_rows(report))
    if format == "json":
        from harness.verbs.output import json_text

        return json_text(changes_document(report))
    return _terminal_text(report)


def _terminal_text(report: ChangeReport) -> str:
    import io

    from harness.reporters.changes import render_changes
    from harness.reporters.plain_console import PlainConsole
    from harness.verbs.output import PLAIN_WIDTH

    text = io.StringIO()
    render_changes(
        report, PlainConsole(file=text, width=PLAIN_WIDTH, highlight=False, no_color=True)
    )
    return text.getvalue()
