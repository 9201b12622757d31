"""Signals by name."""

from __future__ import annotations

import signal


def signal_name(number: int) -> str:
    """Its name, such as SIGKILL; those between the first and the last real-time one have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
