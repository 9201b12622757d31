"""`auditbench run` on a terminal: seen, interrupted, and everything given back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]
CTRL_C = b"\x03"


def test_ctrl_c_leaves_host_and_terminal_as_they_were(tmp_path: Path) -> None:
    with Terminal() as terminal:
        settings = terminal.settings()
        run = terminal.start(
            "run", "--workload", "udp", "--scenario", "rules", "--ops", 200, "--blocks", 200,
            "--label", "of-a-test", cwd=tmp_path,
        )  # fmt: skip
        try:
            seen = terminal.wait_for(lambda shown: "block 3 of 200" in shown, 60)
            shown = terminal.text()
            assert seen, shown
            assert terminal.screen.cursor.hidden
            rules = next(line for line in shown.splitlines() if line.startswith("rules"))
            # Name, value and unit, ratio and mark, the ends of its interval, half of it, how it
            # narrowed.
            assert len(rules.split()) == 11
            assert "overhead: What audit costs" in shown
            terminal.type(CTRL_C)
            terminal.wait_for(lambda _: run.poll() is not None, 30)
            terminal.take_in(0.1)
        finally:
            run.kill()
            run.wait()
        assert run.returncode == 5, terminal.everything()
        assert terminal.settings() == settings
        assert not terminal.screen.cursor.hidden
        everything = terminal.everything()
        assert "now      stopped" in everything
        assert everything.index("now      stopped") < everything.index("The run was stopped")
    environment = json.loads(next(tmp_path.glob("results/*/*/environment.json")).read_text())
    assert environment["label"] == "of-a-test"
