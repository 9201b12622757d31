"""Advice with what guests count of it: the file as it is, with each proposal, and with all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from harness.counted import counted
from harness.guest.boot import emulator_version
from harness.guest.contents import contents
from harness.guest.inside.jobs import PRICE
from harness.guest.inside.pricing import LOAD
from harness.guest.kernels.images import find_kernel
from harness.kernel.rules.lint.finding import Place
from harness.kernel.rules.lint.parsed import LoadedRule, Parsed
from harness.kernel.rules.rule import Rule
from harness.model.cost import Bill
from harness.model.rules.advice import Advice, Counted, Proposal
from harness.plain import plain
from harness.run.counted_facts import stored_guest
from harness.run.lifecycle.borrow import Say
from harness.run.lifecycle.signals import stop_signals
from harness.run.rules.advice.lines import at
from harness.run.rules.advice.making import by_saving
from harness.run.rules.advice.rewriting import rules_after
from harness.run.rules.bill import Wanted, left_out, make_bill, state_counts
from harness.run.rules.cost import count_states, plan_states
from harness.run.rules.event_bill import with_events
from harness.run.rules.events import CALLS, count_events

_FILE = 3
"""The place of the whole file among the states that every bill has."""
_BACKLOG = "backlog"
"""The kind that changes no rule."""


class _Pool:
    """The rules of the file, and behind them those that only a proposal has."""

    def __init__(self, rules: Sequence[LoadedRule]) -> None:
        self.rules = list(rules)
        self._places: dict[Rule, int] = {}
        for place, rule in enumerate(rules):
            self._places.setdefault(rule.view.rule.appended(), place)

    def places(self, rules: Sequence[LoadedRule]) -> tuple[int, ...]:
        """The places of these rules, which are added where they are not there yet."""
        return tuple(self._place(rule) for rule in rules)

    def _place(self, rule: LoadedRule) -> int:
        bare = rule.view.rule.appended()
        if bare not in self._places:
            self._places[bare] = len(self.rules)
            self.rules.append(rule)
        return self._places[bare]


def with_counts(parsed: Parsed, advice: Advice, kernel: str | None, say: Say) -> Advice:
    """The same advice with what a call and what the log's events are spared, in instructions, and
    in the order of that.
    """
    with stop_signals():
        emulator = emulator_version()
        image = find_kernel(kernel)
        pool = _Pool(parsed.rules)
        file = [rule.view.rule for rule in parsed.rules]
        states = [*plan_states(file)[: _FILE + 1], *_variants(parsed, advice, pool)]
        say(
            f"counting {counted(len(states), 'state')} under Linux {plain(image.release)} "
            f"({plain(image.source)}), in guests"
        )
        base = contents((LOAD, *CALLS), (PRICE,))
        bare = [rule.view.rule for rule in pool.rules]
        answers = count_states(image, base, bare, states, say, own=len(file))
        bill = make_bill(pool.rules, states, answers, stored_guest(image, emulator))
        out = left_out(answers)
        heard = [each for boot in answers for each in boot if each["event"] == "heard"]
        kept = [rule for place, rule in enumerate(file) if place not in out]
        bill = with_events(bill, parsed.rules, heard, count_events(image, base, kept, say))
    counts, floor = state_counts(len(states), answers)
    by_name = dict(zip((state.name for state in states), counts, strict=True))
    whole = counts[_FILE]

    def spared(name: str) -> float | None:
        value = by_name.get(name)
        return None if whole is None or value is None else whole - value

    found = [
        Counted(spared(_with(place)), spared(_without(place)), _price_of_events(each, bill))
        for place, each in enumerate(advice.proposals)
    ]
    priced = [each.events for each in found if each.events is not None]
    return replace(
        advice,
        proposals=tuple(sorted(map(_counted_as, advice.proposals, found), key=by_saving)),
        cautions=(*advice.cautions, *bill.cautions),
        guest=bill.guest,
        floor=floor,
        together=Counted(spared(_ALL), None, sum(priced) if priced else None),
    )


def _counted_as(proposal: Proposal, found: Counted) -> Proposal:
    return replace(proposal, counted=found)


def _own_prices(bill: Bill) -> dict[str, float]:
    """The price of a record by the place of the rule: of loads all of whose events it wrote, or,
    where there are none, of those that it wrote in part.
    """
    alone: dict[str, list[float]] = {}
    among: dict[str, list[float]] = {}
    for load in bill.loads:
        found = alone if len(load.lines) == 1 and not load.behind else among
        for rule in load.lines:
            found.setdefault(str(Place(rule.file, rule.line)), []).append(load.price.per_record)
    return {place: fmean(prices) for place, prices in {**among, **alone}.items()}


def _price_of_events(proposal: Proposal, bill: Bill) -> float | None:
    """What the events cost that a proposal adds; None for none, or if no load has any."""
    mean = bill.record_price
    if mean is None or not proposal.added.records:
        return None
    own = _own_prices(bill)
    by_rule = proposal.added_by or (("", proposal.added.records),)
    return sum(own.get(place, mean) * records for place, records in by_rule)


_ALL = "with all proposals"


def _with(place: int) -> str:
    return f"with proposal {place}"


def _without(place: int) -> str:
    return f"without what proposal {place} passes"


def _variants(parsed: Parsed, advice: Advice, pool: _Pool) -> list[Wanted]:
    """The states that proposals are counted in."""
    states = [Wanted(_ALL, pool.places(rules_after(parsed, advice.proposals)))]
    for place, proposal in enumerate(advice.proposals):
        if proposal.kind != _BACKLOG:
            states.append(Wanted(_with(place), pool.places(rules_after(parsed, (proposal,)))))
        if proposal.passed:
            rest = [rule for rule in parsed.rules if at(rule) not in proposal.passed]
            states.append(Wanted(_without(place), pool.places(rest)))
    return states
