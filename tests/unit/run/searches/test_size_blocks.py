"""The trials of a search for the backlog, on a host whose speeds are known."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import msgspec
import pytest

from harness.analysis.searches.backlog_demand import Demand, longest_queue
from harness.answers.result import make_result, make_view
from harness.answers.searches.size import make_size
from harness.errors import UsageError
from harness.model.run import Ledger, Moment, Sample, Trial
from harness.model.searches.size import SUSTAINED, LogDemand, SizeAnswer, Sizing, backlog_tried
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.reporters.documents.size import size_document
from harness.reporters.export.junit import result_junit
from harness.reporters.html.page import report_html
from harness.reporters.pull_request import pull_request_page
from harness.reporters.questions.size import size_page, size_sentences
from harness.reporters.render.markdown import page_markdown
from harness.reporters.result import result_page
from harness.run.lifecycle.resume import Past, ResumedBlocks
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan
from harness.run.size.blocks import SizeBlocks
from harness.run.size.plan import Demanded, demand_of_log, size_plan
from harness.run.trials.sample import sample_of
from tests.support.backlogs.searched import search_with, stored_run
from tests.support.backlogs.simulated import lost_simulated
from tests.support.command import ROOT
from tests.support.requests import asked
from tests.support.worker_documents import DONE

SCHEMA = json.loads((ROOT / "docs/schema/size.schema.json").read_text(encoding="utf-8"))
PER_OP = 4
"""Records of an event, the one that ends it included."""
MADE_PER_S, DRAIN_PER_S = 100_000.0, 40_000.0
RULES = "-a always,exit -F arch=b64 -S connect\n"
LOG = LogDemand(files=("a",), tenth=1, second=1, minute=1, minute_s=60, records_per_event=8)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "my.rules"
    path.write_text(RULES)
    return path


def planned(rules: Path, **demanded: Any) -> Plan:
    wanted = {"rate_per_s": 500.0, "burst": 20_000} | demanded
    request = asked(rule_files=(rules,), seed=1)
    return size_plan(request, Demanded(**wanted), trials=20, margin=1.5)


class Host:
    """A kernel and consumer that are simulated: what each trial would show."""

    def __init__(
        self, plan: Plan, *, drain_per_s: float = DRAIN_PER_S, per_op: int = PER_OP
    ) -> None:
        self.plan, self.drain_per_s, self.per_op = plan, drain_per_s, per_op
        self.trials: list[Trial] = []
        self.scenarios: dict[str, Any] = {}

    def measure(self, plan: Plan, trial: Trial) -> Sample:
        scenario = plan.scenario_of(trial.cell)
        self.trials.append(trial)
        self.scenarios[scenario.name] = scenario
        lost, waited_ms = 0, 0.0
        rate = scenario.rate_per_s
        elapsed_s = trial.ops / (rate or MADE_PER_S / PER_OP)
        timeline: tuple[Moment, ...] = ()
        if scenario.name == "saturated":
            limit = scenario.backlog_limit
            elapsed_s = (trial.ops * self.per_op - limit) / self.drain_per_s
            waited_ms = 1000 * elapsed_s / 2
        elif scenario.name == "sustained":
            growth = max(rate * self.per_op - self.drain_per_s, 0)
            timeline = tuple(
                Moment(round(1000 * t), round(growth * t), 0) for t in (elapsed_s / 2, elapsed_s)
            )
        elif (tried := backlog_tried(scenario.name)) is not None:
            demand = Demand(
                rate_per_s=rate * self.per_op,
                burst=float(scenario.workload_options["burst"]) * self.per_op,
                made_per_s=MADE_PER_S,
                pause_s=scenario.stop_for_ms / 1000,
            )
            lost = lost_simulated(demand, self.drain_per_s, tried[0])
            if tried[1]:
                lost, waited_ms = 0, 1000 * lost / self.drain_per_s
        return self._sample(trial, lost, waited_ms, elapsed_s, timeline)

    def _sample(
        self,
        trial: Trial,
        lost: int,
        waited_ms: float,
        elapsed_s: float,
        timeline: tuple[Moment, ...],
    ) -> Sample:
        events = trial.ops if self.per_op else 0
        refused = min(lost, events)
        counts = {"complete": events - refused, "partial": 0}
        calls = {"42": {**counts, "records": counts["complete"] * self.per_op}}
        return sample_of(
            trial,
            metrics={},
            ledger=Ledger(
                generated=events,
                lost=lost,
                refused=refused,
                vanished=0,
                suppressed=0,
                unexplained=0,
                waited_ms=waited_ms,
                **counts,
            ),
            workload_document=DONE | {"ops": trial.ops, "elapsed_ns": round(elapsed_s * 1e9)},
            consumer_document={"sessions": {"7": {"by_syscall": calls}}, "mode": "unicast"},
            status_before={"backlog_limit": self.plan_limit(trial)},
            timeline=timeline,
        )

    def plan_limit(self, trial: Trial) -> int:
        return int(self.scenarios[trial.cell.scenario].backlog_limit)


def searched(plan: Plan, host: Host) -> tuple[list[Sample], SizeBlocks]:
    assert plan.sizing is not None
    blocks = SizeBlocks(plan, plan.sizing)
    return search_with(blocks, host), blocks


def answer_of(plan: Plan, host: Host) -> SizeAnswer:
    samples, blocks = searched(plan, host)
    assert plan.sizing is not None
    return make_size(stored_run(blocks.plan, samples, blocks.course()), plan.sizing)


def needed(rate: float = 500, burst: float = 20_000, pause_s: float = 0.0) -> float:
    demand = Demand(
        rate_per_s=rate * PER_OP, burst=burst * PER_OP, made_per_s=MADE_PER_S, pause_s=pause_s
    )
    found = longest_queue(demand, DRAIN_PER_S)
    assert found is not None
    return found


@pytest.mark.parametrize("pause_s", [0.0, 0.3])
def test_the_answer_is_what_arithmetic_gives(rules: Path, pause_s: float) -> None:
    plan = planned(rules, pause_s=pause_s)
    answer = answer_of(plan, Host(plan))
    assert answer.outcome == "found"
    assert answer.trustworthy
    assert answer.lossy is not None
    assert answer.clean is not None
    wanted = needed(pause_s=pause_s)
    assert answer.computed == pytest.approx(wanted, rel=0.01)
    assert answer.lossy.backlog < wanted * 1.01
    assert wanted * 0.99 < answer.clean.backlog < wanted * 1.2
    assert (answer.lossy.trials, answer.clean.trials, answer.clean.lost) == (20, 20, 0)
    assert answer.advice is not None
    assert answer.advice.backlog == pytest.approx(1.5 * answer.clean.backlog, abs=64)
    assert answer.advice.lines[0] == f"-b {answer.advice.backlog}"
    assert answer.waited_ms is not None
    assert answer.waiting_trials == 3
    assert not answer.waiting_lost


def test_no_trial_has_a_backlog_without_limit_or_beyond_the_largest(rules: Path) -> None:
    plan = planned(rules, pause_s=0.3)
    host = Host(plan)
    searched(plan, host)
    for scenario in host.scenarios.values():
        assert 0 < scenario.backlog_limit <= 131_072
        assert scenario.failure == scenario.rate_limit == 0
        waits = scenario.name == "saturated" or scenario.name.endswith("+waiting")
        assert (scenario.backlog_wait_time > 0) == waits
    tried = [s for s in host.scenarios.values() if s.name.startswith("backlog-")]
    assert {s.stop_for_ms for s in tried} == {300}
    assert {s.workload_options["burst"] for s in tried} == {"20000"}


def test_a_consumer_that_is_too_slow_for_good(rules: Path) -> None:
    plan = planned(rules, rate_per_s=11_000.0)
    host = Host(plan)
    answer = answer_of(plan, host)
    assert answer.outcome == "too-slow"
    assert answer.trustworthy
    assert answer.advice is None
    assert answer.measured.growth_per_s == pytest.approx(4000, rel=0.01)
    # Nothing is searched for then.
    assert len(host.trials) == 2 + 3


def test_a_consumer_that_once_stood_still_is_not_too_slow_for_good(rules: Path) -> None:
    """It did not run at the end of the first trial at the rate alone, as on a restless host."""

    class StoodStill(Host):
        def measure(self, plan: Plan, trial: Trial) -> Sample:
            sample = super().measure(plan, trial)
            is_first = sum(each.cell.scenario == SUSTAINED for each in self.trials) == 1
            if trial.cell.scenario != SUSTAINED or not is_first:
                return sample
            moments = (Moment(t, max(t - 2830, 0) * 20, 0) for t in range(50, 3001, 50))
            return replace(sample, timeline=tuple(moments))

    plan = planned(rules)
    host = StoodStill(plan)
    answer = answer_of(plan, host)
    assert answer.outcome == "found"
    assert sum(each.cell.scenario == SUSTAINED for each in host.trials) == 2


def test_rules_that_do_not_match_the_load(rules: Path) -> None:
    plan = planned(rules)
    host = Host(plan, per_op=0)
    answer = answer_of(plan, host)
    assert answer.outcome == "nothing-matched"
    assert not answer.trustworthy
    assert len(host.trials) == 2


@pytest.mark.parametrize(
    ("document", "terms"),
    [
        ({"mode": "osqueryd", "own_count": {"events": 20_000}}, {"complete": None}),
        (None, {"complete": None}),
        ({"sessions": {}}, {"complete": 0, "refused": 20_000, "lost": 20_000}),
    ],
)
def test_records_that_nobody_showed_are_not_called_none(
    rules: Path, document: dict[str, Any] | None, terms: dict[str, Any]
) -> None:
    plan = planned(rules)
    assert plan.sizing is not None
    host, blocks = Host(plan), SizeBlocks(plan, plan.sizing)
    samples = []
    for trials in blocks:
        for trial in trials:
            sample = host.measure(blocks.plan, trial)
            unseen = replace(sample.ledger, partial=None, **terms)
            samples.append(replace(sample, consumer_document=document, ledger=unseen))
            blocks.take(samples[-1])
    assert len(samples) == 2
    answer = make_size(stored_run(blocks.plan, samples, blocks.course()), plan.sizing)
    assert (answer.outcome, answer.trustworthy) == ("open", False)
    first, *_ = size_sentences(answer)
    assert first.startswith("Not decided: what assemble received does not show how many records")
    jsonschema.validate(json.loads(json.dumps(size_document(answer))), SCHEMA)


def test_the_largest_backlog_may_be_too_small(rules: Path) -> None:
    plan = planned(rules, burst=50_000)
    answer = answer_of(plan, Host(plan, drain_per_s=20_000))
    assert answer.outcome == "none"
    assert answer.lossy is not None
    assert answer.lossy.backlog == 131_072
    assert answer.advice is None


def test_a_small_burst_needs_no_more_than_the_kernels_default(rules: Path) -> None:
    plan = planned(rules, burst=10, rate_per_s=5.0)
    answer = answer_of(plan, Host(plan))
    assert answer.outcome == "any"
    assert answer.clean is not None
    assert answer.clean.backlog == 64


def test_a_log_is_loaded_in_records(rules: Path) -> None:
    # Its events have eight records in the queue, those of the load four.
    plan = planned(rules, burst=5000, rate_per_s=100.0, log=LOG)
    answer = answer_of(plan, Host(plan))
    assert (answer.burst_ops, answer.rate_ops_per_s) == (10_000, 200)
    assert answer.computed == pytest.approx(needed(200, 10_000), rel=0.01)


@pytest.mark.parametrize(
    ("above_per_s", "begins"),
    [
        (3000, "The backlog must hold 30,000 records for the log's busiest 10 s"),
        (30_000, "No backlog helps in the log's busiest 10 s: 300,000 records more come"),
    ],
)
def test_a_log_that_is_busy_for_seconds_asks_for_more(
    rules: Path, above_per_s: int, begins: str
) -> None:
    came = round((DRAIN_PER_S + above_per_s) * 10 / PER_OP)
    log = msgspec.structs.replace(LOG, records_per_event=PER_OP, longer=((10, came),))
    plan = planned(rules, burst=5000, rate_per_s=100.0, log=log)
    answer = answer_of(plan, Host(plan))
    first, second, *_ = size_sentences(answer)
    assert first.startswith(begins)
    assert second.startswith("For its bursts alone: The backlog must hold")
    pasted = answer.advice.backlog if answer.advice is not None else None
    assert pasted == {3000: 45_056, 30_000: None}[above_per_s]
    jsonschema.validate(json.loads(json.dumps(size_document(answer))), SCHEMA)


def test_the_demand_of_a_log() -> None:
    rows = [(number, 2, 6) for number in range(600)] + [(1000, 50, 150)]
    demanded = demand_of_log(["audit.log"], rows, 0.5)
    assert demanded.log is not None
    assert demanded.log.records_per_event == 4
    assert (demanded.log.tenth, demanded.log.minute) == (50, 1200)
    assert (demanded.rate_per_s, demanded.pause_s) == (20, 0.5)


def test_a_search_that_was_stopped_goes_on_where_it_was(rules: Path) -> None:
    plan = planned(rules)
    whole, blocks = searched(plan, Host(plan))
    for kept in (1, 2, 5, len(whole) // 2, len(whole) - 1):
        host = Host(plan)
        stopped = stored_run(blocks.plan, whole[:kept], {"trials": kept + 1, "blocks": 1})
        assert plan.sizing is not None
        again = SizeBlocks(plan, plan.sizing)
        resumed = ResumedBlocks(again, Past(stopped), lambda _: None)
        samples = []
        for trials in resumed:
            for trial in trials:
                samples.append(host.measure(again.plan, trial))
                resumed.take(samples[-1])
        # A block that was broken off is measured again as a whole.
        assert len(samples) < len(whole) or kept == 1
        assert asdict(samples[-1]) == asdict(whole[-1])


def test_what_was_measured_before_a_stop_is_told(rules: Path) -> None:
    plan = planned(rules)
    samples, blocks = searched(plan, Host(plan))
    half = stored_run(blocks.plan, samples[: len(samples) // 2], {"trials": 99, "blocks": 9})
    assert plan.sizing is not None
    answer = make_size(half, plan.sizing)
    assert answer.outcome == "open"
    assert not answer.trustworthy


def test_what_the_run_was_cautioned_about_is_told(rules: Path) -> None:
    plan = planned(rules)
    samples, blocks = searched(plan, Host(plan))
    caution = {"name": "resumed", "what": "stopped, and resumed", "remedy": ""}
    stored = replace(
        stored_run(blocks.plan, samples, blocks.course()),
        environment=StoredEnvironment.read({"facts": {}, "cautions": [caution]}),
    )
    assert plan.sizing is not None
    assert "resumed" in [each.name for each in make_size(stored, plan.sizing).cautions]


def test_a_load_that_is_not_generated_is_no_answer_about_it(rules: Path) -> None:
    plan = planned(rules)
    samples, blocks = searched(plan, Host(plan))
    slow = [
        replace(s, workload_document=s.workload_document | {"elapsed_ns": 9_000_000_000})
        if s.scenario == "sustained"
        else s
        for s in samples
    ]
    assert plan.sizing is not None
    answer = make_size(stored_run(blocks.plan, slow, blocks.course()), plan.sizing)
    assert any(caution.name == "rate" for caution in answer.cautions)


@pytest.mark.parametrize(
    ("demanded", "words"),
    [
        ({"rate_per_s": 0.0}, "--rate 0"),
        ({"rate_per_s": 2e6}, "--rate 2e"),
        ({"burst": 0}, "--burst 0"),
        ({"burst": 1_000_001}, "--burst"),
        ({"pause_s": 11.0}, "--pause"),
    ],
)
def test_a_load_that_has_no_bound_is_refused(
    rules: Path, demanded: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        planned(rules, **demanded)


def test_one_load_and_one_consumer_that_tells(rules: Path) -> None:
    for words in ({"workloads": ("udp", "connect")}, {"consumers": ("none",)}):
        request = asked(rule_files=(rules,), **words)
        with pytest.raises(UsageError):
            size_plan(request, Demanded(rate_per_s=1, burst=1), trials=20, margin=1.5)


def test_reports_count_every_trial(rules: Path) -> None:
    plan = planned(rules)
    samples, blocks = searched(plan, Host(plan))
    stored = stored_run(blocks.plan, samples, blocks.course())
    losses = {loss.cell.scenario: loss for loss in make_result(stored).losses}
    assert plan.sizing is not None
    answer = make_size(stored, plan.sizing)
    for tried in answer.tried:
        loss = losses[f"backlog-{tried.backlog}"]
        assert (loss.trials, loss.trials_with_loss) == (tried.trials, tried.lost)
    assert make_result(stored).complete


def test_every_report_begins_with_the_answer_and_has_its_cautions(rules: Path) -> None:
    """Losing trials are how the border is found: they are not the answer of a report."""
    plan = planned(rules)
    samples, blocks = searched(plan, Host(plan))
    slow = [
        replace(s, workload_document=s.workload_document | {"elapsed_ns": 9_000_000_000})
        if s.scenario == SUSTAINED
        else s
        for s in samples
    ]
    # Earlier searches were stored as asking for loss.
    stored = stored_run(blocks.plan, slow, {**blocks.course(), "question": "loss"})
    view = make_view(stored)
    assert view.result.trustworthy
    pages = (pull_request_page(view.result), result_page(view.result))
    whole, brief = report_html([view], {}), page_markdown(pages[0])
    for text in (whole, *map(page_markdown, pages)):
        assert "The backlog must hold" in text
        assert "the load came to" in text
        assert "Events were lost in" not in text
    assert "Cells that lost events" not in whole
    assert "noise floor" not in whole
    assert re.search("^-b [0-9]+$", brief.split("<details>")[0], re.MULTILINE)
    cases = [case.get("name") for case in ET.fromstring(result_junit(view.result)).iter("testcase")]
    assert cases == ["answer", "is trustworthy"]


def test_what_is_asked_is_stored(rules: Path) -> None:
    plan = planned(rules, pause_s=0.25)
    stored = StoredPlan.read(plan_document(plan))
    assert isinstance(stored.sizing, Sizing)
    assert stored.sizing == plan.sizing


def test_while_the_consumer_stands_still_the_rules_are_the_loads_alone(tmp_path: Path) -> None:
    path = tmp_path / "many.rules"
    path.write_text(
        "-a always,exit -F arch=b64 -S connect -F auid>=1000 -F auid!=unset -k a\n"
        "-w /etc/shadow -p wa\n"
        "-a never,exit -F arch=b64 -S bind\n"
        "-a always,exclude -F msgtype=PATH\n"
    )
    plan = planned(path, pause_s=0.2)
    for scenario in plan.scenarios["connect"]:
        confined = [f"auid={plan.auid}" in text for text in scenario.rule_text]
        assert sorted(confined) == [False, False, True, True]
        assert len(scenario.rules) == 4
    assert int(plan.auid) > 2**31 - 2**16
    assert not plan.auid_free
    assert all("auid=2" not in text for text in planned(path).scenarios["connect"][0].rule_text)


def test_rules_of_one_user_are_still_matched(tmp_path: Path) -> None:
    path = tmp_path / "one.rules"
    path.write_text("-a always,exit -F arch=b64 -S connect -F auid=1234\n")
    assert planned(path, pause_s=0.2).auid == "1234"


def test_a_size_reads_as_a_page(rules: Path) -> None:
    plan = planned(rules, pause_s=0.2)
    text = page_markdown(size_page(answer_of(plan, Host(plan))))
    first, *rest = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert "The backlog must hold" in first
    assert any(line.startswith("-b ") for line in rest)
    document = size_document(answer_of(plan, Host(plan)))
    jsonschema.validate(json.loads(json.dumps(document)), SCHEMA)


@pytest.mark.parametrize(
    ("demanded", "host", "words"),
    [
        ({"rate_per_s": 11_000.0}, {}, "too slow for good"),
        ({}, {"per_op": 0}, "Nothing to size"),
        ({"burst": 50_000, "pause_s": 0.1}, {"drain_per_s": 20_000.0}, "No backlog that was tried"),
        ({"burst": 10, "rate_per_s": 5.0}, {}, "Any backlog is enough"),
    ],
)
def test_every_outcome_has_plain_words(
    rules: Path, demanded: dict[str, Any], host: dict[str, Any], words: str
) -> None:
    plan = planned(rules, **demanded)
    answer = answer_of(plan, Host(plan, **host))
    assert words in size_sentences(answer)[0]
    jsonschema.validate(json.loads(json.dumps(size_document(answer))), SCHEMA)


@pytest.mark.parametrize(
    "changes",
    [
        {"consumer_document": {"sessions": 7}},
        {"workload_document": {"ops": 1}},
        {"workload_document": DONE | {"ops": 0, "elapsed_ns": 0}},
        {"workload_document": DONE | {"elapsed_ns": 0}},
        {"timeline": (Moment(0, 0, 0), Moment(-5, 7, 0), Moment(1, -9, 0))},
        {"consumer_document": None},
    ],
)
def test_samples_that_were_damaged_end_in_no_traceback(
    rules: Path, changes: dict[str, Any]
) -> None:
    plan = planned(rules, burst=200)
    samples, blocks = searched(plan, Host(plan))
    assert plan.sizing is not None
    stored = stored_run(blocks.plan, [replace(s, **changes) for s in samples], blocks.course())
    with contextlib.suppress(UsageError):
        page_markdown(size_page(make_size(stored, plan.sizing)))
