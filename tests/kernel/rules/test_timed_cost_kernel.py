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


ATTEMPTS = 4
"""On a restless host one bill may tell nothing; none may tell what is not so."""


def test_a_costly_line_is_told_from_those_that_cost_nothing(
    empty: AuditClient, tmp_path: Path
) -> None:
    fields = " ".join(f"-F pid!={number}" for number in range(2, 62))
    lines = [f"-a always,exit -F arch=b64 -S sethostname -k cheap-{number}" for number in range(3)]
    lines.insert(1, f"-a always,exit -F arch=b64 -S getppid {fields} -F pid=1 -k dear")
    (tmp_path / "mine.rules").write_text("".join(f"{line}\n" for line in lines))
    assert any(is_told(tmp_path) for _ in range(ATTEMPTS))
    assert empty.status().enabled == 0


def is_told(folder: Path) -> bool:
    """Whether a bill tells the dear line from nothing, and from all others."""
    words = ("rules", "cost", "mine.rules", "--timed", "--blocks", 2, "--ops", 200_000, "--json")
    done = auditbench(*words, cwd=folder)
    assert done.returncode in (0, 3), done.stderr
    if done.returncode == 3:
        assert "too few to tell" in done.stderr
        return False
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema("cost-timed"))
    assert {row["line"] for row in document["rows"]} == {1, 2, 3, 4}
    stored = load_run(folder / document["run"])
    assert {sample.scenario for sample in stored.samples} >= {"no-rules", "the-file", "part-001"}
    dearest, second = document["rows"][:2]
    told = dearest["tax"]["low_ns"] > 0 and not second["equal_to_previous"]
    assert not told or (dearest["key"], dearest["line"]) == ("dear", 2)
    return told
