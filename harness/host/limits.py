"""The kernel's audit limits on this host. A scenario may set its own for its trials."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import agreeing
from harness.host.audit_view import AuditView
from harness.host.finding import Finding
from harness.kernel import messages
from harness.kernel.jiffies import jiffies_to_ms
from harness.kernel.status import AuditStatus

_FAILURE = {0: "silent", 1: "printk", 2: "panic"}


def check(view: AuditView, *, hz: int | None) -> Iterator[Finding]:
    """Check backlog and waiting, failure mode, rate limit, and records already lost."""
    if view.status is None:
        return
    yield _backlog(view.status, hz)
    yield _failure(view.status)
    yield _rate(view.status)
    if view.status.lost:
        yield Finding(
            "lost",
            "note",
            f"lost={view.status.lost} since boot or the last reset: this host has lost records "
            "before",
            "a larger backlog_limit or fewer records; `auditctl --reset-lost` sets it to 0",
            "AUDIT_GET",
        )


def _backlog(status: AuditStatus, hz: int | None) -> Finding:
    wait = _wait_words(status.backlog_wait_time, hz)
    what = f"backlog_limit {status.backlog_limit}, {wait}"
    if status.backlog_limit == 0:
        return Finding(
            "backlog",
            "warning",
            f"{what}: 0 is unlimited, a consumer that stalls lets the kernel fill the memory",
            "auditctl -b 8192",
            "AUDIT_GET",
        )
    return Finding("backlog", "ok", what, evidence="AUDIT_GET")


def _wait_words(jiffies: int | None, hz: int | None) -> str:
    if jiffies is None:
        return "waiting not settable on this kernel"
    if jiffies == 0:
        return "no waiting: records are refused at once when it is full"
    milliseconds = f" ({jiffies_to_ms(jiffies, hz):.0f} ms)" if hz else ""
    return f"backlog_wait_time {jiffies} {agreeing(jiffies, 'jiffy', 'jiffies')}{milliseconds}"


def _failure(status: AuditStatus) -> Finding:
    what = f"failure {status.failure} ({_FAILURE.get(status.failure, 'unknown')})"
    if status.failure == messages.FAILURE_PANIC:
        return Finding(
            "failure",
            "warning",
            f"{what}: a record that is lost halts this host",
            "auditctl -f 1 before measuring; a run never measures with failure 2",
            "AUDIT_GET",
        )
    return Finding("failure", "ok", what, evidence="AUDIT_GET")


def _rate(status: AuditStatus) -> Finding:
    if status.rate_limit:
        what = f"rate_limit {status.rate_limit} records/s: records above it are lost on purpose"
        return Finding("rate-limit", "note", what, evidence="AUDIT_GET")
    return Finding("rate-limit", "ok", "no rate limit", evidence="AUDIT_GET")
