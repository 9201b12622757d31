"""The plan that `init` writes, on the live kernel as it is, but small."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import auditbench, auditbench_json

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]


def test_the_plan_is_measured(tmp_path: Path) -> None:
    made = auditbench("init", "plan", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    small = ("--blocks", "2", "--ops", "50", "-q")
    done = auditbench("run", "my-plan.toml", *small, cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    assert done.stderr == ""
    shown = auditbench_json("show", cwd=tmp_path, code=done.returncode)
    assert {cell["workload"] for cell in shown["comparisons"]} == {"udp", "shells"}
