"""Which consumers take part, which are given up, and how they are ranked. Made-up samples."""

from __future__ import annotations

import math
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.analysis.ranking import COST, ranking
from harness.consumers.base import ConsumerAbsentError, Found
from harness.consumers.catalog import CONSUMERS
from harness.errors import UsageError
from harness.model.run import Cell, Ledger, Sample, Trial
from harness.reporters.page import Grid
from harness.reporters.parts.ranking import by_group, process_lines, ranking_parts
from harness.reporters.questions.ranking import is_open
from harness.run.failures import PATIENCE, Failures
from harness.run.plan.plan import make_plan
from harness.run.trials.sample import sample_of
from harness.run.trials.trial import Bench, run_trial
from tests.support.requests import asked
from tests.support.samples import UNKNOWN


def samples_of(costs: dict[str, float], blocks: int = 12, spread: float = 0.02) -> list[Sample]:
    chance = random.Random(5)
    made = []
    for block in range(blocks + 1):
        for consumer, cost in costs.items():
            trial = Trial(len(made), Cell("udp", "rules", consumer), block, 0, 1, 100)
            value = cost * math.exp(chance.gauss(0, spread))
            metrics = {
                "cpu_consumer_ns_per_event": value,
                "consumer_memory_bytes": 1e6 * (block + 1),
                "delay_p50_ms": float(block),
            }
            if consumer == "two":
                metrics |= {
                    "cpu_process_ns_per_event:auditd": value / 4,
                    "cpu_process_ns_per_event:laurel": value * 3 / 4,
                }
            made.append(sample_of(trial, metrics=metrics, ledger=UNKNOWN))
    return made


def test_the_cheapest_comes_first_with_its_ratio_to_the_one_above() -> None:
    found = ranking(samples_of({"two": 4000.0, "cheap": 1000.0, "near": 1005.0}))
    first, second, two = found
    assert {first.cell.consumer, second.cell.consumer} == {"cheap", "near"}
    assert two.cell.consumer == "two"
    assert first.ratio is None
    assert second.ci_low is not None
    assert second.ci_high is not None
    assert second.ci_low < 1 < second.ci_high
    assert two.ci_low is not None
    assert two.ci_low > 3.5
    assert two.blocks == 12
    assert two.memory_bytes == 13e6
    assert two.delay_p50_ms == 6.5


def test_a_slow_spell_that_only_one_was_measured_in_does_not_make_it_dearer() -> None:
    samples = samples_of({"cheap": 95.0, "dear": 100.0}, spread=0)
    made = []
    for sample in samples:
        slow = 1.5 if sample.block > 6 else 1.0
        cost = sample.metrics[COST] * slow
        is_lacking = sample.cell.consumer == "dear" and sample.block > 6
        made.append(replace(sample, metrics={COST: cost}, valid=not is_lacking))
    first, second = ranking(made)
    assert first.cell.consumer == "cheap"
    assert second.ci_low is not None
    assert second.ci_low > 1
    assert not is_open(second)


def test_an_order_that_the_blocks_contradict_is_open() -> None:
    """Two trials that were held up make the mean of the cheaper one the larger."""
    made = [
        replace(sample, metrics={COST: sample.metrics[COST] * (20 if slow else 1)})
        for sample in samples_of({"cheap": 90.0, "dear": 100.0}, spread=0.001)
        for slow in [sample.cell.consumer == "cheap" and sample.block == 5]
    ]
    first, second = ranking(made)
    assert first.cell.consumer == "dear"
    assert second.ci_high is not None
    assert second.ci_high < 1
    assert is_open(second)


def test_only_a_consumer_of_several_processes_is_taken_apart() -> None:
    found = ranking(samples_of({"two": 4000.0, "cheap": 1000.0}))
    assert found[0].cpu_by_process_ns == {}
    assert found[1].cpu_by_process_ns == pytest.approx({"auditd": 1000, "laurel": 3000}, rel=0.03)
    (words,) = process_lines(found)
    assert words.startswith("two: auditd ")


def test_one_consumer_alone_is_not_ranked() -> None:
    assert ranking(samples_of({"cheap": 1000.0})) == []


