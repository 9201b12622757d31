"""The plan pressure on the live kernel, small: whatever is dropped, the ledgers close."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.command import ROOT, auditbench, auditbench_json
from tests.support.patience import PATIENCE_S

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

SCHEMA = json.loads((ROOT / "docs/schema/result.schema.json").read_text(encoding="utf-8"))
OPERATIONS = 15_000
MOST_RECORDS = 8
"""Of an event of another process."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("pressure")
    words = ("run", "pressure", "--blocks", 1, "--ops", OPERATIONS, "--seed", 1)
    return folder, auditbench_json(*words, cwd=folder, timeout_s=PATIENCE_S)


def test_every_cell_closes(run: tuple[Path, dict[str, Any]]) -> None:
    _, document = run
    jsonschema.validate(document, SCHEMA)
    assert document["invalid_trials"] == 0
    assert len(document["ledgers"]) == 20
    for ledger in document["ledgers"]:
        terms = ("complete", "partial", "refused", "vanished", "suppressed", "unexplained")
        assert ledger["generated"] == OPERATIONS == sum(ledger[term] for term in terms)
        assert ledger["unexplained"] == ledger["trials_unexplained"] == 0, ledger
        assert ledger["refused_low"] <= ledger["refused"] <= ledger["refused_high"]


def test_each_knob_drops_where_it_should(run: tuple[Path, dict[str, Any]]) -> None:
    cells = {ledger["scenario"]: ledger for ledger in run[1]["ledgers"]}
    assert cells["backlog-8192-wait"]["complete"] == OPERATIONS
    assert cells["backlog-unlimited"]["refused"] == cells["rate-limit-only"]["refused"] == 0
    limited = cells["rate-limit-only"]
    assert limited["vanished"] > 0
    assert limited["stages"]["rate_records"] > 0
    # What is lost besides, other processes' records, is known to be theirs.
    others = limited["lost"] - limited["stages"]["rate_records"]
    assert others == 0 or 0 < others <= MOST_RECORDS * limited["foreign_lost"]
    # Stopped multicast readers lose what `lost` never tells.
    assert cells["stop-mcast"]["lost"] == 0
    assert cells["stop-mcast"]["vanished"] > 0
    assert (
        cells["stop-mcast"]["stages"]["multicast_records"]
        == cells["stop-mcast"]["socket_drops"]
        > 0
    )
    assert cells["stop-no-wait"]["refused"] > 0
    # With room in its buffer the same consumer may stand still and lose nothing.
    assert cells["stop-buffer-large"]["complete"] == OPERATIONS


def test_the_ledger_is_shown_in_full(run: tuple[Path, dict[str, Any]]) -> None:
    shown = auditbench("show", "--ledger", cwd=run[0])
    assert shown.returncode == 0
    assert "udp × stop-wait × assemble" in shown.stdout
    assert shown.stdout.count("events unexplained") == 20
    assert "is the remainder of the other terms" in shown.stdout


def test_each_trial_tells_how_it_went_on(run: tuple[Path, dict[str, Any]]) -> None:
    (samples_path,) = run[0].rglob("samples.jsonl")
    samples = [json.loads(line) for line in samples_path.read_text().splitlines()]
    for sample in samples:
        times, backlogs, lost, unread = zip(*sample["timeline"], strict=True)
        assert list(times) == sorted(times)
        assert max(backlogs) == sample["backlog_high"]
        assert lost[-1] == sample["ledger"]["lost"]
        assert None not in unread
    stopped = [sample for sample in samples if sample["scenario"] == "stop-wait"]
    for sample in stopped:
        assert max(moment[1] for moment in sample["timeline"]) > 1000
        assert max(moment[3] for moment in sample["timeline"]) > 100_000
