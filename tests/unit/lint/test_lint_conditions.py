"""Whether a rule covers another, or is apart from it, held against events drawn at random."""

from __future__ import annotations

import random

import pytest

from harness.kernel.rules.fields import ALL_SYSCALLS, UNSET, Field, FilterList, Operator
from harness.kernel.rules.lint.conditions import View, contradiction, is_below
from harness.kernel.rules.matching.field_match import _COMPARATORS
from harness.kernel.rules.rule import Rule, RuleField, mask_of

VALUES = {
    Field.UID: (0, 1, 1000, 1001, UNSET - 1),
    Field.LOGINUID: (0, 999, 1000, UNSET),
    Field.EXIT: (0, 3, 13, UNSET - 12, UNSET),
    Field.SUCCESS: (0, 1),
    Field.ARG0: (0, 1, 2, 3, 64),
}
ERRORS = range(UNSET - 4094, UNSET + 1)
SYSCALLS = (2, 42, 59)
ORDER = [each for each in Operator if each not in (Operator.MASK, Operator.BIT_TEST)]


def random_rule(chance: random.Random) -> Rule:
    fields = []
    for _ in range(chance.randint(0, 4)):
        number = chance.choice(list(VALUES))
        operators = list(Operator) if number == Field.ARG0 else ORDER
        fields.append(RuleField(number, chance.choice(operators), chance.choice(VALUES[number])))
    calls = chance.sample(SYSCALLS, chance.randint(1, 3))
    mask = ALL_SYSCALLS if chance.random() < 0.2 else mask_of(calls)
    return Rule(FilterList.EXIT, 2, mask, tuple(fields))


def random_event(chance: random.Random) -> dict[int, int]:
    event = {int(number): chance.choice(values) for number, values in VALUES.items()}
    event[Field.SUCCESS] = int(event[Field.EXIT] not in ERRORS)
    event[-1] = chance.choice(SYSCALLS)
    return event


def matches(rule: Rule, event: dict[int, int]) -> bool:
    return rule.names_syscall(event[-1]) and all(
        _COMPARATORS[field.op](event[field.field], field.number) for field in rule.fields
    )


@pytest.mark.parametrize("seed", range(40))
def test_answers_hold_for_events(seed: int) -> None:
    chance = random.Random(seed)
    events = [random_event(chance) for _ in range(400)]
    answers = [0, 0, 0]
    for _ in range(400):
        one, two = random_rule(chance), random_rule(chance)
        mine = [matches(one, event) for event in events]
        others = [matches(two, event) for event in events]
        if contradiction(one):
            answers[0] += 1
            assert not any(mine), one
        if View(one).covers(View(two)):
            answers[1] += 1
            assert not any(b and not a for a, b in zip(mine, others, strict=True)), (one, two)
        if View(one).is_apart(View(two)):
            answers[2] += 1
            assert not any(a and b for a, b in zip(mine, others, strict=True)), (one, two)
    assert min(answers) >= 5


@pytest.mark.parametrize("seed", range(10))
def test_a_rule_is_found_by_its_anchor(seed: int) -> None:
    """Whatever a rule covers has its anchor: the pairs that are not compared are none."""
    chance = random.Random(seed)
    found = 0
    for _ in range(2000):
        one, two = View(random_rule(chance)), View(random_rule(chance))
        if one.anchor is None or contradiction(two.rule) or not one.covers(two):
            continue
        found += 1
        assert one.anchor in two.points
    assert found


@pytest.mark.parametrize(
    ("path", "folder", "below"),
    [
        (b"/etc/passwd", b"/etc", True), (b"/etc", b"/etc/", True), (b"/etc/", b"/etc", True),
        (b"/etcetera", b"/etc", False), (b"/etc", b"/etc/passwd", False), (b"/etc", b"/", True),
    ],
)  # fmt: skip
def test_what_is_below_a_folder(path: bytes, folder: bytes, below: bool) -> None:
    assert is_below(path, folder) is below
