"""The plan from the rules the kernel holds to the rules it should hold, with the fewest deletes.

Pure computation on rule payloads. The kernel can only add at the head or the tail of a list and
delete by value, and each delete costs an RCU grace period (8 to 16 ms on an idle machine with
two CPUs) while an add costs microseconds: so rules that are already in the right order are kept,
and the rest is put around them. The lists are independent of each other. Rules with `path=` or
`inode=` live elsewhere in the kernel, but are listed, counted and ordered with their list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.kernel.messages import rule_is_prepended, rule_list, with_prepend


@dataclass(frozen=True, slots=True)
class RulePlan:
    """The steps, in this order: payloads to delete, then payloads to add.

    A payload to add carries the prepend flag where it belongs at the head.
    """

    deletes: tuple[bytes, ...]
    adds: tuple[bytes, ...]

    def __bool__(self) -> bool:
        return bool(self.deletes or self.adds)


def arrange(rules: Sequence[bytes]) -> tuple[bytes, ...]:
    """The rules in the order in which the kernel will list them, prepend flags cleared.

    `rules` are in a rule file's order: a rule with the prepend flag goes to the head of its list
    as the list is at that point.
    """
    lists: dict[int, list[bytes]] = {}
    for rule in rules:
        members = lists.setdefault(rule_list(rule), [])
        members.insert(0 if rule_is_prepended(rule) else len(members), with_prepend(rule, False))
    return tuple(rule for number in sorted(lists) for rule in lists[number])


def plan_rules(current: Sequence[bytes], wanted: Sequence[bytes]) -> RulePlan:
    """The plan that turns the listed rules `current` into `wanted` (also as listed)."""
    deletes: list[bytes] = []
    adds: list[bytes] = []
    for number in sorted({rule_list(rule) for rule in (*current, *wanted)}):
        plan = _plan_list(
            [rule for rule in current if rule_list(rule) == number],
            [rule for rule in wanted if rule_list(rule) == number],
        )
        deletes += plan.deletes
        adds += plan.adds
    return RulePlan(tuple(deletes), tuple(adds))


def _plan_list(current: list[bytes], wanted: list[bytes]) -> RulePlan:
    if current == wanted:
        return RulePlan((), ())
    if len(set(current)) < len(current) or len(set(wanted)) < len(wanted):
        return replace_list(current, wanted)
    start, stop = _longest_kept(current, wanted)
    kept = set(wanted[start:stop])
    head = [with_prepend(rule, True) for rule in reversed(wanted[:start])]
    return RulePlan(tuple(rule for rule in current if rule not in kept), (*wanted[stop:], *head))


def replace_list(current: Sequence[bytes], wanted: Sequence[bytes]) -> RulePlan:
    """Delete all and build anew, from the tail to the head.

    The kernel refuses to append a rule it has, but not to prepend it: so a list that holds a
    rule twice (which only prepending makes possible) comes back exactly.
    """
    return RulePlan(tuple(current), tuple(with_prepend(rule, True) for rule in reversed(wanted)))


def _longest_kept(current: list[bytes], wanted: list[bytes]) -> tuple[int, int]:
    """Bounds of the longest run of `wanted` whose rules are in `current` in that order."""
    place = {rule: index for index, rule in enumerate(current)}
    best = (0, 0)  # nothing kept: all is appended, in its order
    start = 0
    for index, rule in enumerate(wanted):
        if rule not in place:
            start = index + 1
        elif index > start and place[rule] < place[wanted[index - 1]]:
            start = index
        if index + 1 - start > best[1] - best[0]:
            best = (start, index + 1)
    return best
