"""The highest rate of events that each consumer takes without loss, side by side.

    python benchmarks/consumer_cost/rate.py [--rounds N] [--seconds S]
    python benchmarks/consumer_cost/rate.py --flat-out [--rounds N]

Each round finds every consumer's limit once, in random order, by halving: an open-loop load of
UDP connects at a rate, nobody waits (backlog_wait_time 0), and records lost in two trials out of
two mean that the rate was too high: one alone may be of other doing. Where the load itself cannot
go faster, what it reached is the answer, marked with `>=`. Needs root; the host's audit state is
given back.

With `--flat-out` there is no search: the load goes as fast as it can, and what it reached, and what
was lost, is told. That is a sharper comparison of consumers that are faster than the load.
"""

from __future__ import annotations

import argparse
import math
import random
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bench import Bench, drain, load, open_bench, trial

from harness.analysis.ratio import geometric_mean, paired_ratio
from harness.errors import AuditbenchError

CONSUMERS = ("discard", "count", "assemble", "store")
LOWEST, HIGHEST = 2_000.0, 200_000.0
PRECISION = 1.04
KEPT_UP = 0.97
FLAT_OUT_OPS = 100_000


def one_rate(bench: Bench, pid: int, rate: float, seconds: float) -> dict[str, float]:
    """The rate reached and the records lost at an intended rate."""
    return pressed(bench, pid, max(1, round(rate * seconds)), "--rate", str(round(rate)))


def pressed(bench: Bench, pid: int, ops: int, *words: str) -> dict[str, float]:
    """The rate that a load reached, and the records lost meanwhile."""
    with load(bench, "connect", "--ops", str(ops), *words) as worker:
        lost = bench.client.status().lost
        worker.send("go")
        document = worker.expect("result", timeout_s=300)
        drain(bench, pid)
    reached = document["ops"] / document["elapsed_ns"] * 1e9
    return {"reached": reached, "lost": float(bench.client.status().lost - lost)}


def better_of_two(bench: Bench, consumer: str, rate: float, seconds: float) -> dict[str, float]:
    """A trial at a rate, repeated if it lost something."""
    for _ in range(2):
        found = trial(bench, consumer, lambda b, pid: one_rate(b, pid, rate, seconds))
        if not found["lost"]:
            break
    return found


def highest(bench: Bench, consumer: str, seconds: float) -> tuple[float, bool]:
    """Events per second without loss, and whether the load was the limit."""
    low, high, limited = LOWEST, HIGHEST, False
    while high / low > PRECISION:
        rate = math.sqrt(low * high)
        found = better_of_two(bench, consumer, rate, seconds)
        if found["lost"]:
            high, limited = min(rate, found["reached"]), False
        elif found["reached"] < KEPT_UP * rate:
            low, high, limited = found["reached"], found["reached"], True
        else:
            low = rate
    return low, limited


def compare_flat_out(consumers: list[str], rounds: int) -> None:
    """Every consumer once per round in random order; the first round is not counted."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in consumers}
    with open_bench(backlog_limit=8192, backlog_wait_time=0) as bench:
        for _ in range(rounds + 1):
            for name in random.sample(consumers, len(consumers)):
                found[name].append(trial(bench, name, lambda b, pid: pressed(b, pid, FLAT_OUT_OPS)))
    print("events per second of one process flat out; ratio to discard with 95 % interval")
    reference = [one["reached"] for one in found["discard"][1:]]
    for name, trials in found.items():
        rates = [one["reached"] for one in trials[1:]]
        lossy = [one["lost"] for one in trials[1:] if one["lost"]]
        print(
            f"{name:10} {geometric_mean(rates) or 0:9,.0f}/s   {ratio_words(rates, reference)}   "
            f"lost in {len(lossy)} of {rounds}, {sum(lossy) / (4 * FLAT_OUT_OPS * rounds):.2%}"
        )


def main() -> None:
    """Search and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--flat-out", action="store_true")
    options = parser.parse_args()
    consumers = [*CONSUMERS, *(["auditd"] if shutil.which("auditd") else [])]
    if options.flat_out:
        compare_flat_out(consumers, options.rounds)
        return
    found: dict[str, list[float]] = {name: [] for name in consumers}
    limited: set[str] = set()
    with open_bench(backlog_limit=8192, backlog_wait_time=0) as bench:
        for number in range(options.rounds):
            for name in random.sample(consumers, len(consumers)):
                rate, by_load = highest(bench, name, options.seconds)
                found[name].append(rate)
                limited |= {name} if by_load else set()
                print(f"round {number + 1}: {name} {rate:,.0f}/s", file=sys.stderr)
    print("events per second without loss; ratios with 95 % interval")
    for name, rates in found.items():
        words = "   ".join(
            f"{other} × {ratio_words(rates, found[other])}"
            for other in ("auditd", "discard")
            if other in found and other != name
        )
        mark = ">=" if name in limited else "  "
        print(f"{name:10} {mark} {geometric_mean(rates) or 0:9,.0f}/s   {words}")


def ratio_words(rates: list[float], reference: list[float]) -> str:
    """The ratio of two consumers' rates."""
    ratio = paired_ratio(rates, reference)
    if ratio is None or ratio.ci_low is None or ratio.ci_high is None:
        return "–"
    return f"{ratio.ratio:.2f} ({ratio.ci_low:.2f} to {ratio.ci_high:.2f})"


if __name__ == "__main__":
    try:
        main()
    except AuditbenchError as error:
        sys.exit(error.one_line())
