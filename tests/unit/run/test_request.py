"""A request: how it is said on the command line, and what is read to make its plan, how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.answers.gate import GateRules
from harness.answers.limits import read_limits
from harness.cli import app
from harness.errors import InterruptedRunError, UsageError
from harness.run import ab, gate, overhead_check, session
from harness.run.plan import plan as planning
from harness.run.plan import scenario as scenarios
from harness.run.plan.plan import Plan, make_plan
from harness.run.request import Load, Request, Subject, WorkloadOptions
from harness.run.runner import Silence
from tests.support.requests import asked
from tests.support.stored.altered_runs import altered_run, slower

RULES = "-a always,exit -F arch=b64 -S connect -k net\n"


def said(*words: str) -> dict[str, Any]:
    """What a verb is called with."""
    verb, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    assert verb is not None
    return dict(bound.arguments)


def test_the_command_line_fills_the_request_itself(tmp_path: Path) -> None:
    words = "--workload udp shells --consumer store --ignore-lock --blocks 3 --fast"
    words += " --ops 7 --workers 2 --rate 100 --seed 9 --margin 3% p99=5% --until-ci 1%"
    words += " --max-time 5m --auid unset --netns x --busy-ns 4 -n 2 --scenario rules"
    words += " --rules a.rules b.rules --exclude-exe /bin/true --consumer-path go-audit=/bin/true"
    given = said("run", "pressure", *words.split(), "--results", str(tmp_path), "--label", "l")
    assert given["load"] == Load(
        workloads=("udp", "shells"),
        consumers=("store",),
        consumer_paths={"go-audit": Path("/bin/true").resolve()},
        ignore_lock=True,
        blocks=3,
        fast=True,
        ops=7,
        workers=2,
        rate_per_s=100.0,
        seed=9,
        margins=("3%", "p99=5%"),
        until_ci="1%",
        max_time="5m",
        auid="unset",
        workload_options=WorkloadOptions(netns="x", busy_ns=4, n=2),
    )
    assert given["load"].workload_options.given() == {"netns": "x", "busy_ns": "4", "n": "2"}
    assert given["subject"] == Subject(
        scenarios=("rules",), rule_files=(Path("a.rules"), Path("b.rules")), exclude_exe="/bin/true"
    )
    assert (given["conduct"].results, given["conduct"].label) == (tmp_path, "l")


@pytest.mark.parametrize("verb", ["run", "gate", "ab"])
def test_a_bare_verb_asks_for_nothing(verb: str) -> None:
    assert said(verb, *(("a", "b") if verb == "ab" else ())).keys() <= {"a", "b"}


def test_a_bad_path_of_a_consumer_is_told() -> None:
    with pytest.raises(UsageError, match="--consumer-path go-audit is not NAME=PATH"):
        said("run", "--consumer-path", "go-audit")
    load = said("run", "--consumer-path", "go-audit=/no/such")["load"]
    with pytest.raises(UsageError, match="--consumer-path go-audit=/no/such: no program is there"):
        make_plan(Request(load=load))


def test_two_paces_contradict_each_other() -> None:
    with pytest.raises(UsageError, match="--fast and --rigorous contradict each other"):
        make_plan(Request(load=Load(fast=True, rigorous=True)))


Measuring = Callable[[Request], object]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was read, and how many plans were made."""
    found: Counter[str] = Counter()

    def counting(function: Callable[..., Any], label: Callable[[Any], str]) -> Any:
        def counted(*words: Any, **named: Any) -> Any:
            found[label(words[0])] += 1
            return function(*words, **named)

        return counted

    rules = counting(scenarios.load_rule_file, lambda path: Path(path).name)
    plan_file = counting(planning.load_plan_file, lambda name: f"plan {name}")
    made = counting(make_plan, lambda _: "plans made")
    monkeypatch.setattr(scenarios, "load_rule_file", rules)
    for module in (planning, gate, ab):
        monkeypatch.setattr(module, "load_plan_file", plan_file)
    for module in (session, gate, ab, overhead_check):
        monkeypatch.setattr(module, "make_plan", made)
    return found


def judged(request: Request) -> object:
    rules = GateRules(read_limits(("own/elapsed:200%",)))
    return gate.gate_plan(request, rules, Silence, lambda text: None)


def contested(request: Request) -> object:
    own = request.subject.rule_files[0]
    pairing = ab.pair_up(request, own, own.with_name("other.rules"))
    return ab.run_ab(pairing, request.conduct, Silence(), lambda text: None)


def run(request: Request) -> object:
    return session.run_request(request, Silence())


@pytest.mark.parametrize("measuring", [run, judged, contested, overhead_check.measure_overhead])
def test_everything_is_read_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reads: Counter[str],
    measuring: Measuring,
) -> None:
    for name in ("own", "other"):
        (tmp_path / f"{name}.rules").write_text(RULES)
    folder = tmp_path / "h-1" / "run"
    stop = session.Outcome(folder, interrupted=True)
    monkeypatch.setattr(session, "run_session", lambda *_: stop)
    request = asked(workloads=("udp", "shells"), rule_files=(tmp_path / "own.rules",))
    if measuring is run:
        assert measuring(request) is stop
    else:
        with pytest.raises(InterruptedRunError, match=r"stopped before .*: what was measured"):
            measuring(request)
    others = {"other.rules": 1} if measuring is contested else {}
    assert reads == {"own.rules": 1, "plan overhead": 1, "plans made": 1, **others}


def test_measuring_once_more_reads_nothing_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: Counter[str]
) -> None:
    (tmp_path / "rules.rules").write_text(RULES)
    folders = [altered_run(tmp_path / "h-1" / f"run-{n}", slower("rules", 1.5)) for n in (1, 2)]
    plans: list[Plan] = []

    def measure(plan: Plan, *_: object) -> session.Outcome:
        plans.append(plan)
        return session.Outcome(folders[len(plans) - 1], interrupted=False)

    monkeypatch.setattr(session, "run_session", measure)
    rules = GateRules(read_limits(("udp/rules/elapsed:200%",)))
    request = asked(
        workloads=("udp", "shells"),
        rule_files=(tmp_path / "rules.rules",),
        # Of the two only `shells` takes it, which the second run leaves out.
        workload_options={"program": "/bin/true"},
    )
    report = gate.gate_plan(request, rules, Silence, lambda text: None)
    assert report.verdict == "fail"
    assert reads == {"rules.rules": 1, "plan overhead": 1, "plans made": 1}
    assert [plan.workloads for plan in plans] == [("udp", "shells"), ("udp",)]
    assert plans[1].seed == plans[0].seed + 1
    assert plans[1].ops.keys() == {"udp"}


def test_a_narrowed_plan_keeps_the_consumer_of_a_cell() -> None:
    plan = make_plan(asked(plan="consumers", seed=2**63 - 1))
    own = next(s for s in plan.scenarios["udp"] if s.consumer is not None)
    narrow = plan.narrowed(workloads={"udp"}, scenarios={own.name}, consumers={own.consumer or ""})
    assert {(cell.scenario, cell.consumer) for cell in narrow.cells()} == {(own.name, own.consumer)}
    assert narrow.seed == -(2**63)
    assert all(narrow.scenario_of(cell) == own for cell in narrow.cells())
