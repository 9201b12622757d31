"""The plan `workers` on the live kernel: each number of producers beside its own reference."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from harness.store import load_run
from tests.support.command import auditbench, auditbench_json
from tests.support.schemas import schema

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

OPS = 2000


def test_every_number_of_producers_up_to_the_cpus_is_measured(tmp_path: Path) -> None:
    document = auditbench_json("run", "workers", "--blocks", 2, "--ops", OPS, cwd=tmp_path)
    jsonschema.validate(document, schema("result"))
    assert document["complete"]
    counts = document["plan"]["worker_counts"]
    cpus = len(os.sched_getaffinity(0))
    assert (counts[0], counts[-1]) == (1, cpus)
    assert [point["producers"] for point in document["scaling"]] == counts
    (folder,) = (tmp_path / "results").glob("*/*")
    stored = load_run(folder)
    for sample in stored.samples:
        workers = stored.plan.workers_of(sample.cell)
        assert sample.workload_document["workers"] == workers
        assert stored.plan.workers_of(stored.plan.reference.of(sample.cell)) == workers
    for point in document["scaling"]:
        ledgers = [e for e in document["ledgers"] if e["scenario"] == point["scenario"]]
        assert [e["generated"] for e in ledgers] == [2 * OPS]
        assert [e["unexplained"] for e in ledgers] == [0]
    if cpus == 1:
        assert document["answer"].startswith("One CPU here: nothing to compare.")
    else:
        assert document["answer"].startswith(f"With {cpus} producers at once connect costs ")


def test_one_number_is_measured_and_judged_against_its_own_reference(tmp_path: Path) -> None:
    words = ("--workers", 2, "--blocks", 2, "--ops", OPS)
    done = auditbench("gate", "workers", *words, "--fail", "lost:0", cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert "rules-scoped+workers-2" in done.stdout
    (folder, *_) = sorted((tmp_path / "results").glob("*/*"))
    plan = load_run(folder).plan
    names = {scenario.name for scenario in plan.scenarios["connect"]}
    assert {"no-audit+workers-2", "rules-scoped+workers-2"} <= names
    assert not any("workers-1" in name for name in names)
    samples = (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["workload_document"]["workers"] for line in samples} == {2}
