"""Which rule wrote an event: what the conditions leave open, and what the event's key says.

An event that is there was not excluded, so that no never-rule decided; and it has the key of the
rule that wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.kernel.rules.explain.order import Attempt, Outcome, attempts, fails_by_name, outcomes
from harness.kernel.rules.explain.records import Event
from harness.kernel.rules.lint.parsed import LoadedRule

Verdict = Literal["rule", "none", "unknown", "contradiction"]
"""A rule wrote it; none of these did; it cannot be told; key and conditions say different things.
"""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer for one event.

    `writer` is the rule that wrote it; `candidates` those that may have where that cannot be told,
    or that match although the key is another's. `tried` are the rules that the kernel asked, up to
    and without the writer. `reason` is the rest of the answer, in words.
    """

    event: Event
    verdict: Verdict
    writer: LoadedRule | None
    candidates: tuple[LoadedRule, ...]
    tried: tuple[Attempt, ...]
    reason: str = ""

    @property
    def is_explained(self) -> bool:
        """Whether the answer is certain."""
        return self.verdict in ("rule", "none")


def explain_event(event: Event, rules: Sequence[LoadedRule]) -> Explanation:
    """Which of the rules, given in the kernel's order, wrote the event."""
    if event.seen is None:
        verdict: Verdict = "none" if event.is_explained else "unknown"
        return Explanation(event, verdict, None, (), (), event.cause)
    tried = attempts(rules, event.seen)
    possible = outcomes(tried)
    recorded = [each for each in possible if each.winner is not None and each.winner.records]
    fitting = [each for each in recorded if each.key == event.key]
    winners = _unlike(fitting)
    if len(winners) == 1 and (event.key is not None or _is_certain(possible)):
        return _by_rule(event, winners[0], tried)
    if winners and not (event.cause and event.key is None):
        return _open(event, winners, tried)
    return _by_none(event, tried, possible, recorded)


def _is_certain(possible: Sequence[Outcome]) -> bool:
    """Whether only one rule, or none, can have decided."""
    return len({id(each.winner) for each in possible}) == 1


def _unlike(found: Sequence[Outcome]) -> list[Attempt]:
    """The deciding attempts, each once, in order."""
    return list({id(each.winner): each.winner for each in found if each.winner}.values())


def _by_rule(event: Event, winner: Attempt, tried: list[Attempt]) -> Explanation:
    before = tuple(tried[: tried.index(winner)])
    return Explanation(event, "rule", winner.rule, (), before)


def _open(event: Event, winners: list[Attempt], tried: list[Attempt]) -> Explanation:
    candidates = tuple(attempt.rule for attempt in winners)
    if len(winners) == 1:
        reason = (
            "it has no key, and the conditions of the one rule that may match cannot all be told"
        )
    else:
        reason = "several have its key" if event.key is not None else "several have no key, either"
    return Explanation(event, "unknown", None, candidates, tuple(tried), reason)


def _by_none(
    event: Event, tried: list[Attempt], possible: list[Outcome], recorded: list[Outcome]
) -> Explanation:
    if event.key is None and event.cause:
        others = _unlike([each for each in recorded if each.key is None])
        verdict: Verdict = "unknown" if others else "none"
        candidates = tuple(attempt.rule for attempt in others)
        return Explanation(event, verdict, None, candidates, tuple(tried), event.cause)
    linked = _by_another_name(event, tried)
    if linked and not _is_certain(recorded):
        rules = tuple(attempt.rule for attempt in linked)
        reason = (
            "by its key one rule may have, if its path or program is another name of "
            f"{linked[0].why[0]}"
        )
        return Explanation(event, "unknown", None, rules, tuple(tried), reason)
    if recorded and _is_certain(possible):
        matching = tuple(attempt.rule for attempt in _unlike(recorded))
        return Explanation(event, "contradiction", None, matching, tuple(tried), _other_key(event))
    with_key = tuple(each.rule for each in tried if each.rule.view.key == event.key)
    if with_key:
        reason = "its key is that of a rule that does not match"
        return Explanation(event, "contradiction", None, with_key, tuple(tried), reason)
    reason = "no rule has its key" if event.key is not None else "none matches"
    return Explanation(event, "none", None, (), tuple(tried), reason)


def _by_another_name(event: Event, tried: list[Attempt]) -> list[Attempt]:
    """The rules with the event's key that fail for a name alone, which a link may explain."""
    if event.key is None or event.seen is None:
        return []
    found = [
        attempt
        for attempt in tried
        if attempt.rule.view.key == event.key and fails_by_name(attempt, event.seen)
    ]
    return found if len(found) == 1 else []


def _other_key(event: Event) -> str:
    said = "it has another key than" if event.key is not None else "it has no key, unlike"
    return f"{said} the rule that matches"
