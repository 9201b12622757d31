"""What each part of a rule file adds to a call, from trials whose truth is known."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from harness.answers.line_taxes import PartTrial, taxes_of
from harness.errors import UntrustworthyError

TRUE_NS = (0.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
BASE_NS, ANY_NS = 100.0, 40.0


def trials(seed: int, noise_ns: float = 0.5, number: int = 120) -> list[PartTrial]:
    chance = random.Random(seed)
    made = []
    for at in range(number):
        parts = frozenset(part for part in range(len(TRUE_NS)) if chance.random() < 0.5)
        parts = frozenset() if at % 10 == 0 else parts
        block = at % 4
        ns = BASE_NS + 3 * block + (ANY_NS if parts else 0.0) + sum(TRUE_NS[p] for p in parts)
        made.append(PartTrial(block, parts, bool(parts), ns + chance.gauss(0, noise_ns)))
    return made


@pytest.mark.parametrize("seed", range(5))
def test_parts_are_in_the_order_of_their_true_taxes(seed: int) -> None:
    found = taxes_of(trials(seed), len(TRUE_NS))
    estimates = [part.ns for part in found.parts]
    assert estimates == sorted(estimates)
    assert estimates == pytest.approx(TRUE_NS, abs=1.0)
    assert found.any_rule.ns == pytest.approx(ANY_NS, abs=1.5)
    assert found.no_rules.ns == pytest.approx(BASE_NS + 4.5, abs=1.0)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = [
        part.low_ns <= true <= part.high_ns
        for seed in range(60)
        for part, true in zip(taxes_of(trials(seed), len(TRUE_NS)).parts, TRUE_NS, strict=True)
    ]
    assert 0.90 <= sum(held) / len(held) <= 0.985


def test_a_disturbed_trial_is_left_aside() -> None:
    clean = trials(1)
    held_up = [
        PartTrial(each.block, each.parts, each.has_rules, each.ns + (5000 if at % 30 == 7 else 0))
        for at, each in enumerate(clean)
    ]
    found = taxes_of(held_up, len(TRUE_NS))
    assert found.left_aside >= 4
    assert [part.ns for part in found.parts] == pytest.approx(TRUE_NS, abs=1.0)


@pytest.mark.parametrize("blocks", [4, 8, 20])
def test_one_disturbed_trial_does_not_take_its_neighbours_with_it(blocks: int) -> None:
    """The few trials that share a term with it lie far, too, until it is left aside."""
    chance = random.Random(1)
    sizes = (0, 1, 2, 3, 1, 4, 2)
    cells = [frozenset(chance.sample(range(4), size)) for size in sizes]
    cells += [frozenset({part}) for part in range(4)]
    made = [
        PartTrial(
            block,
            parts,
            bool(parts),
            100 + (40 if parts else 0) + sum((5, 2, 9, 1)[p] for p in parts) + chance.gauss(0, 0.5),
        )
        for block in range(blocks)
        for parts in cells
    ]
    at = next(n for n, trial in enumerate(made) if trial.block == 2 and not trial.parts)
    made[at] = replace(made[at], ns=made[at].ns + 500)
    found = taxes_of(made, 4)
    assert found.left_aside >= 1
    assert found.any_rule.ns == pytest.approx(40, abs=2)


def test_an_equal_part_is_not_told_from_nothing() -> None:
    found = taxes_of(trials(3), len(TRUE_NS))
    assert not found.parts[0].is_told
    assert found.parts[-1].is_told
    assert not found.parts[-1].overlaps(found.parts[-2])


def test_too_few_trials_are_refused() -> None:
    with pytest.raises(UntrustworthyError, match="too few to tell 12 terms apart"):
        taxes_of(trials(1)[:8], len(TRUE_NS))


@pytest.mark.parametrize("seed", range(40))
def test_on_a_restless_host_few_trials_still_give_a_bill(seed: int) -> None:
    """Where many trials lie far from the rest, they are not all left aside."""
    chance = random.Random(seed)
    restless = [
        PartTrial(each.block % 2, each.parts, each.has_rules, each.ns * chance.paretovariate(1.5))
        for each in trials(seed, number=24)
    ]
    found = taxes_of(restless, len(TRUE_NS))
    assert found.left_aside <= len(restless) / 4
    assert found.used + found.left_aside == len(restless)
