"""Whether another run of this program uses the host's audit, or died and left it changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from harness.host.finding import Finding
from harness.host.tree import HostTree
from harness.kernel.lease.lock import holder_of
from harness.kernel.lease.state_dir import DEFAULT_STATE_DIR, StateDir


@dataclass(frozen=True, slots=True)
class OtherRunFacts:
    """`holder` names the run that uses the host now, unless it is this process."""

    holder: str | None
    left_over: bool
    """Whether a run died and the host's state has not been restored yet."""


def read_other_run_facts(tree: HostTree) -> OtherRunFacts:
    """Read the lock and the lease file in the state folder."""
    state = StateDir(tree.path(str(DEFAULT_STATE_DIR)))
    holder = holder_of(state.lock)
    if holder is not None and holder.process.pid == os.getpid():
        return OtherRunFacts(holder=None, left_over=False)
    return OtherRunFacts(
        holder=None if holder is None else holder.describe(),
        left_over=holder is None and tree.exists(f"{DEFAULT_STATE_DIR}/lease.json"),
    )


def check(other: OtherRunFacts) -> Iterator[Finding]:
    """Report it first: a run in progress explains many findings of the other checks."""
    if other.holder is not None:
        yield Finding(
            "other-run",
            "unfit",
            f"another run is using this host's audit ({other.holder}): the findings about rules, "
            "limits and daemon show its state",
            "wait for it to end, or start with --wait",
            "/run/auditbench",
        )
    elif other.left_over:
        yield Finding(
            "other-run",
            "warning",
            "a run died and this host's audit state has not been restored yet",
            "auditbench restore; the next run also does it",
            "/run/auditbench/lease.json",
        )
