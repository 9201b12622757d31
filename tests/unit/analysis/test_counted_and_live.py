"""The proof that two instruments have the same order: it finds another order, and another past.

`benchmarks/validity/counted.py` is the proof. The live run is the kept one of `syscalls`; the
counts are made up.
"""

from __future__ import annotations

import marshal
from pathlib import Path

import pytest

from benchmarks.validity.counted import (
    GONE_RULES,
    REFERENCE,
    WORKLOADS,
    live_plan,
    losing_a_rule,
    pairs_of,
    require_same_past,
)
from harness.errors import UsageError
from harness.guest.contents import contents
from harness.run.plan.plan import make_plan
from harness.run.request import Request
from harness.store import StoredRun, load_run
from tests.support.stored.counted_runs import counted_run

LIVE = Path(__file__).parents[3] / "results/reference/syscalls-debian12-2vcpu"
COUNTS = {
    "no-audit": (317.0, 317.0),
    "disabled": (629.0, 629.0),
    "rules": (942.0, 942.0),
    "rules+exclude-call": (958.0, 958.0),
    "rules+exclude-exe": (1123.0, 1123.0),
}
AGENT = b"/auditbench/python/harness/guest/inside/agent.pyc"
ITSELF = b"/auditbench/python/harness/guest/inside/agent_itself.pyc"


@pytest.fixture(scope="module")
def live() -> StoredRun:
    """The kept run."""
    return load_run(LIVE)


def counted(folder: Path, counts: dict[str, tuple[float, float]], label: str = "") -> StoredRun:
    """A counted run of these counts."""
    path = counted_run(folder / "run", counts, environment={"label": label})
    return load_run(path, counted_too=True)


def test_the_same_order_is_no_contradiction(live: StoredRun, tmp_path: Path) -> None:
    pairs = pairs_of(live, counted(tmp_path, COUNTS))
    said = {(pair.first, pair.second): pair for pair in pairs}
    assert len(said) == 10
    assert not any(pair.contradict for pair in said.values())
    assert said["no-audit", "rules"].agree
    assert said["disabled", "rules+exclude-exe"].agree
    # What differs by 2 % in instructions is equal in time, which contradicts nothing.
    close = next(said[key] for key in said if set(key) == {"rules", "rules+exclude-call"})
    assert {close.counted} <= {"worse", "better"}
    assert (close.live, close.agree) == ("equal", False)


def test_another_order_is_found(live: StoredRun, tmp_path: Path) -> None:
    turned = {**COUNTS, "disabled": COUNTS["rules"], "rules": COUNTS["disabled"]}
    found = [pair for pair in pairs_of(live, counted(tmp_path, turned)) if pair.contradict]
    assert {frozenset((pair.first, pair.second)) for pair in found} >= {
        frozenset(("disabled", "rules"))
    }


def test_kernels_of_different_pasts_are_not_compared(live: StoredRun, tmp_path: Path) -> None:
    is_gone = any(caution.name == GONE_RULES for caution in live.environment.cautions)
    other, same = ("", GONE_RULES) if is_gone else (GONE_RULES, "")
    with pytest.raises(UsageError, match=r"counts rules that are gone: count with"):
        require_same_past(live, counted(tmp_path / "other", COUNTS, other))
    require_same_past(live, counted(tmp_path / "same", COUNTS, same))


def test_the_live_run_has_the_counted_cells(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(live_plan(), encoding="utf-8")
    plan = make_plan(Request(plan=str(path)))
    assert plan.reference.scenario == REFERENCE
    assert {(cell.workload, cell.scenario) for cell in plan.cells()} == {
        (workload, scenario) for workload in WORKLOADS for scenario in (*COUNTS, "no-rules")
    }


def test_a_guest_loses_a_rule_before_its_agent_begins() -> None:
    plain, losing = contents(("syscalls",)), losing_a_rule(("syscalls",))
    assert losing[ITSELF] == plain[AGENT]
    assert {path for path in losing if losing[path] != plain.get(path)} == {AGENT, ITSELF}
    code = marshal.loads(losing[AGENT].data[16:])
    assert {"mkdir", "add_rule", "rmdir", "main"} <= set(code.co_names)
