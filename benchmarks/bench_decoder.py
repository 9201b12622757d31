"""What the decoder costs, from memory: `python benchmarks/bench_decoder.py [--rounds N]`.

Records a second at depths count, decode and assemble, and of the pure-Python twin at assemble, on
made-up connects, made-up commands, and records of a real kernel. All are measured in turn within
each round, and compared as ratios within the round; the table shows the geometric means. No
socket and no kernel is involved. Pin it to an idle CPU: `taskset -c 1 python benchmarks/…`.
"""

from __future__ import annotations

import argparse
import gzip
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from consumer.receiving.parse import feed_frames, split_capture  # noqa: E402
from consumer.receiving.pipeline import Pipeline  # noqa: E402
from consumer.twin.twin import Twin, datagrams_of  # noqa: E402
from tests.support.records.audit_records import STAMP_MS, Maker, datagrams, frames  # noqa: E402

EVENTS = 50_000
DEPTHS = ("count", "decode", "assemble")
CAPTURE = ROOT / "tests" / "golden" / "records" / "linux-6.18.cap.gz"
TWIN_BYTES = 2 << 20  # the twin gets only so much: it is slow


def stream(kind: str) -> bytes:
    """Frames of EVENTS events with serials of their own, or of the golden capture."""
    if kind == "recorded":
        return bytes(split_capture(gzip.decompress(CAPTURE.read_bytes()))[1])
    made = []
    for serial in range(EVENTS):
        maker = Maker(serial, stamp_ms=STAMP_MS + serial // 100 * 4)
        made += datagrams(maker.connect() if kind == "connects" else maker.execve())
    return frames(made)


def seconds_of(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def parse(data: bytes, depth: str, repeat: int) -> Callable[[], None]:
    def work() -> None:
        pipeline = Pipeline(depth)
        for _ in range(repeat):
            feed_frames(pipeline, data)

    return work


def parse_by_twin(sample: list[bytes]) -> Callable[[], None]:
    def work() -> None:
        Twin("assemble").feed(sample)

    return work


def measure(kind: str, rounds: int) -> dict[str, list[float]]:
    """Nanoseconds per record of each subject, one figure per round."""
    data = stream(kind)
    whole = list(datagrams_of(data))
    average = len(data) / len(whole)
    sample = whole[: int(TWIN_BYTES / average)]
    repeat = 1 if kind != "recorded" else 200
    costs: dict[str, list[float]] = {name: [] for name in (*DEPTHS, "twin")}
    for round_number in range(rounds + 1):
        for depth in DEPTHS:
            used = seconds_of(parse(data, depth, repeat)) / len(whole) / repeat
            if round_number:
                costs[depth].append(used * 1e9)
        used = seconds_of(parse_by_twin(sample)) / len(sample)
        if round_number:
            costs["twin"].append(used * 1e9)
    return costs


def mean(values: list[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10, help="beside the first, which is dropped")
    rounds = parser.parse_args().rounds
    print(f"{'records':<10} {'subject':<10} {'ns/record':>10} {'million/s':>10} {'to count':>9}")
    for kind in ("connects", "commands", "recorded"):
        costs = measure(kind, rounds)
        for name, values in costs.items():
            ratio = mean([mine / base for mine, base in zip(values, costs["count"], strict=True)])
            cost = mean(values)
            print(f"{kind:<10} {name:<10} {cost:>10.1f} {1e3 / cost:>10.2f} {ratio:>9.1f}")
        times = mean([a / b for a, b in zip(costs["twin"], costs["assemble"], strict=True)])
        print(f"{kind:<10} assemble is {times:.0f} times as fast as the twin")


if __name__ == "__main__":
    main()
