"""A plan with a victim: from the option, from the plan file, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.answers.compare.comparability import find_differences
from harness.errors import UsageError
from harness.model.run import Cell
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.reporters.preview import preview_page
from harness.reporters.render.markdown import page_markdown
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan, make_plan
from harness.run.plan.preview import preview_plan
from harness.run.plan.purpose import purpose_of
from harness.run.request import Conduct, Request, VictimOptions, plan_named
from harness.store import StoredRun
from tests.support.requests import asked


def planned(victim: VictimOptions | None = None, **words: Any) -> Plan:
    return make_plan(asked(victim=victim or VictimOptions(), **words))


def test_the_plan_of_a_run_that_names_a_victim_only() -> None:
    assert plan_named(None, VictimOptions(workload="udp")) == "victim"
    assert plan_named(None, VictimOptions()) == "overhead"
    assert plan_named("rate", VictimOptions(workload="udp")) == "rate"


def test_the_built_in_plan_measures_alone_without_audit_and_with() -> None:
    plan = planned(plan="victim")
    names = [cell.scenario for cell in plan.cells()]
    assert names == ["alone", "no-audit", "rules", "backlog-64", "backlog-64-stop"]
    alone, reference = (plan.scenario_of(cell) for cell in plan.cells()[:2])
    assert alone.alone
    assert not reference.alone
    assert alone.rules == reference.rules
    assert plan.question == "victim"
    assert plan.ops == {"connect": 3000}
    stored = StoredPlan.read(plan_document(plan))
    assert stored.victim == plan.victim
    assert stored.primary == "victim_latency_p99_ns"


def test_an_option_comes_before_the_plan() -> None:
    plan = planned(VictimOptions(workload="files", rate_per_s=50), plan="victim", ops=100)
    assert plan.victim is not None
    assert (plan.victim.workload, plan.victim.rate_per_s) == ("files", 50)
    assert plan.ops == {"connect": 100}


def test_any_plan_takes_one(tmp_path: Path) -> None:
    rules = tmp_path / "mine.rules"
    rules.write_text("-b 64\n-a always,exit -F arch=b64 -S connect\n", encoding="utf-8")
    plan = planned(
        VictimOptions(workload="udp"), plan="overhead", workloads=("udp",), rule_files=(rules,)
    )
    names = [cell.scenario for cell in plan.cells()]
    assert names == ["alone", "no-audit", "no-audit-aa", "mine"]


def test_the_noisy_load_outlasts_its_victim() -> None:
    plan = planned(plan="victim")
    words = plan.worker_words(Cell("connect", "rules", "assemble"), 3000).words()
    (operations,) = (word for word in words if word.startswith("--ops="))
    assert int(operations.removeprefix("--ops=")) > 10**9


@pytest.mark.parametrize(
    ("victim", "words", "fault"),
    [
        (VictimOptions(workload="osquery-stress"), {}, "can be started at a rate"),
        (VictimOptions(workload="nonsense"), {}, "can be started at a rate"),
        (VictimOptions(workload="replay"), {}, "can be started at a rate"),
        (VictimOptions(rate_per_s=10), {"plan": "overhead"}, "--victim-rate has no victim"),
        (VictimOptions(workload="udp", rate_per_s=0), {}, "is no rate"),
        (VictimOptions(workload="udp", rate_per_s=float("nan")), {}, "is no rate"),
        (VictimOptions(workload="udp", rate_per_s=float("inf")), {}, "is no rate"),
        (VictimOptions(workload="udp"), {"plan": "replay"}, "is measured beside a load"),
        (VictimOptions(workload="udp"), {"instrument": "counted"}, "is measured beside a load"),
        (VictimOptions(workload="udp"), {"workloads": ("osquery-stress",)}, "of a fixed size"),
    ],
)
def test_what_cannot_be_a_victim_is_refused(
    victim: VictimOptions, words: dict[str, Any], fault: str
) -> None:
    with pytest.raises(UsageError, match=fault):
        planned(victim, **({"plan": "victim"} | words))


def test_a_plan_without_a_reference_has_nothing_to_compare_it_with(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('summary = "m"\nworkloads = ["udp"]\nscenarios = ["rules"]\n', encoding="utf-8")
    request = Request(plan=str(path), victim=VictimOptions(workload="udp"))
    with pytest.raises(UsageError, match="no reference scenario"):
        make_plan(request)


def test_a_dry_run_and_the_first_line_name_the_victim() -> None:
    plan = planned(plan="victim")
    assert "the victim is udp at 1,000/s" in purpose_of(plan)
    preview = preview_plan(plan, Conduct())
    assert preview.victim == "udp at 1,000/s"
    assert "operations below are its own" in page_markdown(preview_page(preview))
    assert preview_plan(planned(plan="overhead"), Conduct()).victim == ""


def test_runs_with_other_victims_are_unlike() -> None:
    one, other = (
        StoredPlan.read(plan_document(planned(VictimOptions(workload=name), plan="victim")))
        for name in ("udp", "files")
    )
    environment = StoredEnvironment.read({})
    runs = [StoredRun(Path("m/r"), plan, environment, ()) for plan in (one, other)]
    (difference,) = find_differences(*runs, [], chosen=True)
    assert difference.name == "options"
    assert "files at 1,000/s" in difference.words
    assert list(find_differences(runs[0], runs[0], [], chosen=True)) == []
