"""osqueryd is stopped when it is idle, not when a busy machine keeps it from working."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from harness.consumers.osqueryd import Busy


@pytest.mark.parametrize(("code", "busy"), [("while True: pass", True), ("sleep(600)", False)])
def test_work_is_told_from_idleness_however_busy_the_machine_is(code: str, busy: bool) -> None:
    command = [sys.executable, "-c", f"from time import sleep\nprint(flush=True)\n{code}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        asked = Busy(process.pid)
        seen = []
        for _ in range(10):
            time.sleep(0.1)
            seen.append(asked.since_last())
        process.kill()
    assert (sum(seen) > 7) == busy


def test_a_process_that_has_ended_is_not_busy() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        assert not Busy(process.pid).since_last()
