"""Restoring the host's audit state from a lease record. It can be started again at any step.

The order keeps the machine from stalling. First, waiting for the backlog and recording are
switched off; then the run's processes are ended; only then do rules and limits come back, with
`enabled` last, so that an incomplete rule set never records anything. The counters `lost` and
`backlog_wait_time_actual` are never reset.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from harness.errors import AuditbenchError, HostUnfitError, KernelAnswerError
from harness.kernel.client import AuditClient
from harness.kernel.lease.borrow import start_daemon
from harness.kernel.lease.daemon import clear_stale_daemon, is_live_daemon
from harness.kernel.lease.rule_plan import plan_rules
from harness.kernel.lease.snapshot import LeaseRecord, Snapshot, differences
from harness.kernel.lease.state_dir import StateDir, remove_durably
from harness.kernel.messages import ENABLED_LOCKED
from harness.kernel.rules.describe import describe_rule
from harness.model.state import LIMITS
from harness.processes.identity import PROC, ProcessId, end_processes, identify, pids

TOKEN_VARIABLE: Final = "AUDITBENCH_LEASE"  # noqa: S105  # a name, no secret
"""The environment variable that marks the processes a run started, by its lease's token."""
_GRACE_S: Final = 0.5
_DEATH_S: Final = 70.0
"""A process waiting for the backlog sleeps in the kernel; by default this is the longest wait."""


@dataclass(slots=True)
class Report:
    """What was restored (`done`) and what could not be (`problems`), in words."""

    done: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def give_back(client: AuditClient, record: LeaseRecord, children: list[ProcessId]) -> Report:
    """End the children, restore the state of the record, and check that it is restored.

    Raises KernelAnswerError only if the kernel does not answer at all; everything else is
    in the report, and all that can be restored is.
    """
    report = Report(problems=[f"its record: {damage}" for damage in record.damage])
    calm(client)
    _attempt(report, partial(_leave_seat, client))
    _end_children(client, record, children, report)
    clear_registration(client, report)
    restore_state(client, record.snapshot, report)
    if orphans(record):  # one that was just being started when the harness died
        _end_children(client, record, [], report)
        clear_registration(client, report)
        restore_state(client, record.snapshot, report)
    if record.daemon is not None:
        _attempt(report, partial(start_daemon, client, record.daemon))
        restore_state(client, record.snapshot, report)  # its unit may have loaded other rules
    _look_back(client, record.snapshot, report)
    return report


def _leave_seat(client: AuditClient) -> None:
    """Give up a registration of this process's own, which a step that failed may have left."""
    if client.status().pid == os.getpid():
        client.unregister()


def clear_registration(client: AuditClient, report: Report) -> None:
    """Make the kernel forget a dead audit daemon."""
    _attempt(report, partial(_clear_registration, client))


def _clear_registration(client: AuditClient) -> str | None:
    cleared = clear_stale_daemon(client)
    return "a dead audit daemon's registration was cleared" if cleared else None


def _look_back(client: AuditClient, wanted: Snapshot, report: Report) -> None:
    """Report what differs in the end as a problem, unless an earlier problem names it."""
    for difference in differences(Snapshot.capture(client), wanted):
        subject = difference.removesuffix(" is missing")
        if not any(problem.startswith(subject) for problem in report.problems):
            report.problems.append(difference)


def calm(client: AuditClient) -> None:
    """Switch off waiting for the backlog, and then recording.

    In this order and in one datagram: afterwards the kernel may put the sender to sleep for as
    long as `backlog_wait_time` then allows.
    """
    with contextlib.suppress(KernelAnswerError):  # the check at the end finds what was refused
        client.set_statuses([("backlog_wait_time", 0), ("enabled", 0)])


def restore_state(client: AuditClient, wanted: Snapshot, report: Report) -> None:
    """Put rules, settings and features back where they differ, `enabled` last."""
    before = Snapshot.capture(client)
    if not differences(before, wanted):
        return
    if before.settings["enabled"] == ENABLED_LOCKED:
        report.problems.append("somebody locked audit (enabled 2) meanwhile: only a reboot helps")
        return
    settings = dict(before.settings)
    if wanted.rules_known and before.rules != wanted.rules:
        _attempt(report, partial(client.set_status, "enabled", 0))
        settings["enabled"] = 0
        _restore_rules(client, before.rules, wanted.rules, report)
    for name in (*LIMITS, "enabled"):
        if name in wanted.settings and settings.get(name) != wanted.settings[name]:
            _attempt(report, partial(client.set_status, name, wanted.settings[name]))
    _restore_features(client, before, wanted, report)


