"""Where kernel time goes: shares of one cell, and of what one takes beyond another."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

import pytest

from harness.analysis.profile import FEWEST_SAMPLES, profiles
from harness.model.stored.profile import Extra, Profiles
from tests.support.stored.profiled_runs import AUDITED, CALL, LOG_EXIT, QUIET, profile_of


def both(quiet: Mapping[str, int], audited: Mapping[str, int], **fields: Any) -> Profiles:
    return profiles([profile_of("no-audit", quiet), profile_of("rules", audited, **fields)])


def extra_of(found: Profiles, group: str) -> Extra:
    assert found.change is not None
    return next(extra for extra in found.change.extras if extra.group == group)


def test_the_groups_of_a_cell() -> None:
    (cell,) = profiles([profile_of("rules", AUDITED)]).cells
    load, kauditd, consumer = cell.groups
    assert (load.samples, load.kernel_samples) == (1800, 1600)
    # 1,600 samples of a thousandth of a second in 100,000 operations.
    assert load.kernel_ns_per_op == pytest.approx(16_000)
    assert load.places.audit is not None
    assert load.places.audit.share == pytest.approx(800 / 1600)
    assert load.places.audit.low < 0.5 < load.places.audit.high
    assert kauditd.places.main is not None
    assert kauditd.places.main.function == "kauditd_send_queue"
    assert (consumer.samples, consumer.kernel_samples) == (350, 300)


def test_what_one_takes_beyond_the_other_and_where() -> None:
    extra = extra_of(both(QUIET, AUDITED), "load")
    assert extra.ns_per_op == pytest.approx(8000)
    assert extra.ratio == pytest.approx(2)
    assert extra.low is not None
    assert extra.high is not None
    assert extra.low < 2 < extra.high
    main = extra.places.main
    assert main is not None
    assert main.function == "audit_log_exit"
    assert main.share == pytest.approx(700 / 800)
    assert [(each.function, each.share) for each in extra.places.inner] == [
        ("audit_log_start", pytest.approx(0.4)),
        ("audit_log_end", pytest.approx(0.25)),
    ]
    assert extra.places.audit is not None
    assert extra.places.audit.share == pytest.approx(1)


def test_cells_are_compared_per_operation() -> None:
    twice = {stack: 2 * samples for stack, samples in QUIET.items()}
    extra = extra_of(both(QUIET, twice, ops=200_000), "load")
    assert extra.ratio == pytest.approx(1)
    assert extra.places.main is None


def test_a_difference_that_is_not_shown_has_no_places() -> None:
    slightly = {**QUIET, f"{LOG_EXIT};audit_log_end": 20}
    extra = extra_of(both(QUIET, slightly), "load")
    assert extra.low is not None
    assert extra.low < 1
    assert extra.places.main is None


def test_too_few_samples_say_nothing() -> None:
    few = {f"{CALL};a": FEWEST_SAMPLES - 1}
    found = both(few, few)
    assert extra_of(found, "load").ratio is None
    assert all(group.places.main is None for cell in found.cells for group in cell.groups)


def test_a_group_that_only_one_cell_has_is_told_alone() -> None:
    found = both(QUIET, AUDITED)
    extra = extra_of(found, "kauditd")
    assert extra.ratio is None
    assert extra.ns_per_op == pytest.approx(3000)
    assert extra.places.main is not None
    assert extra.places.main.share == 1


def test_operations_that_are_not_known_leave_no_difference() -> None:
    assert both(QUIET, AUDITED, ops=0).change is None
    assert (
        profiles([profile_of("rules", AUDITED, ops=0)]).cells[0].groups[0].kernel_ns_per_op is None
    )


def test_nothing_sampled_says_nothing() -> None:
    assert profiles([]) == Profiles()
    found = both({}, {})
    assert found.change is not None
    assert found.change.extras == ()


def test_the_interval_of_a_share_of_a_difference_holds_it() -> None:
    """Counts drawn around known rates: the interval holds the true share as often as it says."""
    chance = random.Random(20)
    held = tries = 300
    for _ in range(tries):
        quiet = {f"{CALL};a": _poisson(chance, 800)}
        audited = {
            f"{CALL};a": _poisson(chance, 800),
            f"{CALL};audit_log_exit": _poisson(chance, 600),
            f"{CALL};b": _poisson(chance, 200),
        }
        main = extra_of(both(quiet, audited), "load").places.audit
        assert main is not None
        held -= not main.low <= 0.75 <= main.high
    assert held / tries > 0.9
    assert held < tries


def _poisson(chance: random.Random, mean: float) -> int:
    return max(round(chance.gauss(mean, math.sqrt(mean))), 1)
