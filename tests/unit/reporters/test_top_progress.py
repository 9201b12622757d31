"""The progress of `auditbench top`: in place on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from harness.verbs.shared import top_progress
from harness.verbs.shared.top_progress import ListeningProgress, ReadingProgress


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        monkeypatch.setattr(top_progress.time, "monotonic", lambda: self.now_s)


def test_listening_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stream = Clock(monkeypatch), io.StringIO()
    with ListeningProgress(Console(file=stream, width=80), 30) as progress:
        clock.now_s += 5
        progress.begin()
        for second in range(31):
            progress(1000 * second)
            clock.now_s += 1
    assert stream.getvalue().splitlines() == [
        "10,000 records, 20 s left",
        "20,000 records, 10 s left",
        "30,000 records, 0 s left",
    ]


def test_listening_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stream = Clock(monkeypatch), io.StringIO()
    console = Console(file=stream, width=80, force_terminal=True, color_system=None)
    with ListeningProgress(console, 30) as progress:
        progress.begin()
        clock.now_s += 12
        progress(1234)
    assert "1,234 records, 18 s left" in stream.getvalue()
    assert max(map(len, stream.getvalue().split("\x1b"))) < 80


def test_reading_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, stream = Clock(monkeypatch), io.StringIO()
    with ReadingProgress(Console(file=stream, width=80)) as progress:
        progress(1, 5000)
        clock.now_s += 11
        progress(4000, 5000)
        progress(4500, 5000)
    assert stream.getvalue() == "4,000 of 5,000 bytes read\n"