def _restore_rules(
    client: AuditClient, current: tuple[bytes, ...], wanted: tuple[bytes, ...], report: Report
) -> None:
    plan = plan_rules(current, wanted)
    for rule in plan.deletes:
        _attempt(report, partial(client.delete_rule, rule))
    for rule in plan.adds:
        _attempt(report, partial(_add_again, client, rule))


def _add_again(client: AuditClient, rule: bytes) -> None:
    try:
        client.add_rule(rule)
    except KernelAnswerError as error:
        raise KernelAnswerError(
            f"{describe_rule(rule)} cannot be added again: {error}", errno=error.errno
        ) from None


def _restore_features(
    client: AuditClient, before: Snapshot, wanted: Snapshot, report: Report
) -> None:
    if before.features is None or wanted.features is None:
        return
    changed = (before.features ^ wanted.features) & ~(before.feature_lock or 0)
    if changed:
        _attempt(report, partial(client.set_features, changed, wanted.features))


def _attempt(report: Report, step: Callable[[], str | None]) -> None:
    """Do one step; an error becomes a problem, and the next step follows."""
    try:
        done = step()
    except Exception as error:  # restoring must not stop half-way, whatever the cause
        words = error.one_line() if isinstance(error, AuditbenchError) else repr(error)
        if words not in report.problems:
            report.problems.append(words)
        return
    if done:
        report.done.append(done)


def _end_children(
    client: AuditClient, record: LeaseRecord, children: list[ProcessId], report: Report
) -> None:
    found = {child: None for child in (*children, *orphans(record)) if child.pid != os.getpid()}
    seated = _our_daemon(client, record.token)
    if seated is not None:
        found[seated] = None
    left = end_children(found)
    report.problems += [f"process {child.pid} of the run does not end" for child in left]


def end_children(children: Iterable[ProcessId]) -> list[ProcessId]:
    """End processes of a run; return those that still exist after more than a minute."""
    return end_processes(children, grace_s=_GRACE_S, timeout_s=_DEATH_S)


def orphans(record: LeaseRecord) -> list[ProcessId]:
    """The processes with the lease's token, if its holder is not this process.

    A harness that dies between starting a child and recording it leaves one that nobody knows,
    and which would change audit after it was given back.
    """
    if record.holder == identify(os.getpid()):
        return []  # it knows its children, and ends no program that a measured command left
    return [process for pid in pids() if (process := _with_token(pid, record.token)) is not None]


def _with_token(pid: int, token: str) -> ProcessId | None:
    """The process that has the pid, if it carries the token."""
    return identify(pid) if carries_token(pid, token) else None


def _our_daemon(client: AuditClient, token: str) -> ProcessId | None:
    """The registered daemon, if the run started it and died before recording it."""
    pid = client.status().pid
    if not pid or pid == os.getpid() or not is_live_daemon(pid):
        return None
    return _with_token(pid, token)


def carries_token(pid: int, token: str, proc: Path = PROC) -> bool:
    """Whether the lease with this token started the process, or one of its ancestors."""
    try:
        environment = (proc / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{TOKEN_VARIABLE}={token}".encode() in environment


def conclude(state: StateDir, record: LeaseRecord, report: Report) -> Path | None:
    """Remove the record from disk; if problems are left, keep it at the path returned."""
    kept = None
    if report.problems:
        kept = state.path / f"lease-failed-{datetime.now():%Y%m%dT%H%M%S}.json"
        try:
            if not record.damage:
                record.with_problems(tuple(report.problems)).save(kept)
            else:  # unchanged: a person may get more out of it than we did
                state.lease.replace(kept)
        except (HostUnfitError, OSError):  # no space: then without the problems
            with contextlib.suppress(OSError):
                state.lease.replace(kept)
    remove_durably(state.lease)
    remove_durably(state.children)
    return kept
