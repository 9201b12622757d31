"""Counted and live, the scenarios of `overhead` have the same order: syscalls, connect, files.

    python benchmarks/validity/counted.py count --results /tmp/counted --gone-rules
    sudo python benchmarks/validity/counted.py live --results /tmp/counted --counted RUN

The first counts, without root, and says where the run is kept; the second measures the same cells
here and prints both. Of each two scenarios of a load each instrument says which is dearer, or that
they are equal: where both decide, they must say the same.

A kernel that has lost rules with a folder that they watched counts them until the next boot
(`harness/host/gone_rules`), and all states in which audit is enabled pay for it. Where the live run
warns of that, it is compared with guests that lost a rule in the same way before they began
(`--gone-rules`).
"""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import MAGIC_NUMBER
from itertools import combinations
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validity.live import DECIDED, against, finish, guarded, options, run_plan
from harness.analysis.count import judge_counts
from harness.answers.count import make_counted
from harness.errors import InterruptedRunError, UsageError
from harness.guest.contents import AGENT, PYTHON_PATH, contents
from harness.guest.cpio import Entry, file
from harness.kernel.rules.text import parse_rule
from harness.model.count import COUNT_MARGIN, INSTRUCTIONS
from harness.model.result import Comparison
from harness.run.count import run_count
from harness.run.plan.file import load_plan_file
from harness.run.request import Conduct, Load, Request, Subject
from harness.store import StoredRun, load_run

CPU = "cpu_workload_ns_per_op"
"""CPU time of the load: the live metric of what instructions are counted of."""
REFERENCE = "no-audit"
WORKLOADS = ("syscalls", "connect", "files")
OPS = {"syscalls": 500_000, "connect": 40_000, "files": 20_000}
BLOCKS = 60
"""Of the live run: many short trials, eight minutes of them."""
MEMORY = Path("/dev/shm")
"""Where `files` works live: a guest has its files in memory, too."""
GONE_RULES = "gone-rules"
"""The warning of a live run, and the label of a counted one, in which the kernel counts them."""
FOLDER = b"/auditbench-gone"
LOSE_A_RULE = f"""
import os, time
from harness.guest.inside import {AGENT.rpartition(".")[2]}_itself as agent
from harness.kernel.client import AuditClient
os.mkdir({FOLDER!r})
with AuditClient() as client:
    client.add_rule({{payload!r}})
    os.rmdir({FOLDER!r})
    time.sleep(1)
    assert not client.list_rules(), "the rule is still there"
agent.main()
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A scenario of a load, as ratios to the reference: instructions, and CPU time."""

    workload: str
    scenario: str
    instructions: float
    cpu: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """What each instrument says of `second` against `first`."""

    workload: str
    first: str
    second: str
    counted: str
    live: str

    @property
    def contradict(self) -> bool:
        """Whether both decide, and not alike. Time has the wider margin: its `equal` is none."""
        both = {self.counted, self.live}
        return both == {"worse", "better"}

    @property
    def agree(self) -> bool:
        """Whether both say which one is dearer, and the same."""
        return self.counted == self.live and self.counted in ("worse", "better")


def main() -> int:
    """Do one half of the proof; 0 where the claim holds, or where there is none yet."""
    parser = options((__doc__ or "").splitlines()[0], runs=False)
    halves = parser.add_subparsers(dest="half", required=True)
    count = halves.add_parser("count", help="count the cells in guests, without root")
    count.add_argument("--kernel", default="trixie-backports/6.18")
    count.add_argument("--gone-rules", action="store_true", help="guests lose a rule first")
    live = halves.add_parser("live", help="measure them here, and compare")
    live.add_argument("--blocks", type=int, default=BLOCKS)
    table = halves.add_parser("table", help="compare a run that was measured before")
    table.add_argument("--live", type=Path, required=True, metavar="RUN")
    for half in (count, live):
        half.add_argument("--results", type=Path, required=True, metavar="DIR")
    for half in (live, table):
        half.add_argument("--counted", type=Path, required=True, metavar="RUN")
    given = parser.parse_args()
    if given.half == "count":
        print(f"--counted {_count(given.results, given.kernel, gone=given.gone_rules)}")
        return 0
    counted = load_run(given.counted, counted_too=True)
    if given.half == "table":
        return _compare(load_run(given.live), counted, given.output)
    measured = _measure(given.results, given.blocks)
    print(f"--live {measured.folder}")
    return _compare(measured, counted, given.output)


def _scenarios() -> tuple[str, ...]:
    """Those of the plan, from its reference on."""
    named = load_plan_file("overhead").scenarios
    return (REFERENCE, *(name for name in named if name != REFERENCE))


def _count(results: Path, kernel: str, *, gone: bool) -> Path:
    """Count all cells, and give the folder of the run."""
    request = Request(
        plan="overhead",
        subject=Subject(scenarios=_scenarios()),
        load=Load(workloads=WORKLOADS),
        conduct=Conduct(results=results, label=GONE_RULES if gone else ""),
    )
    with patch("harness.run.count.contents", losing_a_rule if gone else contents):
        outcome = run_count(request, (kernel,), lambda words: print(words, file=sys.stderr))
    if outcome.interrupted:
        raise InterruptedRunError("stopped while it counted", remedy="start it again")
    return outcome.folder


