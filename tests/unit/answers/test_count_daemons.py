"""What a counted run says of daemons: their events, whole or not, and which process took what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.answers.count import make_counted
from harness.model.count import CONSUMER, INSTRUCTIONS, CountedResult
from harness.model.run import Ledger, Sample
from harness.reporters.count import count_page
from harness.reporters.documents.count import count_document
from harness.reporters.page import Line
from harness.reporters.render.markdown import page_markdown
from harness.store import RunWriter, load_run
from tests.support.samples import bare_sample
from tests.support.schemas import schema

NAMES = {"no-audit": "assemble", "site+auditd@3": "auditd@3", "site+laurel@1": "laurel@1"}
PROGRAMS = {
    "auditd@3": {"path": "bookworm/auditd", "version": "1:3.0.9-1"},
    "laurel@1": {"path": "l.deb", "version": "1.0 with auditd 1:4"},
}
LEDGER = Ledger(generated=50, complete=48, partial=1, lost=0, duplicate_records=2)
BY_PROCESS = {"consumer_ns_by_process": {"auditd": 100, "laurel": 300}}


def sample(scenario: str, boot: int, counted: Any = BY_PROCESS, **changes: Any) -> Sample:
    """A trial of one boot, in which half of what was taken is the loader's."""
    made = bare_sample(
        scenario,
        boot,
        {INSTRUCTIONS: 900.0, CONSUMER: 2000.0 * boot},
        consumer=NAMES[scenario],
        kernel="6.1.0-x",
        workload_document={"counted": counted},
    )
    return replace(made, ledger=LEDGER if "+" in scenario else made.ledger, **changes)


def result_of(folder: Path, samples: list[Sample]) -> CountedResult:
    """The result of a stored run of these trials."""
    scenarios = [{"name": name, "consumer": consumer} for name, consumer in NAMES.items()]
    plan = {
        "name": "overhead",
        "instrument": "counted",
        "reference_scenario": "no-audit",
        "workloads": ["udp"],
        "trials": len(samples),
        "scenarios": {"udp": scenarios},
    }
    guest = {"name": "6.1.0-x", "kernel": "6.1.0-x", "kernel_version": "#1", "sha256": "ab" * 32,
             "source": "x.deb", "emulator": "an emulator"}  # fmt: skip
    with RunWriter(folder / "machine" / "run") as writer:
        for index, each in enumerate(samples):
            writer.append(replace(each, index=index))
        writer.describe(plan, {"guests": [guest], "consumers": PROGRAMS})
    return make_counted(load_run(folder / "machine" / "run", counted_too=True))


def all_samples() -> list[Sample]:
    """Two boots, the last scenario first."""
    return [sample(name, boot) for boot in (1, 2) for name in reversed(NAMES)]


def test_events_of_all_boots_are_added_up_in_the_plans_order(tmp_path: Path) -> None:
    first, second = result_of(tmp_path, all_samples()).daemons
    assert (first.scenario, second.scenario) == ("site+auditd@3", "site+laurel@1")
    assert (first.complete, first.partial, first.missing, first.doubled_records) == (96, 2, 2, 4)
    assert (first.boots, first.package) == (2, "bookworm/auditd 1:3.0.9-1")


def test_each_process_has_its_share_of_what_was_counted(tmp_path: Path) -> None:
    shares = result_of(tmp_path, all_samples()).daemons[1].shares
    assert shares == {"auditd": pytest.approx(750), "laurel": pytest.approx(2250)}


def test_a_trial_that_is_not_used_still_says_what_came(tmp_path: Path) -> None:
    lost = {"valid": False, "invalid_reason": "events were lost", "metrics": {}}
    samples = [sample("no-audit", 1), sample("site+laurel@1", 1, **lost)]
    (daemon,) = result_of(tmp_path, samples).daemons
    assert (daemon.complete, daemon.missing, daemon.shares) == (48, 1, {})


@pytest.mark.parametrize("counted", [None, [], "x", {"consumer_ns_by_process": {"a": "b"}}, {}])
def test_a_stored_trial_that_says_nonsense_of_its_processes_is_no_error(
    tmp_path: Path, counted: Any
) -> None:
    (daemon,) = result_of(tmp_path, [sample("site+laurel@1", 1, counted)]).daemons
    assert daemon.shares == {}


def test_page_and_document_have_them(tmp_path: Path) -> None:
    result = result_of(tmp_path, all_samples())
    said = [part.words for part in count_page(result).parts if isinstance(part, Line)]
    assert "laurel@1: l.deb 1.0 with auditd 1:4" in said
    assert "udp × site+laurel@1: auditd 750.0, laurel 2,250.0 instructions per operation" in said
    document = count_document(result)
    jsonschema.validate(document, schema("count"))
    assert document["daemons"][0]["missing"] == 2


def test_without_a_daemon_nothing_is_said_of_any(tmp_path: Path) -> None:
    result = result_of(tmp_path, [sample("no-audit", 1)])
    assert result.daemons == ()
    assert "each daemon" not in page_markdown(count_page(result))
