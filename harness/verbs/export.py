"""`auditbench export`: a stored run in the formats of other tools."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from harness.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    from harness.store import StoredRun

To = Literal["pyperf", "csv", "parquet", "junit", "md"]

SCHEMA = "auditbench.export/1"


def export_verb(
    run: str = "latest",
    /,
    *,
    to: To,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    results: Path = Path("results"),
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Write a stored run in the format of another tool.

    Parameters
    ----------
    run
        A run's folder, its name, `latest`, or `latest~1` for the one before.
    to
        pyperf: a file for `python -m pyperf`. csv, parquet: one row per trial. junit: one test case
        per comparison. md: the result as Markdown.
    output
        Write to this file; standard output if not given.
    results
        The folder that runs are stored in.
    json
        With -o: say in one JSON document what was written.
    """
    from harness.files.output import require_writable, write_bytes
    from harness.store import find_run, load_run
    from harness.verbs.output import err, print_json

    if json and output is None:
        raise UsageError("--json tells what was written to a file", remedy="add -o FILE")
    _require_place(to, output)
    if output is not None:
        require_writable(output)
    stored = load_run(find_run(run, results))
    data, notes = _exported(stored, to)
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    else:
        write_bytes(output, data)
    console = err()
    for note in (*(caution.one_line() for caution in stored.cautions), *notes):
        console.print(note, markup=False, soft_wrap=True)
    if json:
        document = {"schema": SCHEMA, "run": stored.name, "to": to, "file": str(output)}
        print_json({**document, "bytes": len(data), "notes": notes})
    return EXIT_FINE


def _require_place(to: To, output: Path | None) -> None:
    """Find before reading the run what would keep it from being written."""
    if to != "parquet":
        return
    from harness.reporters.parquet import require_pyarrow

    require_pyarrow()
    if output is None and sys.stdout.isatty():
        raise UsageError("a Parquet file is not for a terminal", remedy="add -o FILE")


def _exported(stored: StoredRun, to: To) -> tuple[bytes, list[str]]:
    """The bytes, and what must be said beside them."""
    if to == "parquet":
        return _parquet(stored), []
    if to == "pyperf":
        text, notes = _pyperf(stored)
        return text.encode(), notes
    if to == "csv":
        from harness.reporters.csv_table import csv_text
        from harness.reporters.trial_rows import trial_rows

        return csv_text(trial_rows(stored.name, stored.samples)).encode(), []
    return _result_text(stored, to).encode(), []


def _result_text(stored: StoredRun, to: To) -> str:
    from harness.run.result import make_result

    result = make_result(stored)
    if to == "junit":
        from harness.reporters.junit import result_junit

        return result_junit(result)
    from harness.reporters.markdown import result_markdown

    return result_markdown(result)


def _parquet(stored: StoredRun) -> bytes:
    import json

    from harness.reporters.parquet import trials_parquet

    metadata = {
        "auditbench.run": stored.name,
        "auditbench.plan": json.dumps(stored.plan, default=str),
        "auditbench.environment": json.dumps(stored.environment, default=str),
    }
    return trials_parquet(stored.name, stored.samples, metadata)


def _pyperf(stored: StoredRun) -> tuple[str, list[str]]:
    from harness.metrics.catalog import METRICS
    from harness.reporters.pyperf_file import pyperf_file
    from harness.run.result import in_plan_order

    metrics = [metric.name for metric in METRICS.values() if metric.unit == "ns"]
    text, left_out = pyperf_file(in_plan_order(stored), metrics, stored.environment)
    if not left_out:
        return text, []
    names = ", ".join(left_out[:3]) + (" …" if len(left_out) > 3 else "")
    benchmarks = "benchmark" if len(left_out) == 1 else "benchmarks"
    return text, [
        f"left out {len(left_out)} {benchmarks} that were 0 in some block, which pyperf cannot "
        f"store: {names}"
    ]
