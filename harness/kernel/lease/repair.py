"""Repair of what an earlier run left over: a lease whose run and guard both died, guard reports.

It runs under the run's lock, so nothing else does the same at the same time.
"""

from __future__ import annotations

import contextlib

from harness.errors import HostUnfitError, NotGivenBackError
from harness.files.reading import read_as_root
from harness.kernel.client import AuditClient
from harness.kernel.lease.children import read_children
from harness.kernel.lease.daemon import clear_stale_daemon
from harness.kernel.lease.file import load_record
from harness.kernel.lease.restore import (
    Report,
    clear_registration,
    conclude,
    end_children,
    give_back,
    orphans,
)
from harness.kernel.lease.snapshot import LeaseRecord, Snapshot, differences, read_boot_id
from harness.kernel.lease.state_dir import StateDir, remove_durably


def repair(client: AuditClient, state: StateDir) -> list[str]:
    """Restore what is left over; return what was found and done in words, empty if nothing was.

    Raises NotGivenBackError if something cannot be restored. It is reported once and the record is
    put aside: the next start takes the state as it then is.
    """
    messages = _guard_reports(state)
    try:
        record = load_record(state.lease)
    except HostUnfitError:
        end_children(read_children(state.children))  # whatever it holds: nobody owns them any more
        raise
    if record is None or record.boot_id != read_boot_id():
        remove_durably(state.lease)
        remove_durably(state.children)
        if record is not None:
            messages.append(f"a lease of an earlier boot (`{record.command}`) was discarded")
        if clear_stale_daemon(client):
            messages.append("the registration of an audit daemon that is dead was cleared")
        return messages
    return messages + _repair_from(client, state, record)


def _repair_from(client: AuditClient, state: StateDir, record: LeaseRecord) -> list[str]:
    children = [*read_children(state.children), *orphans(record)]
    # First: with a stopped consumer the kernel would let us sleep at our first request.
    end_children(children)
    found = differences(Snapshot.capture(client), record.snapshot)
    # A state as before the run is not touched: somebody may have restored it and be using it.
    must = found or record.daemon or record.damage
    report = give_back(client, record, children) if must else Report()
    if not found:
        clear_registration(client, report)
    kept = conclude(state, record, report)
    run = f"the run `{record.command}` (pid {record.holder.pid}, {record.taken_at})"
    if report.problems:
        raise NotGivenBackError(
            f"{run} died, and not all of the host's audit state could be given back:"
            f" {'; '.join(report.problems)}",
            remedy=f"what it should be is kept in {kept}; starting again takes the state as it is",
        )
    if not found and not report.done:
        return [f"{run} died and had left the host's audit state as it was"]
    return [
        f"{run} died and its guard with it; the host's audit state was given back",
        *(f"before, {difference}" for difference in found),
        *report.done,
    ]


def _guard_reports(state: StateDir) -> list[str]:
    """The reports that guards have left since; each is given once."""
    try:
        lines = read_as_root(state.log).decode(errors="replace").splitlines()
    except OSError:
        return []
    except ValueError as error:
        lines = [f"{state.log} was removed: {error}"]
    with contextlib.suppress(OSError):
        state.log.unlink()
    return [f"guard: {line}" for line in lines]
