"""When a run ends: by its blocks, by the width of its intervals, or by time. Nothing is measured
here; made-up values stand for measurements.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.run.blocks import (
    DEFAULT_MAX_TIME_S,
    LOOK_EVERY_BLOCKS,
    RunBlocks,
    refuse_endless,
    widest,
)
from harness.run.plan.options import MIN_BLOCKS_UNTIL_CI
from harness.run.plan.plan import make_plan
from harness.run.runner import Silence, run_trials
from tests.support.requests import asked
from tests.support.runs import METRIC
from tests.support.runs import MadeUpMachine as Machine
from tests.support.runs import planned as plan


def test_the_plans_blocks_are_all_there_is_without_a_rule() -> None:
    machine = Machine(spread=0.5)
    run_blocks = machine.run(plan(blocks=5))
    assert run_blocks.ending == "blocks"
    assert (run_blocks.blocks_done, run_blocks.blocks_planned) == (5, 5)
    assert len(machine.saved) == run_blocks.trials_planned == 6 * 3
    assert [s.index for s in machine.saved] == list(range(18))
    assert run_blocks.words() == ""


def test_it_goes_on_until_every_interval_is_narrow() -> None:
    machine = Machine(spread=0.03)
    made = plan(until_ci="1%", max_time="100h")
    run_blocks = machine.run(made)
    assert made.blocks == MIN_BLOCKS_UNTIL_CI
    assert run_blocks.ending == "width"
    assert run_blocks.blocks_done > MIN_BLOCKS_UNTIL_CI
    assert (run_blocks.blocks_done - MIN_BLOCKS_UNTIL_CI) % LOOK_EVERY_BLOCKS == 0
    assert len(machine.saved) == run_blocks.trials_planned
    assert run_blocks.width is not None
    assert run_blocks.width.share <= 0.01
    before = [s for s in machine.saved if s.block <= run_blocks.blocks_done - LOOK_EVERY_BLOCKS]
    earlier = widest(before, made, METRIC)
    assert earlier is not None
    assert earlier.share > 0.01, "it did not end at the first look that allowed it"
    assert "ended by width" in run_blocks.words()
    assert run_blocks.ending_document()["ended_by"] == "width"


@pytest.mark.parametrize(
    ("wanted", "first_look"),
    [({}, MIN_BLOCKS_UNTIL_CI), ({"blocks": 2}, MIN_BLOCKS_UNTIL_CI), ({"blocks": 12}, 12)],
)
def test_the_first_look_is_never_at_few_blocks(wanted: dict[str, object], first_look: int) -> None:
    made = plan(until_ci="90%", **wanted)
    assert Machine(spread=0.001).run(made).blocks_done == first_look
    assert plan(blocks=2).blocks == 2


@pytest.mark.parametrize("factor", [1.0, 1.5, 10.0])
def test_only_the_width_ends_it(factor: float) -> None:
    run_blocks = Machine(spread=0.03, factor=factor).run(plan(until_ci="1%", max_time="100h"))
    alike = Machine(spread=0.03).run(plan(until_ci="1%", max_time="100h"))
    assert run_blocks.blocks_done == alike.blocks_done


def test_time_ends_it_after_the_block_in_which_it_is_over() -> None:
    machine = Machine(spread=0.5)
    run_blocks = machine.run(plan(until_ci="1%", max_time="50m"))
    assert run_blocks.ending == "time"
    assert machine.now_s == 51 * 60, "three cells of a minute: the 17th block ends at 51 minutes"
    assert len(machine.saved) == run_blocks.trials_planned
    assert "ended by time: 3000 s were over after 16 blocks" in run_blocks.words()
    assert "not ±1 %" in run_blocks.words()


def test_time_alone_cuts_the_plan_short_and_never_below_a_block_that_counts() -> None:
    run_blocks = Machine(spread=0.1).run(plan(blocks=20, max_time="10m"))
    assert (run_blocks.ending, run_blocks.blocks_done) == ("time", 3)
    assert Machine(spread=0.1).run(plan(blocks=20, max_time="1s")).blocks_done == 1
    assert Machine(spread=0.1).run(plan(blocks=3, max_time="10h")).ending == "blocks"


def test_without_a_time_it_still_has_an_end() -> None:
    run_blocks = Machine(spread=0.5).run(plan(until_ci="0.1%"))
    assert run_blocks.ending == "time"
    assert run_blocks.ending_document()["max_time_s"] == DEFAULT_MAX_TIME_S


def test_what_is_settled_covers_what_comes_so_that_an_interrupt_shows() -> None:
    machine = Machine(spread=0.3)
    settled: list[tuple[int, int]] = []
    run_blocks = RunBlocks(
        plan(until_ci="1%", max_time="2h"),
        METRIC,
        clock=lambda: machine.now_s,
        on_more=lambda: settled.append((len(machine.saved), run_blocks.trials_planned)),
    )
    run_trials(run_blocks, machine.measure, machine.saved.append, Silence())
    assert settled
    assert all(planned - saved == LOOK_EVERY_BLOCKS * 3 for saved, planned in settled)


def test_the_expectation_follows_the_width_and_the_time() -> None:
    machine = Machine(spread=0.1)
    run_blocks = RunBlocks(plan(until_ci="1%", max_time="20h"), METRIC, clock=lambda: machine.now_s)
    assert run_blocks.trials_expected == 9 * 3
    expected = {}
    for block in run_blocks:
        expected[block[0].block] = run_blocks.trials_expected
        for trial in block:
            run_blocks.take(machine.measure(trial))
        if block[0].block == MIN_BLOCKS_UNTIL_CI + 1:
            break
    assert set(list(expected.values())[:-1]) == {9 * 3}
    assert expected[MIN_BLOCKS_UNTIL_CI + 1] == 20 * 60, "too wide by far: the time will end it"


def test_the_order_of_a_longer_run_begins_like_that_of_a_shorter() -> None:
    short, long = Machine(0.1), Machine(0.1)
    short.run(plan(blocks=3))
    long.run(plan(blocks=6))
    order = [s.cell for s in long.saved]
    assert order[: len(short.saved)] == [s.cell for s in short.saved]


def test_backwards_is_every_block_back_to_front(tmp_path: Path) -> None:
    text = 'summary = "s"\nreference = "no-audit"\nscenarios = ["no-rules", "rules"]\n'
    path = tmp_path / "p.toml"
    orders = []
    for more in ("", "backwards = true\n"):
        path.write_text(f'{text}workloads = ["udp"]\n{more}')
        machine = Machine(0.1)
        machine.run(make_plan(asked(plan=str(path), seed=5, blocks=3)))
        orders.append([[s.cell for s in machine.saved if s.block == n] for n in range(4)])
    assert orders[1] == [list(reversed(block)) for block in orders[0]]


def test_nothing_to_wait_for_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text('summary = "s"\nreference = "no-audit"\nworkloads = ["udp"]\n')
    with pytest.raises(UsageError, match="compares nothing"):
        refuse_endless(make_plan(asked(plan=str(path), seed=1, until_ci="1%")))
    refuse_endless(plan(until_ci="1%"))
