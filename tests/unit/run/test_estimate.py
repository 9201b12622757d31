"""How long a run will take: from trials of the same load, or a guess that says that it is one."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.answers.estimate import LoadLike, times_taken
from harness.model.preview import Estimate
from harness.model.run import Cell
from harness.reporters.estimate import estimate_words, span
from harness.run.plan.estimate import DEFAULT_OPS_S, TRIAL_S, estimate, trials_of
from harness.run.plan.plan import Plan, make_plan
from harness.store import SAMPLES, load_run
from tests.support.requests import asked
from tests.support.rule_lines import loaded_rules
from tests.support.runs import COSTS_NS, OPS
from tests.support.stored.two_runs import write_run

LOAD = LoadLike({"udp": OPS}, workers=1, rate_per_s=None, command=())
START = datetime(2026, 1, 1, tzinfo=UTC)


def timed_run(folder: Path, seconds: float, *, held_up: int | None = None, **plan: Any) -> Path:
    """A run whose trials took so long each, the one at `held_up` an hour."""
    write_run(folder, blocks=2, plan=plan)
    start, lines = START, []
    for sample in load_run(folder).samples:
        began = start.isoformat(timespec="milliseconds")
        lines.append(json.dumps(asdict(replace(sample, started_at=began))))
        start += timedelta(seconds=3600 if sample.index == held_up else seconds)
    (folder / SAMPLES).write_text("".join(f"{line}\n" for line in lines))
    return folder


def planned(**words: Any) -> Plan:
    load = {"workloads": ("udp",), "scenarios": ("rules", "no-rules"), "ops": OPS, "blocks": 9}
    return make_plan(asked(**(load | words)))


def test_the_time_is_that_of_trials_with_the_same_load(tmp_path: Path) -> None:
    timed_run(tmp_path / "h-1" / "1", 2.0)
    taken = times_taken(tmp_path, "h-1", LOAD)
    assert taken.by_cell[Cell("udp", "rules", "assemble")] == pytest.approx(2.0)
    assert taken.runs == 1
    plan = planned()
    found = estimate(plan, tmp_path, "h-1")
    assert found.seconds == pytest.approx(2.0 * trials_of(plan))
    assert (found.measured, found.cells, found.runs) == (4, 4, 1)


@pytest.mark.parametrize(
    "plan",
    [{"ops": {"udp": 7}}, {"workers": 2}, {"rate_per_s": 5.0}, {"command": ["make"]}],
    ids=lambda plan: next(iter(plan)),
)
def test_trials_of_another_load_say_nothing(tmp_path: Path, plan: dict[str, Any]) -> None:
    timed_run(tmp_path / "h-1" / "1", 2.0, **plan)
    assert times_taken(tmp_path, "h-1", LOAD).runs == 0


def test_another_machine_says_nothing(tmp_path: Path) -> None:
    timed_run(tmp_path / "h-2" / "1", 2.0)
    assert times_taken(tmp_path, "h-1", LOAD).runs == 0


def test_the_newest_runs_count(tmp_path: Path) -> None:
    for name in "12345":
        timed_run(tmp_path / "h-1" / name, float(name))
    taken = times_taken(tmp_path, "h-1", LOAD)
    assert taken.runs == 3
    assert taken.by_workload["udp"] == pytest.approx(4.0)


def test_a_trial_that_was_held_up_does_not_make_all_long(tmp_path: Path) -> None:
    timed_run(tmp_path / "h-1" / "1", 1.0, held_up=5)
    assert times_taken(tmp_path, "h-1", LOAD).by_workload["udp"] < 2.0


def test_damage_is_passed_over(tmp_path: Path) -> None:
    timed_run(tmp_path / "h-1" / "1", 2.0)
    (timed_run(tmp_path / "h-1" / "2", 2.0) / "plan.toml").write_text("= {")
    (timed_run(tmp_path / "h-1" / "3", 2.0) / SAMPLES).write_text("{}\n{}\n")
    assert times_taken(tmp_path, "h-1", LOAD).runs == 1


def test_without_any_it_is_a_guess_from_the_operations(tmp_path: Path) -> None:
    plan = planned(ops=100_000)
    found = estimate(plan, tmp_path, "h-1")
    assert found.seconds == pytest.approx(trials_of(plan) * (TRIAL_S + DEFAULT_OPS_S))
    assert "a guess" in estimate_words(found)
    paced = estimate(planned(rate_per_s=100.0), tmp_path, "h-1")
    assert paced.seconds == pytest.approx(40 * (TRIAL_S + OPS / 100))


def test_a_guess_counts_what_another_program_takes(tmp_path: Path) -> None:
    """A trial of auditd took 1.5 s where one of the built-in consumer took 0.6."""
    words = {"scenarios": ("rules",), "ops": 20_000, "plan": "consumers"}
    own, foreign = (
        estimate(planned(consumers=(name,), **words), tmp_path, "h-1").seconds
        for name in ("store", "auditd")
    )
    assert own is not None
    assert foreign is not None
    assert foreign > 2 * own


@pytest.mark.parametrize(
    ("line", "least_ns", "most_ns"),
    [
        ("-a always,exit -F arch=b64 -S mount -k m", 5, 10),
        ("-w /etc/ -p wa -k etc", 30, 60),
        (f"-a always,exit -F arch=b64 -S getppid {'-F pid!=7 ' * 60}-F pid=1 -k dear", 900, 1200),
        ("-a always,exclude -F msgtype=CWD", 0, 0),
    ],
)
def test_a_guess_has_what_rules_add_to_a_call(
    line: str, least_ns: float, most_ns: float, tmp_path: Path
) -> None:
    """Counted, a line with 61 values makes getppid dearer by 3,043 instructions."""
    plan = planned(workloads=("syscalls",), scenarios=("no-rules",), ops=10_000_000)
    rules = [rule.view.rule for rule in loaded_rules(tmp_path, line)]
    (none,) = plan.scenarios["syscalls"][-1:]
    with_rules = replace(none, rules=tuple(rule.to_bytes() for rule in rules))
    before = estimate(plan, tmp_path, "h-1").seconds
    dear = replace(plan, scenarios={"syscalls": (*plan.scenarios["syscalls"][:-1], with_rules)})
    after = estimate(dear, tmp_path, "h-1").seconds
    assert before is not None
    assert after is not None
    added_ns = (after - before) / (plan.blocks + 1) / plan.ops["syscalls"] * 1e9
    assert least_ns <= round(added_ns, 6) <= most_ns


def test_a_command_that_is_new_is_not_guessed(tmp_path: Path) -> None:
    found = estimate(make_plan(asked(command=("true",), max_time="5m")), tmp_path, "h-1")
    assert found.seconds is None
    assert "not known" in estimate_words(found)
    assert "at most 5 min" in estimate_words(found)


def test_new_cells_are_said(tmp_path: Path) -> None:
    timed_run(tmp_path / "h-1" / "1", 2.0)
    found = estimate(planned(scenarios=("rules-scoped",)), tmp_path, "h-1")
    assert found.measured < found.cells
    assert f"{found.cells - found.measured} of {found.cells} cells" in estimate_words(found)


def test_limits_of_time_are_said(tmp_path: Path) -> None:
    widths = estimate(planned(until_ci="1%"), tmp_path, "h-1")
    assert widths.is_least
    assert "at least about" in estimate_words(widths)
    assert "at most 1 h" in estimate_words(widths)
    timed_run(tmp_path / "h-1" / "1", 100.0)
    assert estimate(planned(max_time="90s"), tmp_path, "h-1").seconds == 90.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (59.4, "59 s"),
        (119, "119 s"),
        (348, "6 min"),
        (3600, "1 h"),
        (4210, "1 h 10 min"),
    ],
)
def test_times_as_people_say_them(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_the_basis_is_said() -> None:
    measured = Estimate(seconds=348, cells=14, measured=14, runs=2)
    assert estimate_words(measured) == "about 6 min (as trials took in 2 runs here)"


def test_made_up_runs_have_the_scenarios_of_the_plan() -> None:
    assert {"rules", "no-rules", "no-audit"} <= COSTS_NS.keys()


def test_the_warm_up_of_a_soak_is_short(tmp_path: Path) -> None:
    plan = make_plan(asked(plan="soak", duration="10m"))
    guessed = estimate(plan, tmp_path, "h-1").seconds
    assert guessed == pytest.approx(600 + 3 + 2 * TRIAL_S)
