"""The trials of a search for the capacity, on a host whose speeds are known."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.answers.result import make_result, make_view
from harness.answers.searches import capacity
from harness.answers.searches.capacity import make_capacity
from harness.errors import UsageError
from harness.model.run import Ledger, Sample, Scenario, Trial
from harness.model.searches.capacity import CapacityAnswer, CapacityOf, CapacitySearch, RateTrial
from harness.model.stored.plan import StoredPlan
from harness.reporters.documents.capacity import capacity_document
from harness.reporters.html.page import report_html
from harness.reporters.plots.catalog import PLOTS
from harness.reporters.plots.picture import svg_text
from harness.reporters.questions.capacity import capacity_page, capacity_sentences
from harness.reporters.render.markdown import page_markdown
from harness.run.capacity.blocks import CapacityBlocks
from harness.run.capacity.plan import capacity_plan
from harness.run.lifecycle.resume import Past, ResumedBlocks
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan
from harness.run.trials.sample import sample_of
from tests.support.backlogs.searched import search_with, stored_run
from tests.support.command import ROOT
from tests.support.reports.plot_views import made_up_view
from tests.support.requests import asked
from tests.support.worker_documents import DONE

SCHEMA = json.loads((ROOT / "docs/schema/capacity.schema.json").read_text(encoding="utf-8"))
PER_OP = 4
"""Records of an event, the one that ends it included."""
MADE, TAKEN = 60_000.0, 5_000.0
"""Operations per second of the load where nothing is in its way, and of the consumer."""
RULES = "-b {backlog}\n-a always,exit -F arch=b64 -S connect\n"


def planned(
    folder: Path,
    *,
    backlog: int = 8192,
    names: Sequence[str] = ("my",),
    retrial_s: float = 0.0,
    **more: Any,
) -> Plan:
    files = [folder / f"{name}.rules" for name in names]
    for file in files:
        file.write_text(RULES.format(backlog=backlog))
    request = asked(rule_files=tuple(files), seed=1, **more)
    return capacity_plan(request, backlog=None, retrial_s=retrial_s)


class Host:
    """A kernel and consumers that are simulated: what each trial would show."""

    def __init__(
        self, *, made: float = MADE, taken: float = TAKEN, per_op: int = PER_OP, lag_s: float = 0.02
    ) -> None:
        self.made, self.taken, self.per_op, self.lag_s = made, taken, per_op, lag_s
        self.trials: list[Trial] = []
        self.scenarios: list[Scenario] = []

    def taken_by(self, trial: Trial) -> float:
        return self.taken

    def measure(self, plan: Plan, trial: Trial) -> Sample:
        scenario = plan.scenario_of(trial.cell)
        self.trials.append(trial)
        self.scenarios.append(scenario)
        assert scenario.backlog_limit is not None
        taken, room = self.taken_by(trial), scenario.backlog_limit / PER_OP
        burst = "burst" in scenario.workload_options
        rate = self.made if burst or not scenario.rate_per_s else scenario.rate_per_s
        rate = min(rate, self.made)
        waits = bool(scenario.backlog_wait_time)
        if waits:
            rate = min(rate, taken)
        elapsed_s = trial.ops / rate
        queued = max(trial.ops - taken * elapsed_s, 0.0)
        if scenario.stop_for_ms:
            queued = max(queued, rate * scenario.stop_for_ms / 1000)
        lost = round(max(queued - room, 0.0))
        left = min(max(trial.ops - lost - taken * elapsed_s, 0.0), room)
        through_ms = 1000 * (self.lag_s + left / taken)
        return self._sample(trial, scenario, lost, elapsed_s, through_ms, waited=waits)

    def _sample(
        self,
        trial: Trial,
        scenario: Scenario,
        lost: int,
        elapsed_s: float,
        through_ms: float,
        *,
        waited: bool,
    ) -> Sample:
        events = trial.ops if self.per_op else 0
        refused = min(lost, events)
        counts = {"complete": events - refused, "partial": 0}
        calls = {"42": {**counts, "records": counts["complete"] * self.per_op}}
        paced = {"rate_per_s": scenario.rate_per_s} if scenario.rate_per_s else {}
        return sample_of(
            trial,
            metrics={
                **paced,
                "through_ms": through_ms,
                "rate_reached_per_s": trial.ops / elapsed_s,
                "events_received": float(counts["complete"]),
                "cpu_workload_ns_per_op": 4000.0,
                "cpu_kauditd_ns_per_op": 3000.0,
                "cpu_process_ns_per_event:mine": 190_000.0,
            },
            ledger=Ledger(
                generated=events,
                lost=lost * PER_OP,
                refused=refused,
                vanished=0,
                suppressed=0,
                unexplained=0,
                waited_ms=100.0 if waited else 0.0,
                **counts,
            ),
            workload_document=DONE | {"ops": trial.ops, "elapsed_ns": round(elapsed_s * 1e9)},
            consumer_document={"sessions": {"7": {"by_syscall": calls}}, "mode": "unicast"},
            status_before={"backlog_limit": scenario.backlog_limit},
        )


def searched(plan: Plan, host: Host) -> tuple[list[Sample], CapacityBlocks]:
    assert plan.capacity is not None
    blocks = CapacityBlocks(plan, plan.capacity)
    return search_with(blocks, host), blocks


def answer_of(plan: Plan, host: Host) -> CapacityAnswer:
    samples, blocks = searched(plan, host)
    assert plan.capacity is not None
    answer = make_capacity(stored_run(blocks.plan, samples, blocks.course()), plan.capacity)
    jsonschema.validate(json.loads(json.dumps(capacity_document(answer))), SCHEMA)
    return answer


def only(plan: Plan, host: Host) -> CapacityOf:
    (found,) = answer_of(plan, host).found
    return found


@pytest.mark.parametrize("taken", [300.0, 5_000.0, 31_000.0])
@pytest.mark.parametrize("backlog", [64, 32_768])
def test_the_capacity_is_found_whatever_the_backlog(
    tmp_path: Path, taken: float, backlog: int
) -> None:
    host = Host(taken=taken)
    found = only(planned(tmp_path, backlog=backlog), host)
    assert found.outcome == "found"
    assert found.backlog == backlog
    for bracket in found.brackets:
        assert bracket.low is not None
        assert bracket.high is not None
        # What is queued for less than the grace does not count as loss, and is not counted either.
        assert taken * 0.95 < bracket.low <= taken
        assert taken < bracket.high < taken * 1.06
        assert bracket.width is not None
        assert bracket.width < 0.06
    assert found.saturated_waited
    assert found.agrees
    # Within ten minutes for three.
    assert len(host.trials) < 70


def test_a_busier_queue_than_the_load_can_fill(tmp_path: Path) -> None:
    found = only(planned(tmp_path), Host(taken=2 * MADE))
    assert (found.outcome, found.limit) == ("load", "load")
    assert found.brackets[0].high is None
    assert found.brackets[0].low == pytest.approx(MADE, rel=0.03)
    assert found.burst is not None
    assert found.burst.lossy is None


def test_a_load_that_is_not_generated_is_no_loss(tmp_path: Path) -> None:
    class Slower(Host):
        def measure(self, plan: Plan, trial: Trial) -> Sample:
            # At a rate the load comes to less than without one.
            self.made = MADE if plan.scenario_of(trial.cell).rate_per_s is None else 20_000.0
            return super().measure(plan, trial)

    answer = answer_of(planned(tmp_path), Slower(taken=30_000.0))
    (found,) = answer.found
    assert found.outcome == "load"
    assert found.brackets[0].low == pytest.approx(20_000, rel=0.03)
    assert "rate" in [caution.name for caution in answer.cautions]


@pytest.mark.parametrize("backlog", [1024, 8192])
def test_burst_pause_and_recovery_are_what_arithmetic_gives(tmp_path: Path, backlog: int) -> None:
    found = only(planned(tmp_path, backlog=backlog), Host(lag_s=0.0))
    room = backlog / PER_OP
    for most, wanted in (
        (found.burst, room * MADE / (MADE - TAKEN)),
        (found.pause, 1000 * room / (found.pause_rate or 1)),
    ):
        assert most is not None
        assert most.clean is not None
        assert most.lossy is not None
        assert most.clean.value < wanted * 1.01
        assert most.lossy.value > wanted * 0.99
        assert most.lossy.value < most.clean.value * 1.06
        assert most.computed == pytest.approx(wanted, rel=0.05)
        assert most.clean.trials >= 3
        assert most.lossy.lost
    assert found.recovery_ms == pytest.approx(1000 * room / TAKEN, rel=0.02)
    assert found.recovery_computed_ms == pytest.approx(1000 * room / TAKEN, rel=0.05)
    assert found.recovery_factor == pytest.approx(2, rel=0.01)


def test_the_two_rates_are_tried_again(tmp_path: Path) -> None:
    plan = planned(tmp_path, retrial_s=60.0)
    host = Host()
    low, high = only(plan, host).retrials
    assert low.seconds == pytest.approx(60, rel=0.01)
    assert (low.lost, low.late) == (0, 0)
    assert high.late + high.lost > 0
    assert high.rate > low.rate


def test_the_fastest_of_several_loads_is_the_fastest(tmp_path: Path) -> None:
    class SlowAtFirst(Host):
        def measure(self, plan: Plan, trial: Trial) -> Sample:
            self.made = 3_000.0 if trial.index == 0 else MADE
            return super().measure(plan, trial)

    found = only(planned(tmp_path), SlowAtFirst())
    assert found.fastest_per_s == pytest.approx(MADE, rel=0.01)
    assert found.outcome == "found"


def test_a_load_that_was_slowed_while_its_rate_was_searched_for_is_told(tmp_path: Path) -> None:
    class Slowed(Host):
        def measure(self, plan: Plan, trial: Trial) -> Sample:
            self.made = MADE if trial.cell.scenario.endswith("saturated") else 20_000.0
            return super().measure(plan, trial)

    answer = answer_of(planned(tmp_path), Slowed(taken=40_000.0))
    (found,) = answer.found
    assert (found.outcome, found.agrees) == ("load", False)
    assert "waiting" in [caution.name for caution in answer.cautions]
    # What it takes at least is no speed to do arithmetic with.
    assert found.recovery_ms is found.recovery_computed_ms is None
    assert found.burst is not None
    assert found.burst.computed is None
    text = page_markdown(capacity_page(answer))
    assert "no recovery from more is to be seen" in text
    pressed = replace(answer, found=(replace(found, recovery_factor=2.0),))
    assert "No recovery is to be seen" in page_markdown(capacity_page(pressed))
    assert "how much more is not decided" in capacity_sentences(answer)[0]
    assert not answer.trustworthy


class Otherwise(Host):
    """A host on which the consumer takes as much when the two rates are tried again."""

    def __init__(self, again: float, made_again: float = MADE) -> None:
        super().__init__()
        self.again, self.made_again = again, made_again

    def measure(self, plan: Plan, trial: Trial) -> Sample:
        if "+retrial-" in trial.cell.scenario:
            self.taken, self.made = self.again, self.made_again
        return super().measure(plan, trial)


class FasterInTheMean(Host):
    """A host on which the consumer takes a quarter more while the load waits for room; `again` is
    what it takes when the rate that loses is tried again.
    """

    def __init__(self, again: float) -> None:
        super().__init__()
        self.again = again

    def taken_by(self, trial: Trial) -> float:
        if trial.cell.scenario.endswith("saturated"):
            return 1.25 * self.taken
        return self.again if "+retrial-" in trial.cell.scenario else self.taken


def test_a_consumer_whose_speed_varies_is_told_from_a_disturbed_search(tmp_path: Path) -> None:
    """The rate that loses is tried again, and loses again."""
    host = FasterInTheMean(again=TAKEN)
    answer = answer_of(planned(tmp_path), host)
    (again,) = (scenario for scenario in host.scenarios if "+retrial-" in scenario.name)
    assert again.rate_per_s == int(answer.found[0].brackets[0].high or 0)
    assert answer.trustworthy
    (said,) = capacity_sentences(answer)
    assert "Its speed varies: in the mean, with waiting allowed, 6,2" in said
    assert "waiting" not in [caution.name for caution in answer.cautions]


def test_more_with_waiting_and_no_loss_again_is_no_answer(tmp_path: Path) -> None:
    answer = answer_of(planned(tmp_path), FasterInTheMean(again=1.25 * TAKEN))
    assert not answer.trustworthy
    assert {"waiting", "confirm"} <= {caution.name for caution in answer.cautions}
    assert "It is not sure" in capacity_sentences(answer)[0]


def test_an_answer_that_its_own_retrial_contradicts_is_not_relied_on(tmp_path: Path) -> None:
    answer = answer_of(planned(tmp_path, retrial_s=60.0), Otherwise(2_000.0))
    assert not answer.trustworthy
    assert "Tried again, the rate without loss lost events." in capacity_sentences(answer)[0]
    assert "confirm" in [caution.name for caution in answer.cautions]


def test_a_rate_that_loses_and_then_does_not_is_told(tmp_path: Path) -> None:
    answer = answer_of(planned(tmp_path, retrial_s=60.0), Otherwise(9_000.0))
    assert answer.trustworthy
    assert [c.name for c in answer.cautions].count("confirm") == 1


def test_a_retrial_that_did_not_come_to_its_rate_proves_nothing(tmp_path: Path) -> None:
    answer = answer_of(planned(tmp_path, retrial_s=60.0), Otherwise(9_000.0, 3_000.0))
    assert "confirm" not in [caution.name for caution in answer.cautions]
    assert "(the load came to 3,000) lost nothing" in page_markdown(capacity_page(answer))


def test_no_trial_but_two_waits_and_none_is_without_a_limit(tmp_path: Path) -> None:
    plan, host = planned(tmp_path), Host()
    searched(plan, host)
    waiting = [scenario.name for scenario in host.scenarios if scenario.backlog_wait_time]
    assert waiting == ["my+assemble+saturated"]
    for scenario in host.scenarios:
        assert scenario.failure == scenario.rate_limit == 0
        assert scenario.backlog_limit in (8192, 131_072)
        # Nobody else is to wait or to lose events while the consumer is stopped.
        assert all(f"auid={plan.auid}" in text for text in scenario.rule_text)
    assert max(scenario.stop_for_ms for scenario in host.scenarios) <= 10_000
    assert max(trial.ops for trial in host.trials) <= 1_000_000


def test_each_rules_with_each_consumer(tmp_path: Path) -> None:
    class Two(Host):
        def taken_by(self, trial: Trial) -> float:
            factor = 2.0 if trial.cell.consumer == "store" else 1.0
            return factor * (1_000.0 if trial.cell.scenario.startswith("b+") else TAKEN)

    plan = planned(tmp_path, names=("a", "b"), consumers=("assemble", "store"))
    answer = answer_of(plan, Two())
    assert [(f.rules, f.consumer) for f in answer.found] == [
        ("a", "assemble"),
        ("a", "store"),
        ("b", "assemble"),
        ("b", "store"),
    ]
    for found, wanted in zip(answer.found, (5000, 10_000, 1000, 2000), strict=True):
        assert found.brackets[0].low == pytest.approx(wanted, rel=0.05)
    assert answer.trustworthy
    assert len(capacity_sentences(answer)) == 4


def test_a_search_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    whole, blocks = searched(plan, Host())
    assert plan.capacity is not None
    for kept in (1, 2, len(whole) // 2, len(whole) - 1):
        host = Host()
        stopped = stored_run(blocks.plan, whole[:kept], {"trials": kept + 1, "blocks": 1})
        again = CapacityBlocks(plan, plan.capacity)
        resumed = ResumedBlocks(again, Past(stopped), lambda _: None)
        samples = []
        for trials in resumed:
            for trial in trials:
                samples.append(host.measure(again.plan, trial))
                resumed.take(samples[-1])
        assert len(samples) == len(whole) - kept
        assert asdict(samples[-1]) == asdict(whole[-1])
        half = make_capacity(stopped, plan.capacity)
        assert not half.trustworthy


def test_a_consumer_that_fails_is_left_out(tmp_path: Path) -> None:
    class Failing(Host):
        def measure(self, plan: Plan, trial: Trial) -> Sample:
            sample = super().measure(plan, trial)
            if trial.cell.consumer == "store":
                return replace(sample, valid=False, invalid_reason="it ended")
            return sample

    plan = planned(tmp_path, consumers=("store", "assemble"))
    answer = answer_of(plan, Failing())
    failed, found = answer.found
    assert (failed.outcome, failed.failure) == ("failed", "it ended")
    assert found.outcome == "found"
    assert not answer.trustworthy
    assert "it ended" in capacity_sentences(answer)[0]


def test_a_search_for_a_pause_that_was_given_up_is_not_decided(tmp_path: Path) -> None:
    class EndsInPauses(Host):
        def measure(self, plan: Plan, trial: Trial) -> Sample:
            sample = super().measure(plan, trial)
            if plan.scenario_of(trial.cell).stop_for_ms > 170:
                return replace(sample, valid=False, invalid_reason="it ended")
            return sample

    answer = answer_of(planned(tmp_path), EndsInPauses())
    pause = answer.found[0].pause
    assert pause is None or not pause.decided
    assert not answer.trustworthy
    page = page_markdown(capacity_page(answer))
    assert "the longest that is tried" not in page
    if pause is not None:
        assert "is not decided" in page
        assert any(caution.name == "not-decided" for caution in answer.cautions)
    else:
        assert any("the rest was not measured: it ended" in each.what for each in answer.cautions)


@pytest.mark.parametrize("backlog", [16, 64])
def test_a_short_pause_is_not_taken_for_the_longest_that_is_tried(
    tmp_path: Path, backlog: int
) -> None:
    """By arithmetic it is a millisecond or two; the consumer's own buffer holds much longer."""

    class Buffered(Host):
        def measure(self, plan: Plan, trial: Trial) -> Sample:
            scenario = plan.scenario_of(trial.cell)
            if scenario.stop_for_ms and scenario.stop_for_ms <= 200:
                plan = replace(
                    plan,
                    scenarios={
                        name: tuple(replace(each, stop_for_ms=0) for each in scenarios)
                        for name, scenarios in plan.scenarios.items()
                    },
                )
            return super().measure(plan, trial)

    pause = only(planned(tmp_path, backlog=backlog), Buffered(taken=25_000.0)).pause
    assert pause is not None
    assert pause.clean is not None
    assert pause.lossy is not None
    assert pause.clean.value <= 200 < pause.lossy.value


