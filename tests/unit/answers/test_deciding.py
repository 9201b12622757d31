"""What noise calls into question is told, and which metric decides where elapsed time cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.answers.compare.compare import CompareOptions, Side, compare_runs
from harness.answers.gate import GateRules, gate_run
from harness.answers.limits import read_limits
from harness.answers.result import make_result
from harness.model.result import Result
from harness.reporters.answer import answer
from harness.reporters.compare import answer_words
from harness.reporters.gate import check_sentences
from harness.store import load_run
from tests.support.stored.altered_runs import Change, altered_run


def scattered(scenario: str, factor: float = 1.0, *, spread: float) -> Change:
    """Elapsed time by more and less in turn; CPU keeps what it was."""

    def change(sample: dict[str, Any]) -> None:
        if sample["scenario"] == scenario:
            sign = 1 if sample["block"] % 2 else -1
            sample["metrics"]["elapsed_ns_per_op"] *= factor * (1 + sign * spread)

    return change


def result(folder: Path, *changes: Change) -> Result:
    return make_result(load_run(altered_run(folder, *changes)))


def noise(found: Result) -> list[str]:
    return [caution.what for caution in found.cautions if caution.name == "noise"]


def test_worse_within_the_noise_floor_carries_a_caution(tmp_path: Path) -> None:
    found = result(tmp_path / "run", scattered("no-audit-aa", spread=0.3))
    (words,) = noise(found)
    assert words.startswith("udp: within the noise floor (")
    assert "disabled (1.0" in words
    assert ", worse)" in words
    assert "no-rules" not in words  # it is inconclusive
    assert ", rules (" not in words  # 2.5 is beyond any noise here


def test_a_quiet_floor_calls_nothing_into_question(tmp_path: Path) -> None:
    assert noise(result(tmp_path / "run")) == []


def test_the_answer_says_where_cpu_decides(tmp_path: Path) -> None:
    found = result(tmp_path / "run", scattered("disabled", spread=0.5))
    words = answer(found)
    assert "Elapsed time cannot decide, but total CPU can: udp × disabled +" in words
    assert "(worse)." in words
    assert "total CPU can" not in answer(result(tmp_path / "quiet"))


def test_compare_names_the_metric_that_decides(tmp_path: Path) -> None:
    base = load_run(altered_run(tmp_path / "m" / "base"))
    head = load_run(altered_run(tmp_path / "m" / "head", scattered("rules", spread=0.5)))
    report = compare_runs(Side(base), [Side(head)], CompareOptions())
    assert report.verdict == "inconclusive"
    words = answer_words(report)
    assert "Elapsed time cannot decide, but total CPU can: udp × rules " in words
    assert "`--metric cpu_total_ns_per_op`" in words


@pytest.mark.parametrize(
    ("limit", "other"),
    [
        ("disabled/elapsed:50%", "; total CPU decides: --fail disabled/cpu:50%"),
        ("udp/disabled/elapsed:1%", "; total CPU decides: --fail udp/disabled/cpu:1%"),
        ("disabled/elapsed:6.6%", ""),
    ],
)
def test_the_gate_names_the_limit_that_would_be_decided(
    limit: str, other: str, tmp_path: Path
) -> None:
    run = altered_run(tmp_path / "run", scattered("disabled", spread=0.5))
    (check,) = gate_run(run, GateRules(read_limits([limit]))).checks
    assert check.outcome == "inconclusive"
    (words,) = check_sentences(check)
    assert words.endswith(other or "decide")
