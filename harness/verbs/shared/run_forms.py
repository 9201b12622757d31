"""The forms of a stored run besides the printed one: for `run`, `show` and `export`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.counted import counted
from harness.errors import UsageError
from harness.verbs.shared.forms import Writer

if TYPE_CHECKING:
    from harness.model.count import CountedResult
    from harness.model.result import Result
    from harness.store import StoredRun

EXPORTED = ("pyperf", "csv", "parquet", "junit", "md", "folded")
"""pyperf: a file for `python -m pyperf`. csv, parquet: one row per trial. junit: one test case per
comparison. md: the result as Markdown. folded: sampled stacks, of a run with --profile."""
RUN_FORMS = ("json", *EXPORTED)
COUNTED_FORMS = tuple(form for form in RUN_FORMS if form not in ("pyperf", "folded"))
"""Those that hold more than times and sampled stacks."""


def require_libraries(forms: set[str]) -> None:
    """UsageError where a form needs a package that is not there."""
    if "parquet" in forms:
        from harness.reporters.export.parquet import require_pyarrow

        require_pyarrow()
    if "pyperf" in forms:
        from harness.reporters.export.pyperf import require_pyperf

        require_pyperf()


def run_writers(
    stored: StoredRun, result: Callable[[], Result], note: Callable[[str], None]
) -> dict[str, Writer]:
    """A writer for each exported form; remarks on one go to `note`."""
    return {
        "pyperf": lambda: _pyperf(stored, note),
        "csv": lambda: _csv(stored),
        "parquet": lambda: _parquet(stored),
        "junit": lambda: _junit(result()),
        "md": lambda: _markdown(result()),
        "folded": lambda: _folded(stored),
    }


def counted_writers(stored: StoredRun, result: Callable[[], CountedResult]) -> dict[str, Writer]:
    """The same for a run that counts instructions."""

    def no_times() -> str:
        raise UsageError(
            f"{stored.name} counts instructions, and this form holds times",
            remedy="write it --to json, md, csv, junit or parquet",
        )

    return {
        "pyperf": no_times,
        "folded": no_times,
        "csv": lambda: _csv(stored),
        "parquet": lambda: _parquet(stored),
        "junit": lambda: _counted_junit(result()),
        "md": lambda: _counted_markdown(result()),
    }


def _counted_junit(result: CountedResult) -> str:
    from harness.reporters.export.junit import counted_junit

    return counted_junit(result)


def _counted_markdown(result: CountedResult) -> str:
    from harness.reporters.count import count_page
    from harness.reporters.render.markdown import page_markdown

    return page_markdown(count_page(result))


def _csv(stored: StoredRun) -> str:
    from harness.reporters.export.trial_rows import trial_rows
    from harness.reporters.render.csv import csv_text

    return csv_text(trial_rows(stored.name, stored.samples))


def _junit(result: Result) -> str:
    from harness.reporters.export.junit import result_junit

    return result_junit(result)


def _markdown(result: Result) -> str:
    from harness.reporters.pull_request import pull_request_page
    from harness.reporters.render.markdown import page_markdown

    return page_markdown(pull_request_page(result))


def _folded(stored: StoredRun) -> str:
    from harness.reporters.export.folded import folded_stacks

    return folded_stacks(stored.name, stored.profiles)


def _parquet(stored: StoredRun) -> bytes:
    from harness.reporters.export.parquet import trials_parquet

    metadata = {
        "auditbench.run": stored.name,
        "auditbench.plan": json.dumps(stored.plan.document, default=str),
        "auditbench.environment": json.dumps(stored.environment.document, default=str),
    }
    return trials_parquet(stored.name, stored.samples, metadata)


def _pyperf(stored: StoredRun, note: Callable[[str], None]) -> str:
    from harness.answers.result import in_plan_order
    from harness.metrics.catalog import METRICS
    from harness.reporters.export.pyperf import pyperf_file

    metrics = [metric.name for metric in METRICS.values() if metric.unit == "ns"]
    text, left_out = pyperf_file(in_plan_order(stored), metrics, stored.environment)
    if left_out:
        names = ", ".join(left_out[:3]) + (" …" if len(left_out) > 3 else "")
        note(
            f"left out {counted(len(left_out), 'benchmark that was', 'benchmarks that were')} 0 in "
            f"some block, which pyperf cannot store: {names}"
        )
    return text
