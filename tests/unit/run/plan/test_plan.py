"""Plans and schedules: what is asked for, in which order, and what is refused beforehand."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from harness.errors import UsageError
from harness.kernel.rules.file import RuleFile, load_rule_file
from harness.kernel.rules.rule import Rule
from harness.model.run import Cell, Trial
from harness.run.plan import scenario
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan, make_plan
from harness.run.plan.schedule import apart, block
from tests.support.requests import asked


def plan(**wanted: object) -> Plan:
    return make_plan(asked(**{"seed": 1} | wanted))  # type: ignore[arg-type]


def trials_of(made: Plan) -> list[Trial]:
    """All trials of the planned blocks, in order."""
    trials = [trial for group in apart(made) for trial in group]
    for number in range(made.blocks + 1):
        trials += block(made, number, first_index=len(trials))
    return trials


def names(made: Plan, workload: str) -> list[str]:
    return [scenario.name for scenario in made.scenarios[workload]]


def test_overhead_is_what_the_readme_says() -> None:
    made = plan()
    assert made.workloads == ("shells", "udp")
    assert names(made, "udp") == [
        "no-audit",
        "no-audit-aa",
        "disabled",
        "no-rules",
        "rules",
        "rules+exclude-exe",
        "rules+exclude-call",
    ]


def test_a_boot_that_never_enabled_audit_is_measured_first() -> None:
    made = make_plan(asked(seed=1, blocks=2)).with_first()
    trials = trials_of(made)
    assert names(made, "udp")[0] == "never-enabled"
    apart = [trial.cell.scenario == "never-enabled" for trial in trials]
    assert apart == sorted(apart, reverse=True)
    assert sum(apart) == 2 * 3
    assert {t.cell.consumer for t in trials if t.cell.scenario == "never-enabled"} == {"none"}


def test_scenarios_asked_for_by_name_have_nothing_before_them() -> None:
    made = plan(scenarios=("no-rules",))
    assert made.with_first().scenarios == made.scenarios


def test_a_rule_file_is_read_once_for_all_workloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "base.rules"
    path.write_text("-a always,exit -F arch=b64 -S connect\n", encoding="utf-8")
    read: list[Path] = []

    def once(name: Path, **more: Any) -> RuleFile:
        read.append(name)
        return load_rule_file(name, **more)

    monkeypatch.setattr(scenario, "load_rule_file", once)
    made = plan(rule_files=(path,), workloads=("udp", "files")).with_first()
    assert read == [path]
    assert all("base" in names(made, workload) for workload in ("udp", "files"))


def test_every_block_holds_every_cell_once() -> None:
    made = plan(blocks=4)
    trials = trials_of(made)
    for number in range(5):
        cells = [trial.cell for trial in trials if trial.block == number]
        assert sorted(cells) == sorted(made.cells())
    orders = {tuple(t.cell for t in trials if t.block == n) for n in range(5)}
    assert len(orders) == 5, "the order is drawn anew in each block"
    assert [trial.index for trial in trials] == list(range(len(trials)))


def test_the_cells_of_a_workload_stand_together() -> None:
    trials = trials_of(plan(blocks=10))
    firsts = set()
    for number in range(11):
        order = [trial.cell.workload for trial in trials if trial.block == number]
        assert len([place for place, name in enumerate(order) if name != order[place - 1]]) <= 2
        firsts.add(order[0])
    assert firsts == {"shells", "udp"}


def test_the_seed_decides_the_order() -> None:
    assert trials_of(plan(seed=7)) == trials_of(plan(seed=7))
    assert trials_of(plan(seed=7)) != trials_of(plan(seed=8))


def test_the_narrow_exclusion_names_the_noisy_syscall() -> None:
    made = plan(exclude_exe="/usr/sbin/mysqld")
    for workload, syscall in (("udp", "connect"), ("shells", "execve")):
        scenario = made.scenario_of(Cell(workload, "rules+exclude-call", "assemble"))
        assert syscall in scenario.rule_text[0]
        assert "exe=/usr/sbin/mysqld" in scenario.rule_text[0]
        assert Rule.from_bytes(scenario.rules[0]).action == 0


def test_rule_files_become_scenarios(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.rules").write_text("-b 77\n-w /etc/passwd -p wa -k pw\n")
    files = (tmp_path / "a/x.rules", tmp_path / "b/x.rules")
    made = plan(rule_files=files, exclude_exe=None)
    assert names(made, "udp") == [
        "no-audit",
        "no-audit-aa",
        "disabled",
        "no-rules",
        "x",
        "x-2",
    ]
    scenario = made.scenario_of(Cell("udp", "x", "assemble"))
    assert (scenario.backlog_limit, scenario.enabled) == (77, 1)
    assert scenario.rule_text == ("-w /etc/passwd -p wa -k pw",)
    excluded = plan(rule_files=files[:1], exclude_exe="/usr/sbin/mysqld")
    assert names(excluded, "udp")[-2:] == ["x+exclude-exe", "x+exclude-call"]


def test_paces_and_counts() -> None:
    assert plan(fast=True).blocks < plan().blocks < plan(rigorous=True).blocks
    assert plan(blocks=3, ops=17).ops == {"shells": 17, "udp": 17}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"plan": "nonsense"}, "no plan is called 'nonsense'"),
        ({"workloads": ("nonsense",)}, "no workload is called 'nonsense'"),
        ({"scenarios": ("nonsense",)}, "no scenario is called 'nonsense'"),
        (
            {"plan": "pressure", "scenarios": ("nonsense",)},
            "one of backlog-8192-wait, backlog-64-no-wait",
        ),
        ({"consumers": ("nonsense",)}, "no consumer is called 'nonsense'"),
        ({"blocks": 0}, "--blocks 0"),
        ({"ops": 0}, "--ops '0'"),
        ({"workers": 0}, "--workers '0'"),
        (
            {"workload_options": {"netns": "x"}, "workloads": ("shells",)},
            "cannot take the option netns",
        ),
        ({"command": ("/no/such/program",)}, "is not a command here"),
        ({"rule_files": (Path("/no/such/file.rules"),)}, "/no/such/file.rules"),
    ],
)
def test_bad_requests_are_one_line(wanted: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan(**wanted)
    assert words in caught.value.one_line()
    assert "\n" not in caught.value.one_line()
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text", ["summary = 1", "nonsense", 'summary = "s"\nscenarios = []\nworkloads = []\nodd = 1\n']
)
def test_a_plan_file_with_an_error_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match="is not a plan"):
        plan(plan=str(path))


def test_the_stored_plan_is_complete_toml() -> None:
    document = plan_document(plan())
    text = tomli_w.dumps({k: v for k, v in document.items() if v is not None} | {"scenarios": {}})
    assert tomllib.loads(text)["seed"] == 1
    rules = {s["name"]: s["rules"] for s in document["scenarios"]["udp"]}
    assert rules["no-audit"] == ["-a never,task"]
    assert rules["no-rules"] == []


def test_cells_of_a_plan_are_scenarios_with_knobs() -> None:
    made = plan(plan="pressure")
    assert (made.workers, made.auid) == (2, "2147480123")
    assert made.cells()[0] == Cell("udp", "backlog-8192-wait", "assemble")
    stopped = made.scenario_of(Cell("udp", "stop-mcast", "multicast-assemble"))
    assert (stopped.stop_for_ms, stopped.rcvbuf_bytes, stopped.failure) == (300, 106496, 0)
    assert all("auid=2147480123" in stopped.rule_text[-1] for _ in stopped.rule_text)
    assert len(made.cells()) == len(set(made.cells())) == 20
    chosen = plan(plan="pressure", scenarios=("stop-mcast",), workers=1, auid="5")
    assert [cell.scenario for cell in chosen.cells()] == ["backlog-8192-wait", "stop-mcast"]
    assert (chosen.workers, chosen.auid) == (1, "5")


@pytest.mark.parametrize(
    "knob", ["failure = 2", "backlog_limit = -1", "odd = 1", "stop_for_ms = 99999"]
)
def test_a_cell_with_a_bad_knob_is_refused(tmp_path: Path, knob: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(
        f'summary = "s"\nworkloads = ["udp"]\n[[cells]]\nname = "a"\nscenario = "rules"\n{knob}\n'
    )
    with pytest.raises(UsageError, match="is not a plan"):
        plan(plan=str(path))


def test_two_cells_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    cell = '[[cells]]\nname = "a"\nscenario = "rules"\n'
    path.write_text(f'summary = "s"\nworkloads = ["udp"]\n{cell}{cell}')
    with pytest.raises(UsageError, match="two scenarios or cells called 'a'"):
        plan(plan=str(path))


def test_a_rate_is_handed_to_the_load() -> None:
    made = plan(workloads=("udp",), rate_per_s=20_000.0)
    assert made.rate_per_s == 20_000
    assert plan_document(made)["rate_per_s"] == 20_000
    for wrong in (0.0, -1.0, float("nan"), 1e12):
        with pytest.raises(UsageError, match="is not a rate"):
            plan(rate_per_s=wrong)
