"""Elapsed time and CPU agree with `perf stat` and `/usr/bin/time` within 1 %.

    python benchmarks/validity/agreement.py          (apt-get install linux-perf time)

CPU: `perf stat` is attached to the worker while it waits for its start, and enabled then. So it
sees the timed section and the worker's end, and none of the start-up, which varies more from run to
run than what is to be shown. It is done with N and with 2 N operations: what grows with them is
told from what does not. Elapsed time and `time` can only be had of whole processes: each run is
held against one of a single operation just before it, and what the start-up varies by is allowed.

`perf` counts the time on a CPU, the worker's clock the time that the scheduler charges. A kernel
may take interrupts (CONFIG_IRQ_TIME_ACCOUNTING) and stolen time (CONFIG_PARAVIRT_TIME_ACCOUNTING)
off the second; by as much as /proc/stat counts of them on that CPU the two may differ.
No audit and no root are needed.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validity.live import finish, options

OPS = {"syscalls": 15_000_000, "udp": 500_000}
START_UPS = 5
MOST_DIFFERENCE = 0.01
TIME_STEPS_S = 0.02
"""`time` cuts user and system time off to 10 ms each."""
TAKEN_OFF = {
    "CONFIG_IRQ_TIME_ACCOUNTING": ("irq", "softirq"),
    "CONFIG_PARAVIRT_TIME_ACCOUNTING": ("steal",),
}
"""What a kernel built so may leave out of a task's CPU time, by its name in /proc/stat."""
STAT_FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
Reading = dict[str, float]


@dataclass(frozen=True)
class Section:
    """One timed section, in seconds: by the worker, by perf; and what its CPU did beside it."""

    worker_s: float
    perf_s: float
    taken_off_s: float


def main() -> int:
    """Run the proof; 0 where the claim holds."""
    parser = options(__doc__.splitlines()[0], runs=False)
    parser.add_argument("--scale", type=float, default=1.0, help="so many times the operations")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cpu", type=int, default=0)
    given = parser.parse_args()
    fields = _taken_off()
    print(f"not in a task's CPU time on this kernel: {', '.join(fields) or 'nothing'}")
    rows: list[dict[str, Any]] = []
    for workload, ops in OPS.items():
        scaled = max(round(ops * given.scale), 1)
        rows += _sections(workload, scaled, given.repeat, given.cpu, fields)
        rows += _whole_runs(workload, 2 * scaled, given.repeat, given.cpu)
    worst = max(row["beyond"] for row in rows)
    claim = f"the largest difference is {100 * worst:.2f} %, at most 1 %"
    return finish({"rows": rows}, given.output, holds=worst <= MOST_DIFFERENCE, claim=claim)


def _sections(
    workload: str, ops: int, repeat: int, cpu: int, fields: tuple[str, ...]
) -> list[dict[str, Any]]:
    """The CPU time of the section alone, for `ops` and twice as many."""
    ends = [_section(workload, 1, cpu, fields) for _ in range(START_UPS)]
    end_s = statistics.median(one.perf_s - one.worker_s for one in ends)
    rows = []
    for number in [ops, 2 * ops] * repeat:
        one = _section(workload, number, cpu, fields)
        more = one.perf_s - one.worker_s - end_s
        # What the kernel takes off may have been taken off another task.
        beyond = max(more - one.taken_off_s, 0.0) if more > 0 else -more
        rows.append(
            {
                "workload": workload,
                "what": "section",
                "ops": number,
                "worker_s": one.worker_s,
                "perf_s": one.perf_s,
                "end_s": end_s,
                "taken_off_s": one.taken_off_s,
                "difference": more / one.worker_s,
                "beyond": beyond / one.worker_s,
            }
        )
        print(
            f"{workload:9} cpu of the section {number:9,} ops  worker {one.worker_s:7.3f} s  "
            f"perf {100 * more / one.worker_s:+5.2f} %  may differ by "
            f"{100 * one.taken_off_s / one.worker_s:.2f} %",
            flush=True,
        )
    return rows


def _whole_runs(workload: str, ops: int, repeat: int, cpu: int) -> list[dict[str, Any]]:
    """Whole processes: each run less the one of a single operation before it."""
    pairs = [(_whole(workload, 1, cpu), _whole(workload, ops, cpu)) for _ in range(repeat)]
    rows = []
    for name, steps_s in (
        ("perf_elapsed", 0.0),
        ("time_elapsed", 0.01),
        ("time_cpu", TIME_STEPS_S),
    ):
        what = "worker_cpu" if name.endswith("cpu") else "worker_elapsed"
        alone = [short[name] - short[what] for short, _ in pairs]
        allowed_s = max(alone) - min(alone) + steps_s
        for (_, whole), start_up_s in zip(pairs, alone, strict=True):
            more = whole[name] - whole[what] - start_up_s
            rows.append(
                {
                    "workload": workload,
                    "what": name,
                    "worker_s": whole[what],
                    "tool_s": whole[name],
                    "start_up_s": start_up_s,
                    "start_up_varies_by_s": allowed_s,
                    "difference": more / whole[what],
                    "beyond": max(abs(more) - allowed_s, 0.0) / whole[what],
                }
            )
            print(
                f"{workload:9} {name:12} worker {whole[what]:7.3f} s  "
                f"{100 * more / whole[what]:+5.2f} %  start-up {start_up_s:.3f} s, "
                f"varies by {100 * allowed_s / whole[what]:.2f} %",
                flush=True,
            )
    return rows


