"""An audit daemon that registers, reads nothing, and does not end when it is asked to."""

from __future__ import annotations

import signal

from harness.kernel.client import AuditClient

signal.signal(signal.SIGTERM, signal.SIG_IGN)
with AuditClient() as client:
    client.register()
    while True:
        signal.pause()
