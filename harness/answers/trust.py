"""Whether what was measured is trustworthy, and why not: of runs, results and checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.answers.limits import MIN_BLOCKS_FOR_VERDICT, cells_without_valid_trial
from harness.answers.open_ledgers import open_samples
from harness.counted import agreeing, counted
from harness.errors import UntrustworthyError
from harness.model.caution import Caution
from harness.model.gate import Check
from harness.model.result import Result
from harness.model.run import Sample
from harness.store import StoredRun


def is_trustworthy(stored: StoredRun) -> bool:
    """False where events of a trial are unaccounted for; what `Result.trustworthy` says of them."""
    return not open_samples(stored.samples)


def is_reliable(stored: StoredRun) -> bool:
    """Whether something was measured, and every event of it is accounted for."""
    return any(s.valid and not s.warm_up for s in stored.samples) and is_trustworthy(stored)


def flaws_of(stored: StoredRun) -> list[Caution]:
    """What is wrong with a run: damage, missing or unused trials, events unaccounted for."""
    found = list(stored.cautions)
    # A trial that was repeated is one trial.
    measured = {sample.index for sample in stored.samples}
    unused = measured - {sample.index for sample in stored.samples if sample.valid}
    if not stored.plan.is_whole(len(measured)):
        found.append(Caution("stopped", f"{stored.name} was stopped before its end"))
    if unused:
        trials = counted(len(measured), "trial")
        are = agreeing(len(unused), "is", "are")
        what = f"{stored.name}: {len(unused)} of {trials} {are} not used"
        found.append(Caution("invalid-trials", what))
    if not is_trustworthy(stored):
        what = f"{stored.name} is not trustworthy: events are unaccounted for"
        found.append(Caution("untrustworthy", what, "`auditbench show` says which"))
    return found


def doubts_about_checks(
    result: Result, samples: Iterable[Sample], checks: Iterable[Check]
) -> tuple[str, ...]:
    """Why what was measured is not trustworthy."""
    reasons = doubts_about(result)
    for cell in cells_without_valid_trial(samples):
        reasons.append(f"{cell.workload} × {cell.scenario} × {cell.consumer} has no valid trial")
    last = [(check.limit.text, check.readings[-1]) for check in checks]
    reasons += [f"{limit}: {reading.note}" for limit, reading in last if reading.note]
    return tuple(dict.fromkeys(reasons))


def doubts_about(result: Result) -> list[str]:
    """Why a result is not trustworthy; empty where it is."""
    reasons = []
    if not any(comparison.blocks for comparison in result.comparisons):
        reasons.append(f"nothing is compared in {result.run}")
    if result.open_trials:
        reasons.append(
            f"{result.run}: {counted(result.open_trials, 'trial has', 'trials have')} events "
            "not accounted for"
        )
    if result.mostly_invalid or result.undecidable:
        reasons.append(not_valid(result))
    if not reasons and not result.trustworthy:
        reasons.append(f"{result.run} has events not accounted for")
    return reasons


def not_valid(result: Result) -> str:
    """How many trials of a result are not valid."""
    are = agreeing(result.invalid_trials, "is", "are")
    return f"{result.invalid_trials:,} of {counted(result.trials, 'trial')} {are} not valid"


def require_blocks(checks: Sequence[Check], run: str) -> None:
    """UntrustworthyError where no check on an interval had the blocks for one."""
    counted = [check.readings[-1] for check in checks if check.limit.basis != "loss"]
    if counted and all(reading.count < MIN_BLOCKS_FOR_VERDICT for reading in counted):
        raise UntrustworthyError(
            f"{run} has too few blocks for any verdict ({counted[0].count})",
            remedy=f"run at least {MIN_BLOCKS_FOR_VERDICT}, or 8 or more to detect anything",
        )
