"""The loop: each trial is saved before the next begins, and giving up is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import UntrustworthyError
from harness.model.run import Cell, Sample, Trial
from harness.run.runner import MIN_PATIENCE, run_trials
from harness.run.trials.sample import sample_of
from tests.support.samples import UNKNOWN

CELLS = [Cell("udp", name, "assemble") for name in ("a", "b")]
TRIALS = [Trial(i, CELLS[i % 2], i // 2, i % 2, 1, 10) for i in range(30)]


def sample(trial: Trial, reason: str = "") -> Sample:
    return sample_of(trial, metrics={}, ledger=UNKNOWN, invalid_reason=reason)


class Listed:
    """Blocks that are all known beforehand."""

    def __init__(self, trials: list[Trial]) -> None:
        self.trials = trials
        self.wanted: list[int] = []

    @property
    def trials_expected(self) -> int:
        return len(self.trials)

    def take(self, sample: Sample) -> None:
        self.wanted.append(sample.index)

    def __iter__(self) -> Iterator[list[Trial]]:
        for start in range(0, len(self.trials), 2):
            yield self.trials[start : start + 2]


class Watcher:
    """Writes down what happens, in order."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def begin(self, trials: int) -> None:
        self.log.append(f"begin {trials}")

    def trial_begins(self, trial: Trial) -> None:
        self.log.append(f"begins {trial.index}")

    def pulse(self, backlog: int, lost: int) -> None: ...

    def trial_ends(self, sample: Sample) -> None:
        self.log.append(f"ends {sample.index}")

    def block_ends(self, trials: int) -> None:
        self.log.append(f"block ends {trials}")

    def end(self) -> None:
        self.log.append("end")


def test_the_order_of_steps() -> None:
    watcher = Watcher()
    log = watcher.log

    def measure(trial: Trial) -> Sample:
        log.append(f"measure {trial.index}")
        return sample(trial)

    blocks = Listed(TRIALS[:3])
    run_trials(blocks, measure, lambda s: log.append(f"save {s.index}"), watcher)
    assert blocks.wanted == [0, 1, 2]
    assert log == [
        "begin 3",
        *("begins 0", "measure 0", "save 0", "ends 0"),
        *("begins 1", "measure 1", "save 1", "ends 1"),
        "block ends 3",
        *("begins 2", "measure 2", "save 2", "ends 2"),
        "block ends 3",
        "end",
    ]


def test_an_interrupt_keeps_what_was_saved_and_ends_the_display() -> None:
    watcher = Watcher()
    saved: list[int] = []

    def measure(trial: Trial) -> Sample:
        if trial.index == 2:
            raise KeyboardInterrupt
        return sample(trial)

    with pytest.raises(KeyboardInterrupt):
        run_trials(Listed(TRIALS), measure, lambda s: saved.append(s.index), watcher)
    assert saved == [0, 1]
    assert watcher.log[-1] == "end"


def test_one_bad_cell_does_not_stop_the_others() -> None:
    saved: list[Sample] = []
    run_trials(
        Listed(TRIALS),
        lambda trial: sample(trial, "broken" if trial.cell.scenario == "a" else ""),
        saved.append,
        Watcher(),
    )
    assert len(saved) == len(TRIALS)


def test_giving_up_names_the_reason(tmp_path: Path) -> None:
    saved: list[Sample] = []
    with pytest.raises(UntrustworthyError, match="the consumer ended: no room"):
        run_trials(
            Listed(TRIALS),
            lambda t: sample(t, "the consumer ended: no room"),
            saved.append,
            Watcher(),
        )
    assert len(saved) == MIN_PATIENCE


def test_a_disturbed_trial_is_made_again_and_kept() -> None:
    attempts: dict[int, int] = {}
    saved: list[tuple[int, bool]] = []
    blocks, watcher = Listed(TRIALS[:6]), Watcher()

    def measure(trial: Trial) -> Sample:
        attempts[trial.index] = attempts.get(trial.index, 0) + 1
        calm = trial.index != 2 and (trial.index != 3 or attempts[3] == 3)
        nothing = sample(trial).ledger
        return sample_of(trial, metrics={}, ledger=nothing, disturbance="" if calm else "slow")

    run_trials(blocks, measure, lambda s: saved.append((s.index, s.valid)), watcher, retries=2)
    # The last one counts, calm or not.
    again = [(2, False)] * 2 + [(2, True)] + [(3, False)] * 2 + [(3, True)]
    assert saved == [(0, True), (1, True), *again, (4, True), (5, True)]
    # Whoever watches, and whoever decides on more blocks, sees each trial once.
    assert blocks.wanted == [0, 1, 2, 3, 4, 5]
    attempts.clear()
    run_trials(blocks, measure, lambda s: None, watcher)
    assert set(attempts.values()) == {1}


def test_what_is_wrong_in_itself_is_no_disturbance() -> None:
    nothing = sample(TRIALS[0]).ledger
    broken = sample_of(
        TRIALS[0], metrics={}, ledger=nothing, invalid_reason="died", disturbance="slow"
    )
    assert (broken.valid, broken.disturbed, broken.invalid_reason) == (False, False, "died")


def test_a_run_without_blocks_has_no_end_of_one() -> None:
    """One that is resumed for its profile only: all of its trials are stored."""
    watcher = Watcher()
    run_trials(Listed([]), sample, lambda _: None, watcher)  # type: ignore[arg-type]
    assert watcher.log == ["begin 0", "end"]
