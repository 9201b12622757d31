"""What a plan says of margins, invalid trials and the options of its cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import AuditbenchError, UsageError
from harness.model import Cell
from harness.run.invalid import ALWAYS, refuse_unreadable, too_disturbed, why_invalid
from harness.run.plan import Plan, Request, make_plan, plan_document
from harness.run.quantities import parse_duration_s, parse_share

HEAD = 'summary = "s"\nreference = "no-audit"\nscenarios = ["no-audit"]\nworkloads = ["udp"]\n'


def plan(tmp_path: Path, text: str = "", **wanted: object) -> Plan:
    path = tmp_path / "p.toml"
    path.write_text(HEAD + text)
    return make_plan(Request(plan=str(path), seed=1, **wanted))  # type: ignore[arg-type]


def refusal(tmp_path: Path, text: str = "", **wanted: object) -> str:
    with pytest.raises(UsageError) as caught:
        plan(tmp_path, text, **wanted)
    assert "\n" not in caught.value.one_line()
    return caught.value.one_line()


@pytest.mark.parametrize(
    ("text", "share"), [("1%", 0.01), ("0.01", 0.01), ("2.5 %", 0.025), (".5%", 0.005)]
)
def test_shares(text: str, share: float) -> None:
    assert parse_share("--x", text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "0", "0%", "100%", "1", "-1%", "1 percent", "nan", "1%%"])
def test_no_shares(text: str) -> None:
    with pytest.raises(UsageError, match=r"--x .* is no share: write it as 1% or 0.01"):
        parse_share("--x", text)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), ("1.5h", 5400), ("7", 7)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration_s("--x", text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "-1s", "10 minutes", "1d", "m"])
def test_no_durations(text: str) -> None:
    with pytest.raises(UsageError, match=r"--x .* is no duration"):
        parse_duration_s("--x", text)


def test_margins_of_the_plan_and_of_the_command_line(tmp_path: Path) -> None:
    text = "margin = 0.03\n[margins]\nlatency_p99_ns = 0.1\nelapsed = 0.01\n"
    made = plan(tmp_path, text)
    assert made.margin == 0.03
    assert made.margins == {"latency_p99_ns": 0.1, "elapsed_ns_per_op": 0.01}
    asked = plan(tmp_path, text, margins=("4%", "p99=20%", "cpu_total_ns_per_op=5%"))
    assert asked.margin == 0.04
    document = plan_document(asked)
    assert document["margin"] == 0.04
    assert document["margins"] == {
        "latency_p99_ns": 0.2,
        "elapsed_ns_per_op": 0.01,
        "cpu_total_ns_per_op": 0.05,
    }


def test_bad_margins(tmp_path: Path) -> None:
    assert "is no share" in refusal(tmp_path, margins=("wide",))
    assert "did you mean elapsed" in refusal(tmp_path, margins=("elapse=3%",))
    assert "called 'lost'" in refusal(tmp_path, margins=("lost=3%",))
    assert "[margins]: no metric" in refusal(tmp_path, "[margins]\nnonsense = 0.1\n")
    assert "is no plan" in refusal(tmp_path, "margin = 0\n")
    assert "is no plan" in refusal(tmp_path, "[margins]\nelapsed = 1.5\n")


def test_the_rule_for_invalid_trials_is_stored(tmp_path: Path) -> None:
    assert plan_document(plan(tmp_path))["invalid"] == {"always": list(ALWAYS)}
    made = plan(tmp_path, "[invalid]\nsteal_percent = 20\n")
    assert plan_document(made)["invalid"] == {"always": list(ALWAYS), "steal_percent": 20}
    for wrong in ("steal = 20", "steal_percent = 0", "steal_percent = 101", "steal_percent = 'x'"):
        assert "is no plan" in refusal(tmp_path, f"[invalid]\n{wrong}\n")


def test_a_trial_is_left_out_for_nothing_but_the_rule() -> None:
    fine = {"failures": 0, "errors": {}}
    assert why_invalid(fine, drained=True, meddling="") == ""
    assert why_invalid(fine, drained=True, meddling="the rules changed") == "the rules changed"
    assert "marker never came back" in why_invalid(fine, drained=False, meddling="")
    failed = {"failures": 2, "errors": {"EPERM": 2}}
    assert why_invalid(failed, drained=True, meddling="") == "2 operations failed (EPERM 2×)"
    metrics = {"steal_percent": 21.0, "pressure_cpu_percent": 99.0}
    assert too_disturbed(metrics, {}) == ""
    assert too_disturbed(metrics, {"steal_percent": 21}) == ""
    assert too_disturbed(metrics, {"steal_percent": 20}) == (
        "steal_percent 21.0 is above the plan's 20"
    )


def test_a_limit_to_what_the_kernel_does_not_tell_is_refused() -> None:
    refuse_unreadable({})
    refuse_unreadable({"steal_percent": 5.0})
    with pytest.raises(AuditbenchError, match="which this kernel does not tell"):
        refuse_unreadable({"nonsense_percent": 5.0})


def test_a_cell_has_options_of_its_own(tmp_path: Path) -> None:
    cell = '[[cells]]\nname = "slow"\nscenario = "no-audit"\noptions = { busy-ns = 300 }\n'
    made = plan(tmp_path, cell)
    assert made.scenario_of(Cell("udp", "slow", "assemble")).workload_options == {"busy_ns": "300"}
    assert made.scenario_of(Cell("udp", "no-audit", "assemble")).workload_options == {}
    stored = {s["name"]: s["workload_options"] for s in plan_document(made)["scenarios"]["udp"]}
    assert stored == {"no-audit": {}, "slow": {"busy_ns": "300"}}
    assert "'nonsense', which udp does not take" in refusal(
        tmp_path, cell.replace("busy-ns", "nonsense")
    )
    assert "which replay does not take" in refusal(
        tmp_path, 'kind = "replay"\n' + cell, workloads=("replay",)
    )