def test_a_loss_below_what_was_taken_without_loss_is_not_decided() -> None:
    def trial(rate: int, reached: float, lost: int) -> RateTrial:
        return RateTrial(
            rate=rate, seconds=5.0, reached_per_s=reached, forwarded_per_s=reached - lost / 5,
            offered=round(5 * reached), lost=lost, late=0, through_ms=0.0,
        )  # fmt: skip

    trials = [trial(941, 924.0, 0), trial(941, 815.0, 0), trial(970, 828.0, 97)]
    bracket = capacity._bracket(0.0, (941, 970), trials)
    assert bracket.crossed
    assert bracket.low is not None
    assert bracket.high == 970
    found = CapacityOf(rules="my", consumer="c", backlog=64, outcome="found", brackets=(bracket,))
    assert not found.decided
    search = CapacitySearch(workload="udp", rules={"my": 64}, consumers=("c",))
    answer = CapacityAnswer(run="r", search=search, found=(found,), complete=True)
    (said,) = capacity_sentences(answer)
    assert said.startswith("c under my: not decided: 870 operations per second of udp came through")


def test_a_trial_that_is_not_valid_is_made_again(tmp_path: Path) -> None:
    class Once(Host):
        def measure(self, plan: Plan, trial: Trial) -> Sample:
            sample = super().measure(plan, trial)
            return sample if trial.index % 5 else replace(sample, valid=False, invalid_reason="x")

    found = only(planned(tmp_path), Once())
    assert found.outcome == "found"
    assert found.brackets[0].low == pytest.approx(TAKEN, rel=0.05)


