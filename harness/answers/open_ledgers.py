"""Trials whose ledger does not close, and trials in which others lost events as well.

A warm-up trial counts here like any other, and a step of the rate ladder. What is not accounted for
is an error of the program only where other processes cannot have lost it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.counted import agreeing, counted
from harness.model.caution import Caution
from harness.model.run import Ledger, Sample


def open_samples(samples: Iterable[Sample]) -> list[Sample]:
    """The valid samples with events that are not accounted for."""
    return [
        sample
        for sample in samples
        if sample.valid and any(ledger.unexplained for ledger in _ledgers(sample))
    ]


def ledger_cautions(samples: Sequence[Sample]) -> list[Caution]:
    """What does not close, so that the run is not trusted; and what is only known to a bound."""
    return [*_open(open_samples(samples)), *_with_others(samples)]


def _open(wrong: Sequence[Sample]) -> list[Caution]:
    by_remedy: dict[str, list[Sample]] = {_OWN_REMEDY: [], _OTHERS_REMEDY: []}
    for sample in wrong:
        of_others = all(map(_of_others, _open_of(sample)))
        by_remedy[_OTHERS_REMEDY if of_others else _OWN_REMEDY].append(sample)
    return [_unaccounted(samples, remedy) for remedy, samples in by_remedy.items() if samples]


_OWN_REMEDY = "an error of this program: look at `auditbench show --ledger`, and report it"
_OTHERS_REMEDY = (
    "lost events of other processes can be the reason, but more than were to be expected beside "
    "the load: see `auditbench show --ledger`, and run it again while nothing else is recorded"
)


def _unaccounted(wrong: Sequence[Sample], remedy: str) -> Caution:
    last = wrong[-1]
    rest = _open_of(last)[0].unexplained or 0
    return Caution(
        "ledger",
        f"{counted(len(wrong), 'trial has', 'trials have')} events that are not accounted "
        f"for; the last, {last.workload} × {last.scenario}: {f'{rest:+d}'.replace('-', '−')}",
        remedy,
    )


def _open_of(sample: Sample) -> list[Ledger]:
    return [ledger for ledger in _ledgers(sample) if ledger.unexplained]


def _of_others(ledger: Ledger) -> bool:
    """Whether other processes can be the reason.

    In a run of before they had a term of their own, one of their events that vanished may also have
    counted for more records than it had, so that something seems to be missing.
    """
    before = ledger.foreign_lost is None and (ledger.unexplained or 0) > 0
    vanished = bool(ledger.vanished or ledger.unnamed_events)
    return ledger.may_be_of_others or (before and vanished)


def _with_others(samples: Sequence[Sample]) -> list[Caution]:
    """Where rules or limits touch others, their losses are counted with the load's."""
    losing = [(sample, _foreign_lost(sample)) for sample in samples if sample.valid]
    losing = [(sample, events) for sample, events in losing if events]
    if not losing:
        return []
    sample, most = max(losing, key=lambda found: found[1])
    trials = agreeing(len(losing), "", "each of ") + counted(len(losing), "trial")
    return [
        Caution(
            "foreign-loss",
            f"in {trials} other processes lost events as well, at most {most} "
            f"({sample.workload} × {sample.scenario}); the ledger is exact to within that number",
            "scope the rules to the load (-F auid=) to leave others out",
        )
    ]


def _foreign_lost(sample: Sample) -> int:
    return max(ledger.foreign_lost or 0 for ledger in _ledgers(sample))


def _ledgers(sample: Sample) -> list[Ledger]:
    both = (sample.ledger, sample.beside_ledger)
    return [ledger for ledger in both if ledger is not None]
