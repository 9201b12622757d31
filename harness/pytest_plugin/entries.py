"""Measurements as entries of pytest-benchmark, so that its JSON and comparisons hold them.

An entry is made from times that were measured elsewhere. pytest-benchmark has no public way to do
that; what is used of it stands in this file only, and the tests run it for real.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.pytest_plugin.result import AuditOverheadResult


@contextmanager
def claimed(benchmark: Any) -> Iterator[None]:
    """Take pytest-benchmark's fixture into use, or it warns that nobody did."""
    benchmark._mode = "audit_overhead"
    yield


def add_entry(benchmark: Any, result: AuditOverheadResult, number: int) -> None:
    """Add a measurement: one round per block, one iteration per operation.

    The first of a test has the test's name, further ones their number behind it. Nothing is
    added under `--benchmark-disable`.
    """
    if benchmark.disabled:
        return
    entry = copy.copy(benchmark)
    if number > 1:
        entry.name, entry.fullname = f"{entry.name}#{number}", f"{entry.fullname}#{number}"
    entry.group = entry.group or f"audit {result.workload}"
    entry.extra_info = result.extra_info
    seconds = result.overhead.seconds_per_operation()
    if not seconds:
        return
    operations = result.overhead.samples[0].ops
    rounds = entry._make_stats(operations)
    for one in seconds:
        rounds.update(one * operations)
