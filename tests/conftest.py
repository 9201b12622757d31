"""For all tests: signals as a shell in the foreground has them."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Who starts tests in the background may ignore some, and so would all children."""
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
