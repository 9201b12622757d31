"""Full speed, as it is learnt from probes. The numbers are made up."""

from __future__ import annotations

import pytest

from harness.model.stored.documents import WorkerDocument
from harness.run.trials.speed import MIN_PROBES, Speed
from tests.support.worker_documents import worker_document
from workloads.parts.speed import await_full_speed, probe_ns


def trial(before: int, after: int) -> WorkerDocument:
    return worker_document(details={"probe_before_ns": before, "probe_after_ns": after})


def test_full_speed_is_learnt_and_the_rare_best_does_not_count() -> None:
    speed = Speed()
    for _ in range(MIN_PROBES // 2 - 1):
        assert speed.take(trial(100, 100)) is None
        assert speed.full_ns() is None
    assert speed.take(trial(100, 80)) == 0.0
    assert speed.full_ns() == 100
    assert speed.take(trial(100, 150)) == pytest.approx(50)
    assert speed.take(trial(130, 100)) == pytest.approx(30)
    assert speed.take(trial(90, 95)) == 0.0
    assert speed.take(worker_document()) is None


def test_a_consumer_still_at_work_is_no_slow_machine() -> None:
    """It keeps the other thread of the core busy while the load is over."""
    speed = Speed([100] * 10)
    end_ns = 5_000_000_000
    probes = {"probe_before_ns": 110, "probe_after_ns": 190}
    done = worker_document(details=probes, loop_end_ns=end_ns)
    assert speed.take(done, through_ns=end_ns + 500_000_000) == pytest.approx(10)
    assert speed.take(done, through_ns=end_ns + 100_000) == pytest.approx(90)
    assert speed.take(done) == pytest.approx(90)


def test_a_slow_majority_does_not_hide_full_speed() -> None:
    speed = Speed([100] * 10 + [160] * 20)
    assert speed.take(trial(160, 160)) == pytest.approx(60)


def test_the_probe_and_the_wait() -> None:
    assert probe_ns() > 0
    _, waited_ns = await_full_speed(None)
    assert waited_ns == 0
    probe, waited_ns = await_full_speed(10**9)
    assert (probe > 0, waited_ns) == (True, 0)
