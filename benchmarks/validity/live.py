"""What the live proofs have in common: a plan run as `auditbench run` runs it, and a report."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from harness.analysis.against_reference import MetricView, compare  # noqa: E402
from harness.errors import AuditbenchError  # noqa: E402
from harness.model.reference import Reference  # noqa: E402
from harness.model.result import Comparison  # noqa: E402
from harness.model.run import Sample  # noqa: E402
from harness.run.plan.plan import make_plan  # noqa: E402
from harness.run.request import Conduct, Load, Request  # noqa: E402
from harness.run.runner import Silence  # noqa: E402
from harness.run.session import run_session  # noqa: E402
from harness.store import StoredRun, load_run  # noqa: E402

ELAPSED = "elapsed_ns_per_op"
DECIDED = ("worse", "better", "equal")


def options(about: str, *, runs: bool = True) -> argparse.ArgumentParser:
    """The options that all proofs have: where the report goes, and where the runs are kept."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="the report as JSON")
    if runs:
        parser.add_argument(
            "--results", type=Path, required=True, metavar="DIR", help="keep the runs here"
        )
    return parser


def run_plan(text: str, results: Path, **wanted: Any) -> StoredRun:
    """Write a plan file, run it on this host, and read the stored run back."""
    results.mkdir(parents=True, exist_ok=True)
    path = results / "plan.toml"
    path.write_text(text, encoding="utf-8")
    plan = make_plan(Request(plan=str(path), load=Load(**wanted)))
    outcome = run_session(plan, Conduct(results=results), Silence())
    if outcome.interrupted:
        raise SystemExit(5)
    return load_run(outcome.folder)


def against(samples: list[Sample], scenario: str, metric: str = ELAPSED) -> list[Comparison]:
    """All cells against one scenario, as the product compares them."""
    return compare(samples, [MetricView(metric, "ns")], Reference(scenario), primary=metric)


def finish(report: dict[str, Any], output: Path | None, *, holds: bool, claim: str) -> int:
    """Print whether the claim holds, write the report, and give the exit code."""
    print(f"{'holds' if holds else 'FAILS'}: {claim}")
    if output is not None:
        document = {"claim": claim, "holds": holds, **report}
        output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if holds else 1


def guarded(proof: Any) -> int:
    """Run a proof; an error of the host is one line."""
    try:
        return int(proof())
    except AuditbenchError as error:
        print(error.one_line(), file=sys.stderr)
        return error.exit_code
