"""The first and only program in a guest: does what its order says, and answers on a serial line.

Each trial puts a state in force as a lease does, and forks the consumer and the load from here
(`trial.py`). Answers are JSON lines: `hello`, one `trial` or `refused` for each trial, `done`; or
`error`.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import platform
import termios
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from harness.errors import AuditbenchError
from harness.guest.inside.clocks import find_kauditd
from harness.guest.inside.jobs import JOB, carry_out
from harness.guest.inside.loopback import raise_loopback
from harness.guest.inside.rule_life import measure_life
from harness.guest.inside.trial import run_trial
from harness.guest.order import ORDER_FILE, read_order
from harness.kernel.client import AuditClient
from harness.kernel.lease.apply import StateWriter
from harness.kernel.lease.snapshot import Snapshot
from harness.model.state import AuditState
from workloads.running.options import parse_options

LINE = "/auditbench/line"
REBOOT = 0x01234567
"""reboot(2): restart, at which the emulator ends."""


class Line:
    """The serial line to the host."""

    def __init__(self, path: str = LINE) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY)
        attributes = termios.tcgetattr(self._descriptor)
        attributes[0] = attributes[1] = attributes[3] = 0  # as it is: no translation, no echo
        termios.tcsetattr(self._descriptor, termios.TCSANOW, attributes)

    def say(self, event: str, **fields: Any) -> None:
        """Send one line, and wait until it is sent."""
        data = json.dumps({"event": event, **fields}).encode() + b"\n"
        while data:
            data = data[os.write(self._descriptor, data) :]
        termios.tcdrain(self._descriptor)


def main() -> None:
    """Carry out the order. A guest has nothing to return to: it ends here."""
    _mount_proc()
    line = Line()
    try:
        _carry_out(line)
    except BaseException as error:
        line.say("error", message=f"{type(error).__name__}: {error}"[:1000])
    os.sync()
    ctypes.CDLL(None).reboot(REBOOT)


def rehearse(workloads: Sequence[str]) -> None:
    """Import all that a worker with these workloads, and a consumer, need.

    Before anything is counted, as the workers are forked from here; and on a host, to see what a
    guest must be given.
    """
    for name in workloads:
        _, info = parse_options([name])
        importlib.import_module(info.module)
    importlib.import_module("consumer.run")


def _mount_proc() -> None:
    if ctypes.CDLL(None, use_errno=True).mount(b"proc", b"/proc", b"proc", 0, None):
        raise OSError(ctypes.get_errno(), "proc cannot be mounted")


def _carry_out(line: Line) -> None:
    document = json.loads(Path(ORDER_FILE).read_text(encoding="utf-8"))
    line.say("hello", release=platform.release(), version=platform.version())
    if JOB in document:
        carry_out(document, line.say)
        line.say("done")
        return
    order = read_order(document)
    rehearse(sorted({trial.words[0] for trial in order.trials}))
    if order.daemons_by:
        importlib.import_module(order.daemons_by)
    time.sleep(order.settle_s)
    raise_loopback()
    kauditd = find_kauditd()
    with AuditClient() as client:
        states = _States(client)
        for trial in order.trials:
            try:
                life = states.life_of_rules(trial.state)
                states.enter(trial.state)
            except AuditbenchError as error:
                line.say("refused", index=trial.index, message=error.one_line())
                continue
            try:
                answer = run_trial(
                    trial, order, client, kauditd, partial(states.enter, trial.state)
                )
            except (OSError, RuntimeError) as error:
                answer = {"failed": str(error)}
            except AuditbenchError as error:
                answer = {"failed": error.what}
            line.say(**{**answer, "event": "trial", "index": trial.index, "life": life})
    line.say("done")


class _States:
    """The guest's audit. It was enabled once before the first state other than `never`."""

    def __init__(self, client: AuditClient) -> None:
        self._client = client
        self._writer = StateWriter(client, Snapshot.capture(client))
        self._was_enabled = False
        self._lives: dict[tuple[bytes, ...], dict[str, Any]] = {}

    def enter(self, state: AuditState | None) -> None:
        """Put a state in force; None leaves audit alone."""
        if state is None:
            return
        self._enable_once()
        self._writer.apply(state)

    def life_of_rules(self, state: AuditState | None) -> dict[str, Any]:
        """What loading and deleting a state's rules costs, counted once; empty for none."""
        if state is None or not state.rules:
            return {}
        if state.rules in self._lives:
            return self._lives[state.rules]
        self._enable_once()
        self._writer.apply(AuditState(enabled=0))
        return self._lives.setdefault(state.rules, measure_life(state.rules))

    def _enable_once(self) -> None:
        if not self._was_enabled:
            self._client.set_status("enabled", 1)
            self._was_enabled = True


if __name__ == "__main__":
    main()
