"""Whether this program itself is already at work on this host, or died there."""

from __future__ import annotations

from collections.abc import Iterator

from harness.host.finding import Finding
from harness.host.other_run_facts import OtherRunFacts


def check(other: OtherRunFacts) -> Iterator[Finding]:
    """A run in progress explains much of what the other checks find."""
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
