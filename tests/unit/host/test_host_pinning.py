"""`--cpus`: what it means, what it refuses in one line, and the assignment without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.host.cpu import CpuFacts, read_cpu_facts
from harness.host.pinning import (
    Pinning,
    assign_cpus,
    cpu_list,
    default_pinning,
    parse_pinning,
    spread_pinning,
)
from harness.host.tree import parse_cpu_list
from tests.support.made_up_host import MadeUpHost

ALLOWED = (0, 1, 2, 3)


@pytest.fixture
def cpu(tmp_path: Path) -> CpuFacts:
    return read_cpu_facts(MadeUpHost(tmp_path).tree)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("workload=0,consumer=1", Pinning((0,), (1,))),
        ("consumer=1,workload=0", Pinning((0,), (1,))),
        ("workload=0-1", Pinning((0, 1), ())),
        ("workload=0,2-3,consumer=1", Pinning((0, 2, 3), (1,))),
        (" workload = 0 , consumer = 1 ", Pinning((0,), (1,))),
        ("workload=0,consumer=0", Pinning((0,), (0,))),
        ("none", Pinning()),
    ],
)
def test_parse(text: str, expected: Pinning) -> None:
    assert parse_pinning(text, ALLOWED) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no role"),
        ("0,1", "names no role"),
        ("worker=0", "'worker' is not a role"),
        ("workload=0,workload=1", "given twice"),
        ("workload=", "empty place"),
        ("workload=0,,1", "empty place"),
        ("workload=x", "not a CPU number"),
        ("workload=3-1", "backwards"),
        ("workload=-1", "not a CPU number"),
        ("workload=0-7", "CPU 4-7 is not allowed here"),
        ("workload=0,consumer=4", "CPU 4 is not allowed here"),
        ("workload=0=1", "not a CPU number"),
        ("none,workload=1", "names no role"),
    ],
)
def test_refusals_are_one_line_with_a_remedy(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_pinning(text, ALLOWED)
    assert words in caught.value.what
    assert caught.value.remedy
    assert "\n" not in caught.value.one_line()


@given(st.sets(st.integers(0, 63)), st.sets(st.integers(0, 63)))
def test_words_parse_back(workload: set[int], consumer: set[int]) -> None:
    pinning = Pinning(tuple(sorted(workload)), tuple(sorted(consumer)))
    assert parse_pinning(pinning.words(), range(64)) == pinning


@given(st.sets(st.integers(0, 63)))
def test_cpu_list_parses_back(cpus: set[int]) -> None:
    assert parse_cpu_list(cpu_list(list(cpus))) == tuple(sorted(cpus))


def test_default_keeps_siblings_apart(cpu: CpuFacts) -> None:
    # Cores are {0, 2} and {1, 3}: the last CPU that shares no core with the first is 3.
    assert default_pinning(cpu) == Pinning((0,), (3,))
    assert default_pinning(replace(cpu, allowed=(0, 1, 2))) == Pinning((0,), (1,))


def test_default_on_one_core_takes_its_threads(cpu: CpuFacts) -> None:
    assert default_pinning(replace(cpu, allowed=(0, 2))) == Pinning((0,), (2,))


def test_default_without_topology(cpu: CpuFacts) -> None:
    assert default_pinning(replace(cpu, siblings=())) == Pinning((0,), (3,))


def test_default_with_one_cpu_pins_nobody(cpu: CpuFacts) -> None:
    assert default_pinning(replace(cpu, allowed=(2,))) == Pinning()
    assert assign_cpus(None, replace(cpu, allowed=(2,))) == {}


def test_default_prefers_isolated_cpus(cpu: CpuFacts) -> None:
    isolated = replace(cpu, isolated=(1, 2))
    assert default_pinning(isolated) == Pinning((1,), (2,))
    assert default_pinning(replace(cpu, isolated=(3,))) == Pinning((0,), (3,))


def test_assign_takes_the_users_words(cpu: CpuFacts) -> None:
    assert assign_cpus("workload=1", cpu) == {"workload": (1,)}
    assert assign_cpus("none", cpu) == {}
    with pytest.raises(UsageError):
        assign_cpus("workload=3", replace(cpu, allowed=(0, 1)))


def test_several_processes_take_a_core_each_and_the_consumers_cpu_last(cpu: CpuFacts) -> None:
    two_cores = replace(cpu, siblings=((0, 1), (2, 3)), isolated=())
    assert spread_pinning(two_cores) == Pinning((0, 2, 1, 3), (3,))
    no_smt = replace(cpu, siblings=((0,), (1,), (2,), (3,)), isolated=())
    assert spread_pinning(no_smt) == Pinning((0, 1, 2, 3), (3,))
    assert spread_pinning(replace(no_smt, allowed=(0, 1))) == Pinning((0, 1), (1,))
    assert spread_pinning(replace(no_smt, isolated=(1, 2))) == Pinning((1, 2), (2,))


def test_the_first_of_several_processes_runs_where_one_alone_does(cpu: CpuFacts) -> None:
    alone, several = default_pinning(cpu), spread_pinning(cpu)
    assert (several.workload[0], several.consumer) == (alone.workload[0], alone.consumer)


def test_several_processes_on_one_cpu_are_not_pinned(cpu: CpuFacts) -> None:
    assert spread_pinning(replace(cpu, allowed=(2,))) == Pinning()


def test_what_the_user_pins_is_not_spread(cpu: CpuFacts) -> None:
    assert assign_cpus("workload=1", cpu, spread=True) == {"workload": (1,)}
