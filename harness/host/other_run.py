"""Whether another run of this program has the host's audit, or left it changed when it died."""

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
    """`holder` names the run that has the host now, this process excepted."""

    holder: str | None
    left_over: bool
    """A run died, and what it borrowed has not been given back yet."""


def read_other_run_facts(tree: HostTree) -> OtherRunFacts:
    """Looks at the lock and the lease file in the state folder."""
    state = StateDir(tree.path(str(DEFAULT_STATE_DIR)))
    holder = holder_of(state.lock)
    if holder is not None and holder.process.pid == os.getpid():
        return OtherRunFacts(holder=None, left_over=False)
    return OtherRunFacts(
        holder=None if holder is None else holder.describe(),
        left_over=holder is None and tree.exists(f"{DEFAULT_STATE_DIR}/lease.json"),
    )


def check(other: OtherRunFacts) -> Iterator[Finding]:
    """Say it early: a run in progress explains much of what the other checks find."""
    if other.holder is not None:
        yield Finding(
            "other-run",
            "unfit",
            f"another run has this host's audit ({other.holder}): what is said here about rules, "
            "limits and daemon is its doing",
            "wait for it to end, or start with --wait",
            "/run/auditbench",
        )
    elif other.left_over:
        yield Finding(
            "other-run",
            "warning",
            "a run died and this host's audit has not been given back yet",
            "auditbench restore; the next run does it too",
            "/run/auditbench/lease.json",
        )
