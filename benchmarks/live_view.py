"""What the live view does to the measurement: A/A, one cell drawn and one not, in the same blocks.

    sudo python benchmarks/live_view.py --results /tmp/live --blocks 40

Every block holds each workload twice under the same rules: as `quiet`, with nothing drawn, and as
`drawn`, with the live view on a terminal of 80 by 24 that another process reads. The view draws
before the load and twice a second while it runs, as in `auditbench run`. Printed is the ratio of
drawn to quiet, which is 1 where the view disturbs nothing.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console

from benchmarks.validity.live import against, finish, guarded, options
from harness.model.run import Cell, Sample, Trial
from harness.run.plan.plan import make_plan
from harness.run.request import Conduct, Load, Request
from harness.run.session import run_session
from harness.store import load_run
from harness.verbs.shared.progress import LiveView

METRICS = ("elapsed_ns_per_op", "cpu_total_ns_per_op", "latency_p99_ns")
WORKLOADS = {"udp": 80_000, "syscalls": 4_000_000}
"""Operations that take a second or two: long enough for drawings during the load."""
PLAN = """summary = "one cell drawn, one not"
scenarios = []
workloads = ["udp", "syscalls"]
aa_cell = false
"""
CELL = '[[cells]]\nname = "{name}"\nscenario = "rules"\n'


class HalfWatched:
    """Hands on to a live view only what happens in the cells that are drawn.

    What the others measured is told just before the next one that is drawn, so that computing
    with it falls into that one's time.
    """

    def __init__(self, view: LiveView) -> None:
        self._view = view
        self._kept: list[Sample] = []
        self._now: Trial | None = None
        self.drawn_during_loads = 0

    def is_for(self, purpose: str, margin: float) -> None:
        self._view.is_for(purpose, margin)

    def will_measure(
        self, cells: Sequence[Cell], references: Mapping[Cell, Cell], metric: str
    ) -> None:
        quiet = {cell: Cell(cell.workload, "quiet", cell.consumer) for cell in cells}
        self._view.will_measure(cells, quiet, metric)

    def begin(self, trials: int) -> None:
        self._view.begin(trials)

    def trial_begins(self, trial: Trial) -> None:
        self._now = trial
        if trial.cell.scenario == "drawn":
            for sample in self._kept:
                self._view.trial_ends(sample)
            self._kept.clear()
            self._view.trial_begins(trial)

    def pulse(self, backlog: int, lost: int) -> None:
        if self._now is not None and self._now.cell.scenario == "drawn":
            self.drawn_during_loads += self._view.due
            self._view.pulse(backlog, lost)

    def trial_ends(self, sample: Sample) -> None:
        if self._now is not None and self._now.cell.scenario == "drawn":
            self._view.trial_ends(sample)
        else:
            self._kept.append(sample)

    def block_ends(self, trials: int) -> None:
        self._view.block_ends(trials)

    def end(self) -> None:
        self._view.end()


def main() -> int:
    """Measure; 0 where elapsed time is equal within the margin of 2 % for every workload."""
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="operations by this factor")
    given = parser.parse_args()
    folder = given.results
    folder.mkdir(parents=True, exist_ok=True)
    ops = "[ops]\n" + "".join(f"{n} = {int(c * given.scale)}\n" for n, c in WORKLOADS.items())
    plan = folder / "plan.toml"
    plan.write_text(PLAN + ops + CELL.format(name="quiet") + CELL.format(name="drawn"))
    master, slave = pty.openpty()
    reader = subprocess.Popen(
        ["cat"], stdin=master, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(master)
    try:
        with os.fdopen(slave, "w", encoding="utf-8") as stream:
            watcher = HalfWatched(LiveView(Console(file=stream, width=80, height=24)))
            load = Load(blocks=given.blocks, seed=given.seed)
            made = make_plan(Request(plan=str(plan), load=load))
            outcome = run_session(made, Conduct(results=folder), watcher)
    finally:
        reader.wait()
    return _report(load_run(outcome.folder).samples, watcher.drawn_during_loads, given.output)


def _report(samples: Sequence[Sample], drawings: int, output: Path | None) -> int:
    rows = [
        {
            "workload": found.cell.workload,
            "metric": metric,
            "ratio": found.ratio,
            "ci_low": found.ci_low,
            "ci_high": found.ci_high,
            "blocks": found.blocks,
            "verdict": found.verdict,
        }
        for metric in METRICS
        for found in against(list(samples), "quiet", metric)
        if found.cell.scenario == "drawn" and found.ratio is not None
    ]
    print(f"{drawings} drawings during loads; drawn / quiet, 95 % interval:")
    for row in rows:
        ends = f"{row['ci_low']:.4f} to {row['ci_high']:.4f}" if row["ci_low"] else "no interval"
        print(
            f"{row['workload']:10} {row['metric']:22} {row['ratio']:.4f} ({ends}) "
            f"{row['blocks']} blocks: {row['verdict']}"
        )
    verdicts = [row["verdict"] for row in rows if row["metric"] == METRICS[0]]
    holds = bool(verdicts) and set(verdicts) == {"equal"}
    report = {"drawings_during_loads": drawings, "rows": rows}
    return finish(
        report, output, holds=holds, claim="with the live view, elapsed time is equal within 2 %"
    )


if __name__ == "__main__":
    sys.exit(guarded(main))