def _section(workload: str, ops: int, cpu: int, fields: tuple[str, ...]) -> Section:
    """The section by the worker's own clock, and by a perf that waits for it."""
    command = [*_worker(workload, ops, cpu), "--control"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as load:
        assert load.stdin is not None
        assert load.stdout is not None
        (pid,) = json.loads(load.stdout.readline())["acting_pids"]
        with _attached(pid) as readings:
            before = _stat(cpu)
            load.stdin.write("go\n")
            load.stdin.flush()
            document = json.loads(load.stdout.readline())
            after = _stat(cpu)
            load.stdin.close()
    taken_off = sum(after[field] - before[field] for field in fields)
    return Section(_cpu_s(document), readings["task-clock"] / 1e3, taken_off)


@contextmanager
def _attached(pid: int) -> Iterator[Reading]:
    """A perf that counts one process from now on; what it read is there after the block."""
    readings: Reading = {}
    commands, commands_in = os.pipe()
    answers, answers_in = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "perf"
        words = ["perf", "stat", "-x", ";", "-o", str(path), "-e", "task-clock", "-p", str(pid)]
        words += ["-D", "-1", "--control", f"fd:{commands},{answers_in}"]
        with subprocess.Popen(
            words, pass_fds=(commands, answers_in), stderr=subprocess.PIPE, text=True
        ) as perf:
            os.close(commands)
            os.close(answers_in)
            os.write(commands_in, b"enable\n")
            if not os.read(answers, 16).startswith(b"ack"):
                raise SystemExit(f"perf did not start: {perf.communicate()[1].strip()}")
            yield readings
        os.close(commands_in)
        os.close(answers)
        readings |= _readings(path)


def _whole(workload: str, ops: int, cpu: int) -> Reading:
    """One run of the worker within `time` within `perf stat`, in seconds by tool."""
    with tempfile.TemporaryDirectory() as folder:
        perf, times = Path(folder) / "perf", Path(folder) / "time"
        command = ["perf", "stat", "-x", ";", "-o", str(perf), "-e", "duration_time"]
        command += ["/usr/bin/time", "-f", "%e %U %S", "-o", str(times)]
        command += _worker(workload, ops, cpu)
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        document = json.loads(done.stdout)
        readings = _readings(perf)
        elapsed, user, system = map(float, times.read_text().split())
    return {
        "worker_elapsed": document["elapsed_ns"] / 1e9,
        "worker_cpu": _cpu_s(document),
        "perf_elapsed": readings["duration_time"] / 1e9,
        "time_elapsed": elapsed,
        "time_cpu": user + system,
    }


def _worker(workload: str, ops: int, cpu: int) -> list[str]:
    words = [sys.executable, "-P", "-m", "workloads", workload, "--ops", str(ops)]
    return [*words, "--cpu", str(cpu), "--no-session"]


def _cpu_s(document: dict[str, Any]) -> float:
    return float(document["cpu_user_ns"] + document["cpu_system_ns"]) / 1e9


def _readings(path: Path) -> Reading:
    lines = [line.split(";") for line in path.read_text().splitlines() if ";" in line]
    return {line[2]: float(line[0]) for line in lines}


def _stat(cpu: int) -> Reading:
    """What /proc/stat says of a CPU, in seconds."""
    ticks = os.sysconf("SC_CLK_TCK")
    for line in Path("/proc/stat").read_text().splitlines():
        name, *numbers = line.split()
        if name == f"cpu{cpu}":
            return {
                field: int(number) / ticks
                for field, number in zip(STAT_FIELDS, numbers, strict=False)
            }
    raise SystemExit(f"there is no CPU {cpu}: give another --cpu")


def _taken_off() -> tuple[str, ...]:
    """What this kernel may leave out of a task's CPU time; all of it where that is not told."""
    text = _kernel_config()
    options_set = [name for name in TAKEN_OFF if text is None or f"{name}=y" in text]
    return tuple(field for name in options_set for field in TAKEN_OFF[name])


def _kernel_config() -> str | None:
    try:
        return gzip.decompress(Path("/proc/config.gz").read_bytes()).decode()
    except FileNotFoundError:
        pass
    try:
        return Path(f"/boot/config-{os.uname().release}").read_text()
    except FileNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
