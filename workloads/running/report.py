"""The result document, from the tallies of the workers."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping

from workloads.parts.latency import merge, summary
from workloads.parts.tallies import SharedTallies

SCHEMA = "auditbench.workload/1"


def result(
    shared: SharedTallies,
    *,
    workload: str,
    identity: Mapping[str, object],
    rate_per_s: float,
    noisy: str,
    yields: Mapping[str, float],
    details: Mapping[str, object],
) -> dict[str, object]:
    """The result of all workers; `identity` describes the session, as in `ready`."""
    tallies = [shared.counters(worker) for worker in range(shared.workers)]
    acted = [one for one in tallies if one["ops"]]

    def total(name: str) -> int:
        return sum(one[name] for one in tallies)

    start = min((one["start_ns"] for one in acted), default=0)
    end = max((one["end_ns"] for one in acted), default=0)
    longest = max(tallies, key=lambda one: one["longest_ns"])
    errors = _added(shared.errors(worker) for worker in range(shared.workers))
    statuses = _added(shared.statuses(worker) for worker in range(shared.workers))
    return {
        "schema": SCHEMA,
        "workload": workload,
        **identity,
        "ops": total("ops"),
        "workers": shared.workers,
        "elapsed_ns": end - start,
        "cpu_user_ns": total("cpu_user_ns"),
        "cpu_system_ns": total("cpu_system_ns"),
        "cpu_children_user_ns": total("children_user_ns"),
        "cpu_children_system_ns": total("children_system_ns"),
        "voluntary_switches": total("voluntary_switches") + total("children_voluntary_switches"),
        "involuntary_switches": total("involuntary_switches")
        + total("children_involuntary_switches"),
        "max_rss_bytes": max(one["max_rss_bytes"] for one in tallies),
        "loop_start_ns": start,
        "loop_end_ns": end,
        "failures": total("failures"),
        "errors": {errno.errorcode.get(number, str(number)): n for number, n in errors.items()},
        "rate_per_s": rate_per_s or None,
        "behind_ns": max(one["behind_ns"] for one in tallies),
        "latency": _latency(shared, tallies),
        "yields": dict(yields),
        "noisy": noisy,
        "details": {
            **details,
            "exit_statuses": {str(status): n for status, n in statuses.items()},
            "longest_start_ns": longest["longest_end_ns"] - longest["longest_ns"],
            "longest_end_ns": longest["longest_end_ns"],
            "spun_ns": total("spun_ns"),
            "busy_ns": total("busy_ns"),
            "probe_before_ns": max(one["probe_before_ns"] for one in tallies),
            "probe_after_ns": max(one["probe_after_ns"] for one in tallies),
            "speed_wait_ns": max(one["speed_wait_ns"] for one in tallies),
            "ops_by_worker": [one["ops"] for one in tallies],
            "children_voluntary_switches": total("children_voluntary_switches"),
            "children_involuntary_switches": total("children_involuntary_switches"),
        },
    }


def merged(document: dict[str, object], measured: Mapping[str, object]) -> dict[str, object]:
    """The result with what the workload measured itself in place of the tallies' counts."""
    details, own = document["details"], measured.get("details", {})
    assert isinstance(details, dict)
    assert isinstance(own, dict)
    return {**document, **measured, "details": {**details, **own}}


def _latency(shared: SharedTallies, tallies: list[dict[str, int]]) -> dict[str, object]:
    return summary(
        merge(shared.buckets(worker) for worker in range(shared.workers)),
        total_ns=sum(one["latency_total_ns"] for one in tallies),
        min_ns=min(one["latency_min_ns"] for one in tallies),
        max_ns=max(one["latency_max_ns"] for one in tallies),
    )


def _added(counts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    added: dict[int, int] = {}
    for one in counts:
        for key, count in one.items():
            added[key] = added.get(key, 0) + count
    return added