def losing_a_rule(workloads: tuple[str, ...], modules: tuple[str, ...] = ()) -> dict[bytes, Entry]:
    """A root whose agent has its kernel lose a rule before it begins."""
    entries = contents(workloads, modules)
    place = f"{PYTHON_PATH}/{AGENT.replace('.', '/')}"
    entries[f"{place}_itself.pyc".encode()] = entries[f"{place}.pyc".encode()]
    rule = parse_rule(["-a", "always,exit", "-F", f"dir={FOLDER.decode()}", "-F", "perm=w"]).rule
    assert rule is not None, "this is a rule"
    code = compile(LOSE_A_RULE.format(payload=rule.to_bytes()), "lose_a_rule", "exec")
    entries[f"{place}.pyc".encode()] = file(MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
    return entries


def _measure(results: Path, blocks: int) -> StoredRun:
    """Measure all cells on this host."""
    if MEMORY.is_dir():
        os.environ["TMPDIR"] = str(MEMORY)
    return run_plan(live_plan(), results, blocks=blocks)


def live_plan() -> str:
    """The plan that measures the counted cells here."""
    return (
        f'summary = "the scenarios of overhead, to compare with counts"\n'
        f'reference = "{REFERENCE}"\n'
        f"scenarios = {list(_scenarios())}\nworkloads = {list(WORKLOADS)}\n"
        "[invalid]\nslowdown_percent = 10\nretries = 2\n"
        "[ops]\n" + "".join(f"{name} = {ops}\n" for name, ops in OPS.items())
    )


def _compare(live: StoredRun, counted: StoredRun, output: Path | None) -> int:
    """Print both runs side by side; 0 where they do not contradict each other."""
    require_same_past(live, counted)
    rows, pairs = list(_rows(live, counted)), list(pairs_of(live, counted))
    print(f"{'workload':9} {'scenario':18} {'instructions':>12} {'cpu':>6}  95 % interval")
    for row in rows:
        numbers = (row.cpu, row.ci_low, row.ci_high)
        time = "     -" if None in numbers else "{:6.2f}  {:.2f} to {:.2f}".format(*numbers)
        print(f"{row.workload:9} {row.scenario:18} {row.instructions:12.2f} {time}")
    decided = {name: sum(p.agree for p in pairs if p.workload == name) for name in WORKLOADS}
    for pair in pairs:
        if not pair.agree:
            print(
                f"{pair.workload}: {pair.second} against {pair.first}: {pair.counted} in "
                f"instructions, {pair.live} in time"
            )
    against_each_other = sum(pair.contradict for pair in pairs)
    agreeing = ", ".join(f"{name} {number}" for name, number in decided.items())
    claim = (
        f"{against_each_other} of {len(pairs)} pairs of scenarios are in another order; both "
        f"instruments decide, and alike: {agreeing}"
    )
    report = {"rows": [asdict(row) for row in rows], "pairs": [asdict(pair) for pair in pairs]}
    holds = not against_each_other and all(decided.values())
    return finish(report, output, holds=holds, claim=claim)


def require_same_past(live: StoredRun, counted: StoredRun) -> None:
    """UsageError where the kernel of one counts rules that are gone, and that of the other not."""
    is_live = any(caution.name == GONE_RULES for caution in live.environment.cautions)
    if is_live != (counted.environment.label == GONE_RULES):
        raise UsageError(
            "the kernel of one of the two runs counts rules that are gone",
            remedy=f"count {'with' if is_live else 'without'} --gone-rules",
        )


def _rows(live: StoredRun, counted: StoredRun) -> Iterator[Row]:
    measured = {_place(found): found for found in against(list(live.samples), REFERENCE, CPU)}
    cells = {
        (cell.workload, cell.scenario): cell.estimate
        for cell in make_counted(counted).cells
        if cell.metric == INSTRUCTIONS
    }
    for (workload, scenario), estimate in cells.items():
        if scenario != REFERENCE:
            ratio = estimate / cells[workload, REFERENCE]
            found = measured.get((workload, scenario))
            if found is None:
                yield Row(workload, scenario, ratio)
            else:
                interval = (found.ratio, found.ci_low, found.ci_high)
                yield Row(workload, scenario, ratio, *interval)


def pairs_of(live: StoredRun, counted: StoredRun) -> Iterator[Pair]:
    """Each two scenarios of a load that both runs have."""
    cells = {
        (cell.workload, cell.scenario): cell
        for cell in make_counted(counted).cells
        if cell.metric == INSTRUCTIONS
    }
    for first, second in combinations(_scenarios(), 2):
        timed = _verdicts(against(list(live.samples), first, CPU))
        for workload in WORKLOADS:
            base, head = cells.get((workload, first)), cells.get((workload, second))
            if base is None or head is None or (workload, second) not in timed:
                continue
            said = judge_counts(base.estimate, head.estimate, margin=COUNT_MARGIN, floor=base.floor)
            yield Pair(workload, first, second, said, timed[workload, second])


def _verdicts(found: Sequence[Comparison]) -> dict[tuple[str, str], str]:
    return {
        _place(each): each.verdict if each.verdict in DECIDED else "inconclusive"
        for each in found
        if each.verdict != "no-reference"
    }


def _place(found: Comparison) -> tuple[str, str]:
    return found.cell.workload, found.cell.scenario


if __name__ == "__main__":
    sys.exit(guarded(main))
