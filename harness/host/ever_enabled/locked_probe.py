"""The probe of `ever_enabled` for callers that do not hold the lock of runs: never beside a run."""

from __future__ import annotations

from harness.host.ever_enabled.probe import ClientLike, EverEnabled, probe_ever_enabled
from harness.kernel.lease.lock import RunLock, holder_of
from harness.kernel.lease.state_dir import StateDir, default_state_dir


def locked_probe(client: ClientLike, *, state: StateDir | None = None) -> EverEnabled:
    """As `probe_ever_enabled`, holding the lock of runs while it may load its rule.

    A run that starts meanwhile would take the rule for the host's own. If a run uses the host, or
    one died and is not repaired yet, the answer is `unknown`; nothing is changed then.
    """
    state = state or default_state_dir()
    if client.status().enabled:
        return probe_ever_enabled(client)
    holder = holder_of(state.lock)
    if holder is not None:
        return EverEnabled("unknown", f"not probed beside a run ({holder.describe()})")
    if state.lease.exists():
        return EverEnabled("unknown", "not probed before a dead run's changes are given back")
    state.prepare()
    lock = RunLock(state.lock)
    lock.acquire("auditbench doctor")
    try:
        return probe_ever_enabled(client)
    finally:
        lock.close()
