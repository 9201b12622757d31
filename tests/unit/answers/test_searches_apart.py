"""Trials of a search are set against those of no other run, and one line says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.command import assert_one_line, auditbench
from tests.support.stored.two_runs import write_run

CAPACITY: dict[str, Any] = {
    "capacity": {"workload": "udp", "rules": {"rules": 64}, "consumers": ["assemble"]}
}


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "m/1", "m/2"),
        ("history",),
        ("gate", "--run", "m/2", "--fail", "cpu:5%"),
        ("gate", "--run", "m/2", "--against", "m/1", "--fail", "cpu:5%"),
        ("list", "runs"),
    ],
)
def test_a_search_is_no_run_to_compare_with(tmp_path: Path, words: tuple[str, ...]) -> None:
    for name, plan in (("1", {}), ("2", CAPACITY)):
        write_run(tmp_path / "results/m" / name, plan=plan)
    done = auditbench(*words, cwd=tmp_path)
    if words[0] == "list":
        assert done.returncode == 0
    else:
        assert_one_line(done, 2, "m/2 is a search", "auditbench show m/2")
