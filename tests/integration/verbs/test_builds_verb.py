"""Two builds of a consumer in one run: what show, gate and compare say of them. Made-up runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.answers.gate import GateRules, gate_run
from harness.answers.limits import read_limits
from harness.answers.result import make_result
from harness.cli import run_command
from harness.model.result import BuildChange
from tests.support.command import ROOT
from tests.support.stored.builds_run import builds_run

SCHEMAS = {
    name: json.loads((ROOT / f"docs/schema/{name}.schema.json").read_text(encoding="utf-8"))
    for name in ("result", "gate", "compare")
}
Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Said:
    """Runs a command line in the test's folder, in this process: code, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run_command(list(words))
        return code, *capsys.readouterr()

    return run


def run_at(tmp_path: Path, name: str = "run", **changes: Any) -> None:
    builds_run(tmp_path / "results" / "h-1" / name, **changes)


def test_show_gives_a_verdict_on_each_metric(tmp_path: Path, said: Said) -> None:
    run_at(tmp_path, cpu=1.08, memory=1.5, delay=0.7, lost=3)
    code, output, _ = said("show", "run", "--json")
    document = json.loads(output)
    jsonschema.validate(document, SCHEMAS["result"])
    (build,) = document["builds"]
    assert (build["consumer"], build["against"]) == ("mine@head", "mine@base")
    assert (build["workload"], build["scenario"]) == ("udp", "rules")
    verdicts = {each["metric"]: each["verdict"] for each in build["comparisons"]}
    assert verdicts == {
        "cpu_consumer_ns_per_event": "worse",
        "consumer_memory_bytes": "worse",
        "delay_p50_ms": "better",
        "elapsed_ns_per_op": "equal",
    }
    assert build["loss"]["trials_with_loss"] == 16
    code, output, _ = said("show", "run")
    words = " ".join(output.split())
    assert "mine@head needs more CPU per event of the consumer: +8." in words
    assert "against mine@base; it lost events in 16 of 16 trials." in words
    assert "57.2 MiB" in words
    assert "/opt/mine@head/mine (sha256 00)" in words
    assert code in (0, 3)


def test_what_a_consumer_needs_is_not_compared_with_a_scenario(tmp_path: Path) -> None:
    result = make_result(builds_run(tmp_path / "h-1" / "run"))
    metrics = {comparison.metric for comparison in result.comparisons}
    assert not metrics & {"cpu_consumer_ns_per_event", "consumer_memory_bytes", "delay_p50_ms"}


def build_of(folder: Path, **changes: Any) -> BuildChange:
    (build,) = make_result(builds_run(folder, **changes)).builds
    return build


def test_planted_costs_are_found_and_equal_builds_are_never_worse(tmp_path: Path) -> None:
    """Of 20 runs each, with a spread of 2 % between blocks."""
    found: dict[float, list[str]] = {1.0: [], 1.05: []}
    exceeded = 0
    rules = GateRules(read_limits(["cpu-per-event:5%"]), "mine@base")
    for factor, verdicts in found.items():
        for seed in range(20):
            folder = tmp_path / "h-1" / f"run-{factor}-{seed}"
            build = build_of(folder, cpu=factor, spread=0.02, blocks=24, seed=seed)
            verdicts.append(build.comparisons[0].verdict)
    for seed in range(20):
        folder = tmp_path / "h-1" / f"gate-{seed}"
        builds_run(folder, cpu=1.10, spread=0.02, blocks=24, seed=seed)
        exceeded += gate_run(folder, rules).verdict == "fail"
    assert found[1.05].count("worse") >= 19
    assert not found[1.0].count("worse")
    assert exceeded >= 19


def gate_document(said: Said, *words: str, code: int) -> dict[str, Any]:
    found, output, errors = said("gate", "--run", "run", *words, "--json")
    assert found == code, errors
    document: dict[str, Any] = json.loads(output)
    jsonschema.validate(document, SCHEMAS["gate"])
    return document


def outcomes(document: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (check["scenario"], check["limit"]["text"]): check["outcome"]
        for check in document["checks"]
    }


WORDS = ("--reference", "mine@base", "--fail", "cpu-per-event:5%", "--fail", "lost:0")


