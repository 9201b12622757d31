"""Whether the consumer's memory stays constant: `python benchmarks/consumer_memory.py`.

Feeds records from memory, made in batches, through the pipeline that the receive loop fills, at
depth assemble, and looks at this process's resident memory after `--settle` events and at the end.
Each scene is a process of its own:

- `whole`    connects, executions, split commands, messages of programs: all complete
- `endless`  events that never get their end, of ever new serials, sessions, system calls, types
- `one`      a single event that gets ever new chunks of arguments and names, and never ends
- `follow`   the same two floods through what prints events for people (plain Python: a tenth)
- `log`      lines of audit.log with the same programs and keys, through the log reader
- `values`   lines of audit.log with ever new programs, keys, users, addresses, nodes

Exit code 1 if memory grew by more than a mebibyte. `--scene control` keeps eight bytes per event
on purpose: it shows that growth is found.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from consumer.log.summary import KINDS, LogSums  # noqa: E402
from consumer.receiving.parse import feed_frames  # noqa: E402
from consumer.receiving.pipeline import Pipeline  # noqa: E402
from consumer.text.render import Follower  # noqa: E402
from consumer.twin.twin import datagrams_of  # noqa: E402
from tests.support.records.audit_floods import (  # noqa: E402
    endless_events,
    log_lines,
    one_endless_event,
    whole_events,
)

ALLOWED_KIB = 1024
BATCH = 2000
SLOW_SHARE = 10
# The tables of the log reader are full after 1,048,576 values.
FULL_EVENTS = 1_100_000
SCENES = ("whole", "endless", "one", "follow", "log", "values")

Steps = Iterator[int]


def resident_kib() -> int:
    """The highest of this process so far."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


def through_pipeline(scene: str) -> Steps:
    """Events fed, after each batch."""
    make = {"endless": endless_events, "one": one_endless_event}.get(scene, whole_events)
    flood = make(BATCH)
    pipeline = Pipeline("assemble", marker=b"mk")
    kept: list[bytes] = []
    for turn, data in enumerate(flood.turns(), 1):
        feed_frames(pipeline, data)
        if scene == "control":
            kept.append(bytes(8 * BATCH))
        yield turn * BATCH


def through_log(scene: str) -> Steps:
    flood = log_lines(BATCH, ever_new=scene == "values")
    sums = LogSums(KINDS, with_shapes=True)
    for turn, data in enumerate(flood.turns(), 1):
        sums.reader.feed(data)
        yield turn * BATCH


def through_follower(_: str) -> Steps:
    floods = endless_events(BATCH // 2), one_endless_event(BATCH // 2)
    follower = Follower()
    for turn, pair in enumerate(zip(*(flood.turns() for flood in floods), strict=True), 1):
        for data in pair:
            for datagram in datagrams_of(data):
                number = int.from_bytes(datagram[4:6], sys.byteorder)
                for _event in follower.take(number, datagram[16:]):
                    pass
        yield turn * BATCH


STEPS: dict[str, Callable[[str], Steps]] = {
    "log": through_log,
    "values": through_log,
    "follow": through_follower,
}


def measure(scene: str, events: int, settle: int) -> bool:
    """Run one scene; whether memory stayed constant."""
    if scene == "follow":
        events, settle = events // SLOW_SHARE, settle // SLOW_SHARE * 2
    if scene == "values":
        settle = max(settle, FULL_EVENTS)
    started, settled_kib, done = time.monotonic(), 0, 0
    for done in STEPS.get(scene, through_pipeline)(scene):
        if not settled_kib and done >= settle:
            settled_kib, settled = resident_kib(), done
        if done >= max(events, 2 * settle):
            break
    end_kib = resident_kib()
    used = time.monotonic() - started
    print(
        f"{scene:<8} {settled:>11,} {settled_kib:>11,} {done:>12,} {end_kib:>11,} "
        f"{end_kib - settled_kib:>8,} {used:>7.1f}",
        flush=True,
    )
    return end_kib - settled_kib <= ALLOWED_KIB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--settle", type=int, default=1_000_000)
    parser.add_argument("--scene", action="append", choices=[*SCENES, "control"])
    given = parser.parse_args()
    scenes = given.scene or SCENES
    if "AUDITBENCH_SCENE" in os.environ:
        return 0 if measure(scenes[0], given.events, given.settle) else 1
    print(
        "           settled at    peak KiB    events fed    peak KiB   growth       s", flush=True
    )
    sizes = ["--events", str(given.events), "--settle", str(given.settle)]
    grew = []
    for scene in scenes:
        done = subprocess.run(
            [sys.executable, __file__, *sizes, "--scene", scene],
            env={**os.environ, "AUDITBENCH_SCENE": scene},
            check=False,
        )
        if done.returncode:
            grew.append(scene)
    if grew:
        print(f"memory grew by more than {ALLOWED_KIB} KiB: {', '.join(grew)}", file=sys.stderr)
    return 1 if grew else 0


if __name__ == "__main__":
    sys.exit(main())
