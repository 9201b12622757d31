"""In a guest: which rule records the calls of a load, and what its events are made of."""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Iterable
from typing import Any, Final

from consumer.text.names import type_name
from harness.guest.inside.record_log import SYSCALL, RecordLog, read_call
from workloads.parts.load import Load
from workloads.parts.tallies import SharedTallies
from workloads.running.options import parse_options
from workloads.running.session import enter_session

PAUSE_S: Final = 1.0
"""After a change, so that what the kernel puts off is done before anything is counted."""
OPERATIONS: Final = 20
_END_OF_EVENT: Final = 1320
_SERIAL = re.compile(rb"audit\(\d+\.\d+:(\d+)\)")
_SESSION = re.compile(rb"\bses=(\d+)")


def hear(name: str, auid: str, log: RecordLog) -> dict[str, Any]:
    """Do a few operations of a load in a session of its own; `calls` are what was recorded of them.

    To be run in a process that ends afterwards.
    """
    load, shared, session = prepared(name, auid)
    try:
        time.sleep(PAUSE_S)
        list(log.records())
        load.time_chunks(shared, 0, 1, OPERATIONS)
        time.sleep(PAUSE_S)
        return {"load": name, "operations": OPERATIONS, "calls": tally(log.records(), session)}
    finally:
        load.clean_up()


def prepared(name: str, auid: str) -> tuple[Load, SharedTallies, int | None]:
    """A load that can be done at once, and the audit session of this process."""
    options, info = parse_options([name, f"--auid={auid}"])
    load: Load = importlib.import_module(info.module).build(options)
    shared = SharedTallies(1)
    load.prepare(shared, 0)
    shared.touch(0)
    return load, shared, enter_session(auid).session


def tally(records: Iterable[tuple[int, bytes]], session: int | None) -> list[dict[str, Any]]:
    """Events of an audit session by key and call: how many, their records and bytes.

    Counted as auditd writes them to a raw log: a line for each record, and none for the end of an
    event.
    """
    events: dict[bytes, list[tuple[int, bytes]]] = {}
    for kind, text in records:
        serial = _SERIAL.search(text)
        if serial is not None and kind != _END_OF_EVENT:
            events.setdefault(serial[1], []).append((kind, text.rstrip(b"\0")))
    calls: dict[tuple[str | None, int], dict[str, Any]] = {}
    for event in events.values():
        own = next(
            (text for kind, text in event if kind == SYSCALL and _is_of(text, session)), None
        )
        if own is None:
            continue
        call = read_call(own)
        sums = calls.setdefault(
            (call.key, call.number),
            {"key": call.key, "number": call.number, "events": 0, "records": 0, "bytes": 0},
        )
        sums["events"] += 1
        sums["records"] += len(event)
        sums["bytes"] += sum(len(f"type={type_name(kind)} msg=\n") + len(t) for kind, t in event)
    return list(calls.values())


def _is_of(text: bytes, session: int | None) -> bool:
    found = _SESSION.search(text)
    return found is not None and int(found[1]) == session
