"""A plan that limits disturbance: what is above is made again, kept, and the last one counts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.support.command import auditbench_json

PLAN = """
summary = "a limit that nearly every trial is above"
kind = "replay"
reference_consumer = "count"
scenarios = ["full-rate"]
workloads = ["replay"]
consumers = ["count", "assemble"]
[invalid]
slowdown_percent = 0.001
again = 1
"""


def test_a_replay_makes_disturbed_trials_again(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(PLAN, encoding="utf-8")
    document = auditbench_json("run", "p.toml", "--blocks", 8, "--ops", 2000, cwd=tmp_path)
    (stored,) = tmp_path.glob("results/*/*/samples.jsonl")
    samples = [json.loads(line) for line in stored.read_text().splitlines()]
    made = Counter(sample["index"] for sample in samples)
    assert document["complete"]
    assert (document["trials"], document["invalid_trials"]) == (18, 0)
    assert set(made) == set(range(18))
    assert set(made.values()) == {1, 2}
    first = [sample for sample in samples if not sample["valid"]]
    assert all(sample["disturbed"] for sample in first)
    assert len(first) == sum(count - 1 for count in made.values())
    assert {comparison["blocks"] for comparison in document["comparisons"]} == {8}
    assert any(warning["name"] == "disturbed" for warning in document["warnings"])
