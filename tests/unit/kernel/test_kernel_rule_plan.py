"""Plans of rule changes, held against a model of the kernel's lists."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.kernel.lease.rule_plan import RulePlan, arrange, plan_rules
from harness.kernel.messages import rule_is_prepended, rule_list, with_prepend
from tests.fakes.fake_kernel import rule


def execute(current: list[bytes], plan: RulePlan) -> list[bytes]:
    """What the kernel holds after the plan; it fails where the kernel would refuse."""
    rules = list(current)
    for payload in plan.deletes:
        rules.remove(payload)
    for payload in plan.adds:
        plain, prepend = with_prepend(payload, False), rule_is_prepended(payload)
        assert prepend or plain not in rules, "EEXIST"
        rules.insert(0 if prepend else len(rules), plain)
    return sorted(rules, key=rule_list)


def letters(text: str, filter_list: int = 4) -> list[bytes]:
    return [rule(ord(letter), filter_list) for letter in text]


@pytest.mark.parametrize(
    ("current", "wanted", "deletes"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("", "abc", 0),
        ("abc", "", 3),
        ("abc", "xabc", 0),  # the usual exclusion, first
        ("xabc", "abc", 1),
        ("abc", "xabcy", 0),
        ("abc", "ac", 1),
        ("abc", "cab", 1),
        ("abc", "bca", 1),
        ("abc", "acb", 1),
        ("abc", "xyz", 3),
        ("abcdef", "xdefy", 3),
        ("axbycz", "abc", 3),
    ],
)
def test_no_more_is_deleted_than_must_be(current: str, wanted: str, deletes: int) -> None:
    plan = plan_rules(letters(current), letters(wanted))
    assert len(plan.deletes) == deletes
    assert execute(letters(current), plan) == letters(wanted)
    assert bool(plan) == (current != wanted)


@given(st.permutations("abcdef"), st.permutations("abcdefgh"), st.data())
def test_plans_reach_what_is_wanted_with_the_fewest_deletes(
    left: list[str], right: list[str], data: st.DataObject
) -> None:
    current = "".join(left[: data.draw(st.integers(0, 6))])
    wanted = "".join(right[: data.draw(st.integers(0, 8))])
    plan = plan_rules(letters(current), letters(wanted))
    assert execute(letters(current), plan) == letters(wanted)
    runs = [wanted[i:j] for i, j in itertools.combinations(range(len(wanted) + 1), 2)] + [""]
    kept = max(len(run) for run in runs if is_subsequence(run, current))
    assert len(plan.deletes) == len(current) - kept


def is_subsequence(text: str, of: str) -> bool:
    letters_of = iter(of)
    return all(letter in letters_of for letter in text)


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_rules_held_twice_come_back_twice(current: str, wanted: str) -> None:
    plan = plan_rules(letters(current), letters(wanted))
    assert execute(letters(current), plan) == letters(wanted)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([0, 1, 4, 5])), unique=True))
def test_lists_do_not_mix(items: list[tuple[str, int]]) -> None:
    wanted = arrange([rule(ord(letter), number) for letter, number in items])
    current = letters("abcd", 4) + letters("dcba", 5)
    assert execute(current, plan_rules(current, wanted)) == list(wanted)


def test_a_rule_file_is_arranged_as_the_kernel_would() -> None:
    a, b, c = letters("abc")
    task = rule(1, filter_list=1)
    exclude = rule(2, filter_list=5)
    written = [exclude, a, with_prepend(b, True), task, with_prepend(c, True)]
    assert arrange(written) == (task, c, b, a, exclude)