def test_rules_that_do_not_match_the_load(tmp_path: Path) -> None:
    host = Host(per_op=0)
    answer = answer_of(planned(tmp_path), host)
    assert answer.found[0].outcome == "nothing-matched"
    assert not answer.trustworthy
    assert len(host.trials) == 1


def test_a_capacity_reads_as_a_page(tmp_path: Path) -> None:
    answer = answer_of(planned(tmp_path, retrial_s=60.0), Host())
    text = page_markdown(capacity_page(answer))
    first = next(line for line in text.splitlines() if line and not line.startswith("#"))
    assert "operations per second of connect without loss" in first
    assert "The limit is the consumer" in text
    for words in ("With waiting allowed", "largest burst", "longest pause", "Tried again", "queue"):
        assert words in text


def test_a_load_that_kept_its_cpu_busy_leaves_the_limit_open(tmp_path: Path) -> None:
    """kauditd may have wanted that CPU: a consumer that waits is then not shown to be slow."""

    class Spinning(Host):
        def measure(self, plan: Plan, trial: Trial) -> Sample:
            sample = super().measure(plan, trial)
            busy = {
                "cpu_workload_ns_per_op": 0.99e9 / TAKEN,
                "cpu_process_ns_per_event:mine": 0.3e9 / TAKEN,
            }
            return replace(sample, metrics=sample.metrics | busy)

    answer = answer_of(planned(tmp_path), Spinning())
    assert answer.found[0].limit == "not-known"
    (said,) = capacity_sentences(answer)
    assert "The limit is not known: the load kept a CPU busy" in said


