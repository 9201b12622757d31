"""A run as a pyperf file: one benchmark per cell and metric of time, in seconds.

pyperf compares two files as independent groups: it knows no blocks and no reference. The file is
for its tools; the answers of this program come from `auditbench compare`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from harness.errors import MissingExtraError, UsageError
from harness.model.run import Cell, Sample
from harness.model.stored.environment import StoredEnvironment

NS_PER_SECOND = 1e9


def require_pyperf() -> None:
    """UsageError with the remedy where pyperf is not installed."""
    try:  # here, as it takes longer than the command line may
        import pyperf  # noqa: F401
    except ImportError:
        raise MissingExtraError(
            "a pyperf file", "pyperf", "pyperf", otherwise="export --to csv"
        ) from None


def pyperf_file(
    samples: Sequence[Sample], metrics: Iterable[str], environment: StoredEnvironment
) -> tuple[str, list[str]]:
    """The file's text, and the names of benchmarks that pyperf cannot hold, being zero at times.

    `metrics` are those in nanoseconds. Every block that counts is a pyperf run with one value.
    """
    require_pyperf()
    import pyperf

    benchmarks = []
    left_out = []
    metadata = _metadata(environment)
    for (cell, metric), group in _values(samples, metrics).items():
        name = f"{cell.workload}/{cell.scenario}/{cell.consumer}/{metric}"
        if any(sample.metrics[metric] <= 0 for sample in group):
            left_out.append(name)
            continue
        runs = [
            pyperf.Run(
                [sample.metrics[metric] / NS_PER_SECOND],
                metadata={**metadata, **_of_trial(sample), "name": name, "unit": "second"},
                collect_metadata=False,
            )
            for sample in group
        ]
        benchmarks.append(pyperf.Benchmark(runs))
    if not benchmarks:
        raise UsageError(
            "nothing that pyperf could hold was measured", remedy="export --to csv instead"
        )
    text = io.StringIO()
    pyperf.BenchmarkSuite(benchmarks).dump(text)
    return text.getvalue(), left_out


def _values(
    samples: Sequence[Sample], metrics: Iterable[str]
) -> dict[tuple[Cell, str], list[Sample]]:
    """The trials that count, by cell and metric in block order."""
    wanted = list(metrics)
    found: dict[tuple[Cell, str], list[Sample]] = {}
    for sample in sorted(samples, key=lambda sample: sample.block):
        if sample.warm_up or not sample.valid:
            continue
        for metric in wanted:
            if metric in sample.metrics:
                found.setdefault((sample.cell, metric), []).append(sample)
    return found


def _of_trial(sample: Sample) -> dict[str, Any]:
    date = sample.started_at.partition("+")[0].strip()
    known = {"date": date} if date else {}  # pyperf takes no empty text
    return {**known, "auditbench_block": sample.block, "auditbench_ops": sample.ops}


def _metadata(environment: StoredEnvironment) -> dict[str, Any]:
    """What pyperf calls metadata, under its names; what is not known is left out."""
    facts, kernel = environment.facts, environment.facts.kernel
    release = kernel.release
    values = {
        "hostname": facts.hostname,
        "platform": f"Linux-{release}-{kernel.arch or 'unknown'}" if release else "",
        "cpu_model_name": facts.cpu.model,
        "cpu_count": len(facts.cpu.online),
        "python_version": environment.python,
        "auditbench_version": environment.auditbench,
        "auditbench_machine": facts.machine,
        "auditbench_boot_parameters": " ".join(kernel.boot_parameters),
    }
    return {name: value for name, value in values.items() if value}
