"""Events in a real guest: the product's own loads and consumer, and all that comes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.model.count import CONSUMER, EVENTS, INSTRUCTIONS, KAUDITD, RECORDS
from tests.support.guests.nobody import run_as_nobody

WORKLOADS = ("connect", "udp", "files", "shells")
OPENED = "-D\n-b 8192\n-a always,exit -F arch=b64 -S openat -F dir=/tmp -k a\n"
"""Two events of each operation of `files`: one opens, one creates."""
APART = {INSTRUCTIONS: 0.02, KAUDITD: 0.1, CONSUMER: 0.1}
"""How far two boots may lie apart, as a share of what they count."""

Estimates = dict[tuple[str, str, str], float]


@pytest.fixture(scope="module")
def rows(image: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The rows of one run of two boots, by a user without root and without capabilities."""
    place = tmp_path_factory.mktemp("events")
    place.chmod(0o777)
    (place / "opened.rules").write_text(OPENED)
    done = run_as_nobody(
        place,
        *("count", "--kernel", str(image), "--json"),
        *("--workload", *WORKLOADS, "--exclude-exe", "/opt/noisy/agent"),
        *("--scenario", "rules", "rules+exclude-exe", "--rules", "opened.rules"),
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["complete"]
    found: list[dict[str, Any]] = document["rows"]
    return found


@pytest.fixture(scope="module")
def found(rows: list[dict[str, Any]]) -> Estimates:
    """The estimates by workload, scenario and metric."""
    return {(row["workload"], row["scenario"], row["metric"]): row["estimate"] for row in rows}


@pytest.mark.parametrize(
    ("workload", "scenario", "events"),
    [
        *((workload, "no-audit", 0) for workload in WORKLOADS),
        *((workload, "rules", 1) for workload in ("connect", "udp", "shells")),
        ("files", "rules", 0),
        ("files", "opened", 2),
        ("connect", "opened", 0),
        ("connect", "rules+exclude-exe", 0),
        ("udp", "rules+exclude-exe", 0),
        ("files", "opened+exclude-exe", 0),
        ("shells", "rules+exclude-exe", 1),
    ],
)
def test_every_event_that_the_rules_demand_comes(
    found: Estimates, workload: str, scenario: str, events: int
) -> None:
    assert found[workload, scenario, EVENTS] == events
    assert (found[workload, scenario, RECORDS] > 0) == bool(events)


def test_a_connect_is_an_event_of_four_records(found: Estimates) -> None:
    assert found["connect", "rules", RECORDS] == 4


def test_two_boots_agree(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if row["metric"] in APART and row["estimate"] > 1:
            first, second = row["boots"][:2]
            assert abs(first - second) <= APART[row["metric"]] * row["estimate"], row


def test_an_event_costs_the_load_kauditd_and_the_consumer(found: Estimates) -> None:
    for workload in ("connect", "udp", "shells"):
        more = found[workload, "rules", INSTRUCTIONS] - found[workload, "no-audit", INSTRUCTIONS]
        assert 20_000 < more < 400_000
        assert 2_000 < found[workload, "rules", KAUDITD] < 100_000
        assert 2_000 < found[workload, "rules", CONSUMER] < 100_000


def test_without_events_kauditd_and_the_consumer_cost_nothing(found: Estimates) -> None:
    for metric in (KAUDITD, CONSUMER):
        assert abs(found["connect", "no-audit", metric]) < 1
        assert abs(found["connect", "rules+exclude-exe", metric]) < 1


def test_an_exclusion_gives_back_most_of_what_the_events_cost(found: Estimates) -> None:
    audited = found["connect", "rules", INSTRUCTIONS]
    excluded = found["connect", "rules+exclude-exe", INSTRUCTIONS]
    assert found["connect", "no-audit", INSTRUCTIONS] < excluded < audited / 5
