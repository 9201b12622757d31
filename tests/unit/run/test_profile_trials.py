"""The trials that are sampled: in turns, until there is enough, and none of them is a sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import HostUnfitError, UsageError
from harness.host.stacks.sampler import Tally
from harness.host.stacks.symbols import Symbols
from harness.model.run import Cell, Sample, Trial
from harness.model.stored.profile import Profiling, StoredProfile
from harness.run.lifecycle import profile
from harness.run.lifecycle.profile import FEWEST_ROUNDS, FIRST_INDEX, MOST_ROUNDS, profile_cells
from harness.run.lifecycle.resume import Past, require_unfinished
from harness.run.trials.trial import Bench
from harness.store import SAMPLES, ResumedWriter, load_run
from tests.support.samples import bare_sample
from tests.support.stored.profiled_runs import QUIET, profile_of, write_profiled_run
from tests.support.stored.two_runs import write_run

QUIET_CELL, RULES_CELL = (Cell("udp", name, "assemble") for name in ("no-audit", "rules"))
SYMBOLS = Symbols("10 T outer\n20 T inner\n")
PER_TRIAL = 40


class FakeSampler:
    """Finds the same in every trial."""

    sampled_ns = 5_000_000

    def __init__(self, groups: dict[str, Any], cpus: tuple[int, ...]) -> None:
        self.tally = Tally({})
        self.tally.chains[("load", (0x25, 0x15))] = PER_TRIAL - 10
        self.tally.chains[("load", ())] = 10
        self.tally.lost, self.tally.others = 1, 2

    def __enter__(self) -> FakeSampler:
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture(autouse=True)
def _no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "StackSampler", FakeSampler)


def profiled(
    folder: Path,
    measure: Callable[[Any, Trial], Sample],
    *cells: Cell,
    samples: int = 100,
    known: tuple[Cell, ...] = (),
) -> tuple[bool, list[str]]:
    said: list[str] = []
    plan = SimpleNamespace(seed=7, ops_in=lambda workload, block: 50)
    bench: Any = SimpleNamespace(plan=plan, sampling=None)
    with ResumedWriter(folder) as writer:
        finished = profile_cells(
            bench,
            Profiling(cells or (QUIET_CELL, RULES_CELL), samples),
            SYMBOLS,
            (0, 1),
            writer,
            measure,
            said.append,
            known,
        )
    return finished, said


def works(bench: Any, trial: Trial) -> Sample:
    with bench.sampling({"load": [1]}):
        return bare_sample(trial.cell.scenario, 0, {"elapsed_ns_per_op": 5.0}, ops=50)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_run(tmp_path / "h-1" / "r", blocks=1)


def test_cells_take_turns_until_each_has_enough(folder: Path) -> None:
    trials: list[Trial] = []

    def measure(bench: Any, trial: Trial) -> Sample:
        trials.append(trial)
        return works(bench, trial)

    before = (folder / SAMPLES).read_bytes()
    finished, said = profiled(folder, measure)
    assert finished
    assert [trial.cell for trial in trials] == [QUIET_CELL, RULES_CELL] * 3
    assert [trial.index for trial in trials] == list(range(FIRST_INDEX, FIRST_INDEX + 6))
    assert said[-1] == "profiling udp × rules × assemble: 80 samples of the load, of 100"
    assert (folder / SAMPLES).read_bytes() == before
    stored = load_run(folder).profiles
    assert [each.cell for each in stored] == [QUIET_CELL, RULES_CELL]
    assert dict(stored[0].stacks) == {"load;outer;inner": 90, "load;[user]": 30}
    assert (stored[0].trials, stored[0].ops, stored[0].sampled_ns) == (3, 150, 15_000_000)
    assert (stored[0].lost_samples, stored[0].other_samples) == (3, 6)


def test_a_cell_that_never_has_enough_ends(folder: Path) -> None:
    finished, said = profiled(folder, works, RULES_CELL, samples=10**6)
    assert finished
    assert len(said) == MOST_ROUNDS


def test_trials_too_short_to_say_anything_end_soon(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile, "FEWEST_SAMPLES", PER_TRIAL * MOST_ROUNDS + 1)
    _, said = profiled(folder, works, RULES_CELL)
    assert len(said) == FEWEST_ROUNDS


def test_a_trial_that_failed_is_counted_and_nothing_else(folder: Path) -> None:
    def measure(bench: Any, trial: Trial) -> Sample:
        sample = works(bench, trial)
        broken = replace(sample, valid=False, invalid_reason="it broke")
        return broken if trial.index == FIRST_INDEX else sample

    profiled(folder, measure, RULES_CELL)
    (stored,) = load_run(folder).profiles
    assert (stored.trials, stored.failed_trials, stored.frames.total()) == (3, 1, 3 * PER_TRIAL)


def test_a_cell_that_fails_each_time_is_given_up_and_named(folder: Path) -> None:
    def measure(bench: Any, trial: Trial) -> Sample:
        return replace(works(bench, trial), valid=False, invalid_reason="it broke\x1b")

    finished, said = profiled(folder, measure, RULES_CELL)
    assert finished
    assert said[-1] == "udp × rules × assemble has no profile: it broke\\x1b"
    assert load_run(folder).profiles == ()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), HostUnfitError("no more")])
def test_what_was_sampled_is_kept_whatever_happens(folder: Path, error: BaseException) -> None:
    def measure(bench: Any, trial: Trial) -> Sample:
        if trial.index == FIRST_INDEX + 2:
            raise error
        return works(bench, trial)

    if isinstance(error, KeyboardInterrupt):
        assert profiled(folder, measure)[0] is False
    else:
        with pytest.raises(HostUnfitError):
            profiled(folder, measure)
    assert [each.trials for each in load_run(folder).profiles] == [1, 1]


def test_a_cell_that_is_stored_is_not_sampled_again(folder: Path) -> None:
    profiled(folder, works, known=(QUIET_CELL,))
    assert [each.cell for each in load_run(folder).profiles] == [RULES_CELL]


def test_a_measured_trial_opens_no_sampler() -> None:
    bench: Any = Bench(
        plan=None,  # type: ignore[arg-type]
        lease=None,  # type: ignore[arg-type]
        client=None,  # type: ignore[arg-type]
        consumers={},
        cpus={},
        trial_timeout_s=1.0,
    )
    with bench.sampled((1,), (2,)) as opened:
        assert not isinstance(opened, FakeSampler)


def whole_run(folder: Path, profiles: list[StoredProfile]) -> Past:
    stored = write_profiled_run(folder, profiles)
    cells = (QUIET_CELL, RULES_CELL)
    plan = replace_struct(stored.plan, profiling=Profiling(cells, 100))
    return Past(replace(stored, plan=plan))


def replace_struct(struct: Any, **fields: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(struct, **fields)


def test_a_run_whose_profile_is_missing_can_be_resumed(tmp_path: Path) -> None:
    one = [profile_of("no-audit", QUIET)]
    require_unfinished(whole_run(tmp_path / "h-1" / "a", one))
    both = [*one, profile_of("rules", QUIET)]
    with pytest.raises(UsageError, match="nothing to resume"):
        require_unfinished(whole_run(tmp_path / "h-1" / "b", both))
