"""What a plan says of margins, invalid trials and the options of its cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.answers.quantities import parse_duration_s, parse_share
from harness.errors import AuditbenchError, UsageError
from harness.model.run import Cell
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan, make_plan
from harness.run.trials.validity import ALWAYS, refuse_unreadable, too_disturbed, why_invalid
from tests.support.requests import asked
from tests.support.worker_documents import worker_document

HEAD = 'summary = "s"\nreference = "no-audit"\nscenarios = ["no-audit"]\nworkloads = ["udp"]\n'


def plan(tmp_path: Path, text: str = "", **wanted: object) -> Plan:
    path = tmp_path / "p.toml"
    path.write_text(HEAD + text)
    return make_plan(asked(plan=str(path), seed=1, **wanted))  # type: ignore[arg-type]


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


@pytest.mark.parametrize("text", ["", "0", "0%", "100%", "100", "-1%", "1 percent", "nan", "1%%"])
def test_no_shares(text: str) -> None:
    with pytest.raises(UsageError, match=r"--x .* is not a share: write it as 1% or 0.01"):
        parse_share("--x", text)


@pytest.mark.parametrize(
    ("text", "meant"), [("3", "3% or 0.03"), ("1", "1% or 0.01"), ("2.5", "2.5% or 0.025")]
)
def test_a_bare_number_is_told_as_the_share_it_means(text: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"--x '{text}' is not a share: write it as {meant}$"):
        parse_share("--x", text)


def test_a_bare_number_is_no_duration() -> None:
    with pytest.raises(UsageError, match="write it as 10ms, 10s or 10m"):
        parse_duration_s("--x", "10")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h", 3600), ("1.5h", 5400), ("7min", 420), ("300ms", 0.3)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration_s("--x", text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "-1s", "10 minutes", "1d", "m"])
def test_no_durations(text: str) -> None:
    with pytest.raises(UsageError, match=r"--x .* is not a duration"):
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
    assert "is not a share" in refusal(tmp_path, margins=("wide",))
    assert "did you mean elapsed" in refusal(tmp_path, margins=("elapse=3%",))
    assert "called 'lost'" in refusal(tmp_path, margins=("lost=3%",))
    assert "[margins]: no metric" in refusal(tmp_path, "[margins]\nnonsense = 0.1\n")
    assert "is not a plan" in refusal(tmp_path, "margin = 0\n")
    assert "is not a plan" in refusal(tmp_path, "[margins]\nelapsed = 1.5\n")


def test_the_rule_for_invalid_trials_is_stored(tmp_path: Path) -> None:
    assert plan_document(plan(tmp_path))["invalid"] == {"always": list(ALWAYS)}
    made = plan(tmp_path, "[invalid]\nsteal_percent = 20\n")
    assert plan_document(made)["invalid"] == {"always": list(ALWAYS), "steal_percent": 20}
    for wrong in ("steal = 20", "steal_percent = 0", "steal_percent = 101", "steal_percent = 'x'"):
        assert "is not a plan" in refusal(tmp_path, f"[invalid]\n{wrong}\n")


def test_a_trial_is_left_out_for_nothing_but_the_rule() -> None:
    fine = worker_document()
    assert why_invalid(fine, drained=True, meddling="") == ""
    assert why_invalid(fine, drained=True, meddling="the rules changed") == "the rules changed"
    assert "marker never came back" in why_invalid(fine, drained=False, meddling="")
    failed = worker_document(failures=2, errors={"EPERM": 2})
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
    with pytest.raises(AuditbenchError, match="which this kernel does not report"):
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


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"ops": 10**20}, "--ops '100000000000000000000' is not a number from 1 to 10000"),
        ({"ops": 0}, "--ops '0' is not"),
        ({"workers": 10**8}, "--workers '100000000' is not"),
        ({"workers": 0}, "--workers '0' is not"),
        ({"rate_per_s": float("nan")}, "--rate 'nan' is not a rate"),
        ({"rate_per_s": 1e12}, "--rate '1000000000000.0' is not a rate"),
        ({"auid": "4294967295"}, "--auid '4294967295' is not"),
        ({"auid": "²"}, "--auid '²' is not"),
        ({"workload_options": {"busy_ns": "-5"}}, "--busy-ns '-5' is not"),
        ({"workload_options": {"netns": "../../x"}}, "no network namespace ../../x"),
        ({"workload_options": {"netns": "a\0b"}}, "no network namespace"),
        ({"workload_options": {"address": "nonsense"}}, "nonsense is not an IP address"),
        ({"workload_options": {"interface": "nope0"}}, "no interface nope0"),
        ({"workload_options": {"program": "/nope"}, "workloads": ("shells",)}, "no program /nope"),
        ({"workload_options": {"n": "99"}, "workloads": ("osquery-stress",)}, "-n '99' is not"),
        ({"rate_per_s": 5.0, "workloads": ("osquery-stress",)}, "osquery-stress has no --rate"),
        ({"workloads": ("replay",)}, "no workload is called 'replay'"),
        ({"blocks": 10**9}, "--blocks 1000000000 is too many"),
    ],
)
def test_what_only_a_worker_would_refuse_is_found_before(
    tmp_path: Path, wanted: dict[str, object], expected: str
) -> None:
    line = refusal(tmp_path, **wanted)
    assert expected in line
    assert "python -m workloads" not in line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("workers = 0\n", "--workers '0'"),
        ("[ops]\nudp = -3\n", "--ops '-3'"),
        ("[blocks]\ndefault = -3\n", "[blocks] default = -3 is too few"),
        ('auid = "nobody"\n', "--auid 'nobody'"),
        ('[[cells]]\nname = "c"\nscenario = "rules"\n[cells.options]\nport = 99999\n',
         "cell c: --port '99999'"),
        ('[[cells]]\nname = "c"\nscenario = "rules"\n[cells.options]\nsink-buffer = "x"\n',
         "cell c: --sink-buffer 'x'"),
        ('[[cells]]\nname = "c"\nscenario = "rules"\nrcvbuf_bytes = 1073741824\n', "is not a plan"),
        ("a=" + "[" * 50_000, "nested too deep"),
        ('command = ["true\\u0000"]', "holds a null character"),
    ],
)  # fmt: skip
def test_keys_of_a_plan_that_only_a_worker_would_refuse(
    tmp_path: Path, text: str, expected: str
) -> None:
    assert expected in refusal(tmp_path, text)


@pytest.mark.parametrize("name", ["paced-0", "paced-99999999999999", "paced-x", "paced-²"])
def test_a_replay_at_no_rate_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(
        f'summary = "s"\nkind = "replay"\nscenarios = ["{name}"]\nworkloads = ["replay"]\n'
    )
    with pytest.raises(UsageError):
        make_plan(asked(plan=str(path)))


@pytest.mark.parametrize("seed", [2**64, -(2**64)])
def test_a_seed_that_no_file_of_ours_could_hold_is_refused(seed: int) -> None:
    with pytest.raises(UsageError, match=f"--seed {seed} is too"):
        make_plan(asked(seed=seed))
