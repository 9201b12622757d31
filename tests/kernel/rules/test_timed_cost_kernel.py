"""`auditbench rules cost --timed`: the bill of a file in times of this kernel."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness.kernel.client import AuditClient
from harness.store import load_run
from tests.support.command import auditbench
from tests.support.schemas import schema

pytestmark = pytest.mark.kernel


def test_a_costly_line_is_told_from_those_that_cost_nothing(
    empty: AuditClient, tmp_path: Path
) -> None:
    fields = " ".join(f"-F pid!={number}" for number in range(2, 42))
    lines = [f"-a always,exit -F arch=b64 -S sethostname -k cheap-{number}" for number in range(3)]
    lines.insert(1, f"-a always,exit -F arch=b64 -S getppid {fields} -F pid=1 -k dear")
    (tmp_path / "mine.rules").write_text("".join(f"{line}\n" for line in lines))
    words = ("rules", "cost", "mine.rules", "--timed", "--blocks", 2, "--json")
    done = auditbench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema("cost-timed"))
    assert {row["line"] for row in document["rows"]} == {1, 2, 3, 4}
    dearest = document["rows"][0]
    assert (dearest["key"], dearest["line"]) == ("dear", 2)
    assert dearest["tax"]["low_ns"] > 0
    stored = load_run(tmp_path / document["run"])
    assert {sample.scenario for sample in stored.samples} >= {"no-rules", "the-file", "part-001"}
    assert empty.status().enabled == 0