def test_rows_for_people() -> None:
    found = ranking(samples_of({"cheap": 1500.0, "two": 6000.0}, spread=0))
    assert list(by_group(found)) == [("udp", "rules")]
    (grid,) = (part for part in ranking_parts(found) if isinstance(part, Grid))
    first, second = ([box.text for box in row] for row in grid.on("terminal").rows)
    assert first == ["1. cheap", "1.50 µs", "–", "12.4 MiB", "–", "6.50 ms"]
    assert second[2] == "4.00 (4.00–4.00)"
    raw = [box.raw for box in grid.on("csv").rows[0]]
    assert raw[:4] == ["udp", "cheap", "1", "1500.0"]


def test_a_consumer_is_given_up_after_so_many_failures_in_a_row() -> None:
    failures = Failures()
    for number in range(PATIENCE):
        assert failures.given_up("weak") == ""
        failures.fails("weak", f"reason {number}")
    assert failures.given_up("weak").endswith(f": reason {PATIENCE - 1}")
    assert failures.given_up("other") == ""
    failures.works("weak")
    assert failures.given_up("weak") == ""


class Elsewhere:
    """A consumer that is not on this host, unless its path is given."""

    def __init__(self, like: object) -> None:
        self._like = like

    def __getattr__(self, name: str) -> object:
        return getattr(self._like, name)

    def find(self, binary: Path | None) -> Found:
        if binary is None:
            raise ConsumerAbsentError("go-audit is not here", remedy="--consumer-path")
        return Found(binary, "1.2")


@pytest.fixture
def no_foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, consumer in list(CONSUMERS.items()):
        try:
            here = consumer.find(None) is None
        except ConsumerAbsentError:
            here = False
        if not here:
            monkeypatch.setitem(CONSUMERS, name, Elsewhere(consumer))


@pytest.mark.usefixtures("no_foreign")
def test_what_the_plan_names_and_the_host_lacks_is_left_out() -> None:
    plan = make_plan(asked(plan="consumers", seed=1))
    assert "go-audit" in plan.absent
    assert "go-audit" not in plan.consumers
    assert "ebpf" in plan.absent
    assert not any(cell.consumer == "ebpf" for cell in plan.cells())
    assert {"none", "assemble", "multicast-store"} <= set(plan.consumers)


@pytest.mark.usefixtures("no_foreign")
def test_what_was_asked_for_by_name_must_be_there() -> None:
    with pytest.raises(ConsumerAbsentError):
        make_plan(asked(plan="consumers", consumers=("go-audit",), seed=1))
    path = {"go-audit": Path(sys.executable)}
    plan = make_plan(asked(plan="consumers", consumers=("go-audit",), consumer_paths=path, seed=1))
    assert plan.consumers == ("go-audit",)
    assert {cell.consumer for cell in plan.cells()} == {"none", "go-audit"}


def test_cells_keep_a_consumer_of_their_own() -> None:
    plan = make_plan(asked(plan="pressure", consumers=("store",), seed=1))
    assert {cell.consumer for cell in plan.cells()} == {"store", "multicast-assemble"}


def test_a_path_for_an_unknown_consumer() -> None:
    with pytest.raises(UsageError, match="no consumer is called"):
        make_plan(asked(consumer_paths={"nobody": Path("/bin/true")}, seed=1))


def test_what_watched_without_audit_joins_the_others_of_its_workload() -> None:
    samples = samples_of({"cheap": 1000.0, "two": 4000.0})
    for block in range(13):
        trial = Trial(100 + block, Cell("udp", "ebpf", "ebpf"), block, 0, 1, 100)
        metrics = {"cpu_consumer_ns_per_event": 2000.0, "events_generated": 0.0}
        ledger = Ledger(generated=0, complete=None, partial=None, lost=0)
        samples.append(sample_of(trial, metrics=metrics, ledger=ledger))
    found = ranking(samples)
    assert [ranked.cell.consumer for ranked in found] == ["cheap", "ebpf", "two"]
    assert list(by_group(found)) == [("udp", "rules")]


def test_a_trial_that_is_not_tried_says_why_and_when() -> None:
    failures = Failures()
    for _ in range(PATIENCE):
        failures.fails("assemble", "it died")
    plan = make_plan(asked(plan="consumers", consumers=("assemble",), seed=1))
    bench = Bench(
        plan=plan,
        lease=None,  # type: ignore[arg-type] - nothing is touched
        client=None,  # type: ignore[arg-type]
        consumers={},
        cpus={},
        trial_timeout_s=1,
        failures=failures,
    )
    sample = run_trial(bench, Trial(5, Cell("udp", "rules", "assemble"), 1, 0, 1, 100))
    assert not sample.valid
    assert sample.invalid_reason.startswith("given up after")
    assert sample.started_at
