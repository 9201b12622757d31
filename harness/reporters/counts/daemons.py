"""What daemons from packages did with a load's events: and which process took what."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model.count import CountedDaemon, CountedResult
from harness.plain import plain
from harness.reporters.counts.numbers import instructions
from harness.reporters.page import Box, Column, Grid, Line, Part, columns, number, text
from harness.reporters.units import NOTHING

_COLUMNS = columns("workload", "scenario", "whole", "in part", "missing", "doubled records", left=2)


def daemon_parts(result: CountedResult) -> Iterator[Part]:
    """A table of events, and a line per package and for each daemon of several processes."""
    daemons = result.daemons
    if not daemons:
        return
    kernels = {daemon.kernel for daemon in daemons}
    heads = (*_COLUMNS, *((Column("kernel", left=True),) if len(kernels) > 1 else ()))
    rows = tuple(_row(daemon, with_kernel=len(kernels) > 1) for daemon in daemons)
    yield Grid("daemons", "Events of the load, as each daemon wrote them in all boots", heads, rows)
    for consumer, package in {each.consumer: each.package for each in daemons}.items():
        yield Line(plain(f"{consumer}: {package}"), "note")
    for daemon in daemons:
        if len(daemon.shares) > 1:
            yield Line(plain(_shares(daemon, with_kernel=len(kernels) > 1)), "note")


def _row(daemon: CountedDaemon, *, with_kernel: bool) -> tuple[Box, ...]:
    counts = (daemon.complete, daemon.partial, daemon.missing, daemon.doubled_records)
    return (
        text(daemon.workload),
        text(daemon.scenario),
        *(number(NOTHING if count is None else f"{count:,}", count) for count in counts),
        *((text(daemon.kernel),) if with_kernel else ()),
    )


def _shares(daemon: CountedDaemon, *, with_kernel: bool) -> str:
    where = f"{daemon.workload} × {daemon.scenario}"
    where += f" ({daemon.kernel})" if with_kernel else ""
    shares = (f"{name} {instructions(share)}" for name, share in daemon.shares.items())
    return f"{where}: {', '.join(shares)} instructions per operation"
