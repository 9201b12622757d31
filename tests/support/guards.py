"""The guard of a lease, for tests that watch it, stop it or kill it."""

from __future__ import annotations

from harness.kernel.lease.lease import Lease


def guard_pid(lease: Lease) -> int:
    """The process of the guard that watches now."""
    return lease._guard.pid