@pytest.mark.parametrize("name", ["my", "<script>$\\frac{x}$"])
def test_a_capacity_is_drawn_and_told_in_a_report(tmp_path: Path, name: str) -> None:
    plan = planned(tmp_path)
    samples, blocks = searched(plan, Host())
    stored = stored_run(blocks.plan, samples, blocks.course())
    view = make_view(stored)
    assert view.result.capacity is not None
    found = tuple(replace(each, rules=name) for each in view.result.capacity.found)
    capacity = replace(view.result.capacity, found=found)
    view = replace(view, result=replace(view.result, capacity=capacity))
    plot = PLOTS["capacity"]
    assert plot.unavailable(view) is None
    root = ET.fromstring(svg_text(plot.draw(view)))
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    assert name in "".join(root.itertext())
    assert len(plot.table(view).rows) == len(found[0].tried)
    assert "nothing lost at" in plot.describe(view)
    page = report_html([view], PLOTS)
    assert "without loss, and loses at" in page
    assert "<script>$" not in page
    assert "How much it takes" in page


def test_a_report_says_what_speaks_against_the_answer(tmp_path: Path) -> None:
    plan = planned(tmp_path, retrial_s=60.0)
    samples, blocks = searched(plan, Otherwise(2_000.0))
    view = make_view(stored_run(blocks.plan, samples, blocks.course()))
    assert view.result.capacity is not None
    assert view.result.cautions == view.result.capacity.cautions
    page = report_html([view], {})
    assert "This answer is not sure" in page
    for caution in view.result.capacity.cautions:
        assert caution.what in page
    assert "Cells that lost events" not in page


