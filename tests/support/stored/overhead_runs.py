"""Made-up runs of one rule file, for tests of what is said of them. Nothing was measured."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from harness.model.run import Sample
from harness.run.plan.plan import Plan
from harness.run.request import Conduct
from harness.run.session import Outcome
from harness.store import RunWriter
from tests.support.samples import ledger_with_loss

OPS = 1000
REFERENCE_NS = 6_000.0


def made_up_session(
    *,
    ratio: float = 2.0,
    noise: float = 0.01,
    lost: int = 0,
    events: int = OPS,
    reached: float = 1.0,
    reference_reached: float = 1.0,
    interrupted: bool = False,
) -> Callable[..., Outcome]:
    """What stands in for `run_session`: writes a run in which the rules cost `ratio`.

    `lost` of `events` are missing in every trial; `reached` is the share of the rate asked for.
    """

    def session(plan: Plan, conduct: Conduct, *_: object) -> Outcome:
        (workload,) = plan.workloads
        scenarios = plan.scenarios[workload]
        files = [s.name for s in scenarios if s.summary.startswith("the rules of ")]
        costs = dict.fromkeys((scenario.name for scenario in scenarios), 1.0) | {files[0]: ratio}
        blocks = min(plan.blocks, 6)
        document = {
            "name": plan.name,
            "kind": "kernel",
            "reference_scenario": "no-audit",
            "workloads": [workload],
            "consumers": ["assemble"],
            "blocks": blocks,
            "margin": 0.02,
            "rate_per_s": plan.rate_per_s,
            "scenarios": {workload: [{"name": name, "rules": []} for name in costs]},
        }
        chance = random.Random(1)
        folder = (
            conduct.results / "h-1" / f"made-up-{len(list(conduct.results.rglob('plan.toml')))}"
        )
        with RunWriter(folder) as writer:
            writer.describe(document, {"facts": {"machine": "h-1"}, "cautions": []})
            for block in range(blocks + 1):
                for name, cost in costs.items():
                    elapsed = REFERENCE_NS * cost * chance.uniform(1 - noise, 1 + noise)
                    if plan.rate_per_s:
                        share = reached if name in files else reference_reached
                        elapsed = 1e9 / (plan.rate_per_s * share)
                    of_rules = events if name in files else 0
                    writer.append(
                        _sample(workload, name, block, elapsed, of_rules, min(lost, of_rules))
                    )
        return Outcome(folder, interrupted=interrupted)

    return session


def _sample(
    workload: str, scenario: str, block: int, elapsed_ns: float, events: int, lost: int
) -> Sample:
    return Sample(
        index=block,
        workload=workload,
        scenario=scenario,
        consumer="assemble",
        block=block,
        position=0,
        seed=1,
        ops=OPS,
        started_at="2026-01-01T00:00:00.000+00:00",
        duration_ns=10**8,
        metrics={"elapsed_ns_per_op": elapsed_ns, "cpu_total_ns_per_op": elapsed_ns},
        ledger=ledger_with_loss(events, lost),
        warm_up=block == 0,
        workload_document={"ops": OPS, "elapsed_ns": elapsed_ns * OPS},
    )


def rules_file(folder: Path) -> Path:
    """A rule file that parses."""
    path = folder / "base.rules"
    path.write_text("-a always,exit -F arch=b64 -S connect -k net\n", encoding="utf-8")
    return path
