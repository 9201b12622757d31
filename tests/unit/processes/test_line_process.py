"""A child that speaks JSON lines: what is said of one that ends, and of one that does not."""

from __future__ import annotations

import signal
import sys

import pytest

from harness.processes import line_process
from harness.processes.line_process import ChildFailedError, LineProcess
from harness.processes.signals import signal_name
from tests.support.patience import PATIENCE_S


def child(code: str) -> LineProcess:
    return LineProcess("child", [sys.executable, "-S", "-c", f"import os, time; {code}"])


def test_one_that_closes_its_output_and_goes_on_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_process, "END_TIMEOUT_S", 0.1)
    with child("os.close(1); time.sleep(60)") as process:
        with pytest.raises(ChildFailedError, match="closed its output and did not end"):
            process.expect("ready", timeout_s=PATIENCE_S)
        process.end(0)


def test_a_signal_without_a_name_has_its_number() -> None:
    number = signal.SIGRTMIN + 1
    with (
        child(f"os.kill(os.getpid(), {number})") as process,
        pytest.raises(ChildFailedError, match=f"was killed by signal {number}$"),
    ):
        process.expect("ready", timeout_s=PATIENCE_S)
    assert signal_name(9) == "SIGKILL"
