"""A replay whose CPU was slow is told from one that is wrong: only the first is made again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.model.run import Sample, Trial
from harness.run import replay
from harness.run.plan.plan import make_plan
from harness.run.plan.schedule import block
from tests.support.patience import PATIENCE_S
from tests.support.requests import asked

LIMIT = {"slowdown_percent": 10.0}


def replayed(monkeypatch: pytest.MonkeyPatch, slowdown_percent: float) -> Sample:
    """One real replay on a machine that is said to be so much slower than at full speed."""
    monkeypatch.setattr(replay, "noise_of", lambda *_, **__: {"slowdown_percent": slowdown_percent})
    plan = replace(make_plan(asked(plan="replay", ops=500)), invalid=LIMIT, retries=1)
    bench = replay.ReplayBench(plan=plan, cpus={}, trial_timeout_s=PATIENCE_S)
    trial: Trial = block(plan, 1, first_index=0)[0]
    return replay.replay_trial(bench, trial)


def test_slow_is_disturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = replayed(monkeypatch, 42.0)
    assert (sample.valid, sample.disturbed) == (False, True)
    assert sample.invalid_reason == "slowdown_percent 42.0 is above the plan's 10"
    assert sample.metrics["cpu_consumer_ns_per_op"] > 0


def test_fast_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = replayed(monkeypatch, 3.0)
    assert (sample.valid, sample.disturbed, sample.invalid_reason) == (True, False, "")
