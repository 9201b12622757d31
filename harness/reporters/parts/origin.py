"""Where and when something was measured, in a few words."""

from __future__ import annotations

from datetime import UTC, datetime

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
