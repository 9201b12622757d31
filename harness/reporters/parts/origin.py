"""Where and when something was measured, in a few words."""

from __future__ import annotations

from datetime import UTC, datetime

from harness.model.count import CountedResult
from harness.model.history import History
from harness.model.result import Result


def origin(result: Result) -> tuple[str, ...]:
    """Host, kernel, minute and name of a run, as far as they are known."""
    facts = result.host.facts
    kernel, version = facts.kernel.release, result.host.auditbench
    found = (
        facts.hostname,
        f"kernel {kernel}" if kernel else "",
        minute(result.host.started_at),
        f"run {result.run}",
        f"auditbench {version}" if version else "auditbench",
    )
    return tuple(filter(None, found))


def count_origin(result: CountedResult) -> tuple[str, ...]:
    """Kernels, emulator and name of a counted run: on which host it was counted does not matter."""
    kernels = ", ".join(guest.name for guest in result.guests)
    emulators = dict.fromkeys(guest.emulator for guest in result.guests)
    found = (f"Linux {kernels}" if kernels else "", *emulators, f"run {result.run}", "auditbench")
    return tuple(filter(None, found))


def history_origin(history: History) -> tuple[str, ...]:
    """Machine and plan of a history, and when its first and its last run began."""
    days = [minute(history.runs[place].started_at) for place in (0, -1)] if history.runs else []
    found = (history.machine, f"plan {history.plan}", " to ".join(days), "auditbench")
    return tuple(filter(None, found))


def minute(stamp: str) -> str:
    """`2026-01-02 03:04 UTC`; a stamp of another form as it is."""
    try:
        moment = datetime.fromisoformat(stamp).astimezone(UTC)
    except ValueError:
        return stamp
    return f"{moment:%Y-%m-%d %H:%M} UTC"