def test_the_gate_compares_with_a_build(tmp_path: Path, said: Said) -> None:
    run_at(tmp_path, cpu=1.12)
    document = gate_document(said, *WORDS, code=1)
    found = outcomes(document)
    assert found["rules", "cpu-per-event:5%"] == "fail"
    assert found["rules", "lost:0"] == "pass"
    checks = [each for each in document["checks"] if each["limit"]["basis"] == "reference"]
    assert [each["against"] for each in checks] == ["mine@base"]
    assert {each["scenario"] for each in checks} == {"rules"}, "a cell without events has no cost"


def test_the_gate_passes_equal_builds(tmp_path: Path, said: Said) -> None:
    run_at(tmp_path)
    limits = ("--fail", "memory:5%", "--fail", "delay:5%", "--fail", "memory:50MiB")
    document = gate_document(said, *WORDS, *limits, code=0)
    assert {check["outcome"] for check in document["checks"]} <= {"pass", "no-events"}


def test_lost_events_fail_the_gate_whoever_is_the_reference(tmp_path: Path, said: Said) -> None:
    run_at(tmp_path, lost=1)
    assert outcomes(gate_document(said, *WORDS, code=1))["rules", "lost:0"] == "fail"


@pytest.mark.parametrize(
    ("limit", "outcome"),
    [
        ("cpu-per-event:2us", "fail"),
        ("cpu-per-event:9us", "pass"),
        ("delay:1ms", "fail"),
        ("delay:1s", "pass"),
        ("memory:1KiB", "fail"),
        ("memory:1GiB", "pass"),
    ],
)
def test_limits_as_amounts(limit: str, outcome: str, tmp_path: Path, said: Said) -> None:
    run_at(tmp_path)
    document = gate_document(said, "--fail", limit, code=1 if outcome == "fail" else 0)
    assert {check["outcome"] for check in document["checks"]} == {outcome}
    _, output, _ = said("gate", "--run", "run", "--fail", limit)
    assert ("MiB" in output) is limit.startswith("memory")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--fail", "cpu-per-event:5%"), "can never be judged: it compares consumers"),
        (("--fail", "memory:5%"), "name a consumer as --reference, or give a size"),
        (("--fail", "delay:5%", "--reference", "rules"), "can never be judged"),
        (("--fail", "lost:0", "--reference", "mine@bas"), "is not a scenario or consumer of"),
        (("--fail", "memory:5us"), "give a percentage, or a size such as 50MiB"),
        (("--fail", "elapsed:5MiB"), "give a percentage, or a time"),
        (("--fail", "mine@base/cpu-per-event:5%", "--reference", "mine@base"), "no compared cell"),
    ],
)
def test_a_limit_that_can_never_be_judged_is_a_mistake(
    words: tuple[str, ...], expected: str, tmp_path: Path, said: Said
) -> None:
    run_at(tmp_path)
    code, _, errors = said("gate", "--run", "run", *words)
    assert code == 2
    assert expected in " ".join(errors.split())


def test_runs_are_compared_in_what_a_consumer_needs(tmp_path: Path, said: Said) -> None:
    """Not by ratios to a reference: what its own build needs more stands in both cells."""
    run_at(tmp_path, "old")
    run_at(tmp_path, "new", cpu=1.5, memory=1.5, seed=2)
    for metric in ("cpu-per-event", "memory"):
        code, output, errors = said("compare", "old", "new", "--metric", metric, "--json")
        assert code in (0, 1), errors
        document = json.loads(output)
        jsonschema.validate(document, SCHEMAS["compare"])
        words = json.dumps(document)
        assert '"worse"' in words
    done = said("gate", "--run", "new", "--against", "old", "--fail", "memory:5%", "--json")
    assert done[0] == 1, done[2]


@pytest.mark.parametrize("form", ["md", "csv", "html"])
def test_every_form_has_the_builds(form: str, tmp_path: Path, said: Said) -> None:
    run_at(tmp_path, cpu=1.08)
    if form == "html":
        code, _, errors = said("report", "run", "-o", "r.html")
        assert code in (0, 3), errors
        output = (tmp_path / "r.html").read_text(encoding="utf-8")
    else:
        _, output, _ = said("show", "run", "--to", form)
    # In Markdown nobody called head is mentioned.
    assert "mine@head" in output.replace("\u2060", "")
    if form != "csv":
        assert "more CPU per event of the consumer" in output
