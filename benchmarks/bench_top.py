"""`auditbench top` beside aureport: `python benchmarks/bench_top.py [--records N] [--rounds N]`.

One log of recorded events, repeated with new times and serials. Each round measures, in turn:

- `cat`      the file read through 1 MiB buffers, nothing done: what the page cache allows
- `wc -l`    its lines counted by coreutils
- `top exe`  the whole command, as a process: `auditbench top LOG --by exe`
- `top`      the same with its five default tables
- `reader`   the reading alone, in this process: five tables, no start-up

and once, because it takes minutes, `aureport --executable --summary` (left out with
--no-aureport). Ratios are between figures of the same round; geometric means are shown. Pin it to
an idle CPU: `taskset -c 1 python benchmarks/…`.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from consumer.log.summary import LogSums, read_logs  # noqa: E402
from tests.support.records.audit_logs import AUREPORT, aureport, everyday, ours  # noqa: E402

PIECE_BYTES = 1 << 20


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def command(*words: str | Path) -> Callable[[], object]:
    def run() -> None:
        subprocess.run(words, stdout=subprocess.DEVNULL, check=True, cwd=ROOT)

    return run


def read_only(path: Path) -> Callable[[], object]:
    buffer = bytearray(PIECE_BYTES)

    def read() -> None:
        with path.open("rb", buffering=0) as stream:
            while stream.readinto(buffer):
                pass

    return read


def reader(path: Path) -> LogSums:
    sums = LogSums(as_aureport=True)
    read_logs([str(path)], sums)
    return sums


def mean(values: list[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, values)) / len(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10, help="beside the first, which is dropped")
    parser.add_argument("--no-aureport", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:
        path = Path(folder) / "audit.log"
        path.write_bytes(everyday(given.records))
        measure(path, given.rounds, with_aureport=not given.no_aureport)


def measure(path: Path, rounds: int, *, with_aureport: bool) -> None:
    document = reader(path).document()
    records, size = document["records"], path.stat().st_size
    top = (sys.executable, "-P", "-m", "harness", "top", path)
    subjects: dict[str, Callable[[], object]] = {
        "cat": read_only(path),
        "wc -l": command("wc", "-l", path),
        "top exe": command(*top, "--by", "exe"),
        "top": command(*top),
        "reader": lambda: reader(path),
    }
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for turn in range(rounds + 1):
        for name, work in subjects.items():
            used = seconds_of(work)
            if turn:
                times[name].append(used)
    print(f"{records:,} records, {size / 1e6:.0f} MB, {document['events']:,} events")
    print(f"{'subject':<10} {'seconds':>9} {'ns/record':>10} {'MB/s':>7} {'to cat':>7}")
    for name, values in times.items():
        ratio = mean([one / base for one, base in zip(values, times["cat"], strict=True)])
        used = mean(values)
        print(
            f"{name:<10} {used:>9.3f} {used / records * 1e9:>10.0f} "
            f"{size / used / 1e6:>7.0f} {ratio:>7.1f}"
        )
    if with_aureport and Path(AUREPORT).exists():
        started = time.perf_counter()
        theirs = aureport("--executable", path)
        used = time.perf_counter() - started
        print(f"{'aureport':<10} {used:>9.1f} {used / records * 1e9:>10.0f}")
        for name in ("top exe", "top", "reader"):
            print(f"{name} is {used / mean(times[name]):.0f} times as fast as aureport")
        print("counts are equal" if theirs == ours(document, "exe") else "COUNTS DIFFER")


if __name__ == "__main__":
    main()
