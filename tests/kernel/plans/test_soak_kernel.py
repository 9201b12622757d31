"""A short soak on the live kernel, and one that is stopped: what it saw is kept."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.analysis.soak import MIN_POINTS
from tests.support.command import auditbench, auditbench_json, start_auditbench
from tests.support.patience import PATIENCE_S
from tests.support.schemas import schema
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]


def samples_of(folder: Path) -> list[dict[str, Any]]:
    lines = [
        line
        for path in folder.glob("results/*/*/samples.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [json.loads(line) for line in lines]


def test_memory_cpu_and_delay_have_slopes(tmp_path: Path) -> None:
    document = auditbench_json("run", "soak", "--duration", "12s", "--rate", 200, cwd=tmp_path)
    jsonschema.validate(document, schema("result"))
    assert document["invalid_trials"] == 0, document["warnings"]
    found = {each["growing"]: each for each in document["trends"]}
    assert set(found) == {"memory", "cpu", "delay"}
    for trend in found.values():
        assert trend["level"] > 0
        if trend["points"] >= MIN_POINTS:
            assert trend["low"] <= trend["per_hour"] <= trend["high"]
        else:  # A consumer that hardly got a CPU has no slope.
            assert trend["per_hour"] is None
    (ledger,) = document["ledgers"]
    assert ledger["generated"] == ledger["complete"] == 2400
    for sample in samples_of(tmp_path):
        jsonschema.validate(sample, schema("sample"))


def test_a_soak_that_is_stopped_keeps_what_it_saw(tmp_path: Path) -> None:
    words = ("run", "soak", "--duration", "1h", "--rate", 200)
    with start_auditbench(*words, cwd=tmp_path) as running:
        try:
            wait_until(lambda: samples_of(tmp_path), "the warm-up is stored")
            with pytest.raises(subprocess.TimeoutExpired):
                running.wait(4)
            running.send_signal(signal.SIGINT)
            assert running.wait(PATIENCE_S) == 5
        finally:
            running.kill()
    warm_up, sample = samples_of(tmp_path)
    assert warm_up["warm_up"]
    assert sample["valid"], sample["invalid_reason"]
    assert 0 < sample["workload_document"]["ops"] < 720_000
    assert sample["soak"]
    assert "What grows per hour" in auditbench("show", cwd=tmp_path).stdout
