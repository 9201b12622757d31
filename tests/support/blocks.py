"""A made-up machine that measures the blocks of a plan. No number in here is a measurement."""

from __future__ import annotations

import math
import random

from harness.model.run import Sample, Trial
from harness.run.blocks import RunBlocks
from harness.run.plan.plan import Plan, make_plan
from harness.run.runner import Silence, run_trials
from harness.run.sample import sample_of
from tests.support.requests import asked
from tests.support.samples import UNKNOWN

METRIC = "elapsed_ns_per_op"


def plan(**wanted: object) -> Plan:
    return make_plan(asked(**{"workloads": ("udp",), "scenarios": ("rules",), "seed": 3} | wanted))


class Machine:
    """A machine whose trials take a minute and scatter by so much."""

    def __init__(self, spread: float, factor: float = 1.0) -> None:
        self.now_s = 0.0
        self.spread, self.factor = spread, factor
        self.chance = random.Random(1)
        self.saved: list[Sample] = []

    def measure(self, trial: Trial) -> Sample:
        self.now_s += 60
        value = 1000 * math.exp(self.chance.gauss(0, self.spread))
        return sample_of(
            trial,
            metrics={METRIC: value * (self.factor if trial.cell.scenario == "rules" else 1)},
            ledger=UNKNOWN,
        )

    def run(self, made: Plan) -> RunBlocks:
        run_blocks = RunBlocks(made, METRIC, clock=lambda: self.now_s)
        run_trials(run_blocks, self.measure, self.saved.append, Silence())
        return run_blocks
