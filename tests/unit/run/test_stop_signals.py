"""A stop that nobody could catch is not lost."""

from __future__ import annotations

import os
import signal

import pytest

from harness.run.lifecycle.signals import stop_if_asked, stop_signals


class Broken:
    """An object in whose end the signal happens to come; Python drops what is raised there."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.kill(os.getpid(), self.number)
        for _ in range(1000):
            pass


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_that_was_dropped_stops_before_the_next_trial(number: signal.Signals) -> None:
    with stop_signals():
        stop_if_asked()
        Broken(number)
        with pytest.raises(KeyboardInterrupt):
            stop_if_asked()
    with stop_signals():
        stop_if_asked()


def test_what_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            stop_if_asked()
    finally:
        signal.signal(signal.SIGHUP, before)