def test_a_run_of_another_kind_has_no_capacity_to_draw() -> None:
    assert "auditbench capacity" in (PLOTS["capacity"].unavailable(made_up_view()) or "")


def test_reports_count_every_trial(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    samples, blocks = searched(plan, Host())
    result = make_result(stored_run(blocks.plan, samples, blocks.course()))
    assert result.complete
    assert result.trials == len(samples)


def test_what_is_asked_is_stored(tmp_path: Path) -> None:
    plan = planned(tmp_path, retrial_s=60.0)
    stored = StoredPlan.read(plan_document(plan))
    assert isinstance(stored.capacity, CapacitySearch)
    assert stored.capacity == plan.capacity


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"workloads": ("udp", "connect")}, "one load at a time"),
        ({"consumers": ("none",)}, "no loss can be seen"),
        ({"workloads": ("osquery-stress",)}, "--rate"),
        ({"retrial_s": 1e6}, "--confirm"),
    ],
)
def test_what_cannot_be_tried_is_refused(tmp_path: Path, words: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        planned(tmp_path, **words)


@pytest.mark.parametrize("backlog", [0, -1, 2_000_000])
def test_a_backlog_without_a_limit_is_refused(backlog: int) -> None:
    with pytest.raises(UsageError, match="--backlog"):
        capacity_plan(asked(), backlog=backlog, retrial_s=0.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"consumer_document": {"sessions": 7}},
        {"workload_document": {"ops": 1}},
        {"workload_document": DONE | {"ops": 0, "elapsed_ns": 0}},
        {"metrics": {}},
        {"metrics": {"through_ms": -1e30, "events_received": 1e30}},
        {"machine": {"elapsed_ns": 1, "cpu": {"busy_ns": 9, "cpus": {"0": {}}}}},
        {"consumer_document": None},
    ],
)
def test_samples_that_were_damaged_end_in_no_traceback(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    plan = planned(tmp_path)
    samples, blocks = searched(plan, Host())
    assert plan.capacity is not None
    stored = stored_run(blocks.plan, [replace(s, **changes) for s in samples], blocks.course())
    with contextlib.suppress(UsageError):
        page_markdown(capacity_page(make_capacity(stored, plan.capacity)))
