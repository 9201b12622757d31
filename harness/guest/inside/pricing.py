"""In a guest: what a call that no rule records costs under rules, and under them without some.

A new process makes the calls, as only such a one has the audit context of the rules in force.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any, Final

from harness.errors import AuditbenchError
from harness.guest.inside.covering import load_rules
from harness.guest.inside.hearing import PAUSE_S, hear, prepared
from harness.guest.inside.loopback import raise_loopback
from harness.guest.inside.record_log import RecordLog
from harness.kernel.client import AuditClient
from harness.kernel.lease.apply import StateWriter
from harness.kernel.lease.snapshot import Snapshot
from harness.model.state import AuditState

LOAD: Final = "syscalls"
"""getppid(2), the cheapest call."""
_WARM_UP_CHUNKS, _WARM_UP_OPS = 20, 20
_GETPPID: Final = 110
_PROBE_CALLS: Final = 10
_MOST_PROBES: Final = 20
Say = Callable[..., None]


def price(document: dict[str, Any], say: Say) -> None:
    """Do what a cost order says: `rules` (tagged in `tagged`), and `states`, each with a name and
    the places of its rules; negative places are those of `neutral`, counted from -1.

    Says `probed` with the rules that the kernel refused, and those that record the load's own call,
    neither of which are in any state; then `priced` for each state. Last the loads of `event_loads`
    are done under the tagged rules and, behind them, those of `behind`: says `heard` for each.
    """
    rules = [b64decode(rule) for rule in document["rules"]]
    neutral = [b64decode(rule) for rule in document["neutral"]]
    time.sleep(document["settle_s"])
    with AuditClient() as client, RecordLog() as log:
        client.set_status("enabled", 1)
        tags = [b64decode(rule) for rule in document["tagged"]]
        refused = load_rules(client, tags)
        recording = _recording(client, log, tags, [place for place, _ in refused], document)
        say("probed", refused=refused, recording=recording)
        left_out = {place for place, _ in refused} | set(recording)
        writer = StateWriter(client, Snapshot.capture(client))
        for index, state in enumerate(document["states"]):
            places = [place for place in state["places"] if place not in left_out]
            payloads = tuple(neutral[-place - 1] if place < 0 else rules[place] for place in places)
            try:
                writer.apply(AuditState(enabled=1, rules=payloads))
            except AuditbenchError as error:
                say("refused", index=index, message=error.one_line())
                continue
            say("priced", index=index, **_in_worker(lambda: _measure(document, log)))
        kept = [tag for place, tag in enumerate(tags) if place not in left_out]
        load_rules(client, [*kept, *(b64decode(rule) for rule in document["behind"])])
        raise_loopback()
        for name in document["event_loads"]:
            say("heard", **{"load": name, **_in_worker(partial(hear, name, document["auid"], log))})


def _recording(
    client: AuditClient,
    log: RecordLog,
    tags: Sequence[bytes],
    refused: Sequence[int],
    document: dict[str, Any],
) -> list[int]:
    """The places of rules that record the load's own call, found one by one by their keys."""
    found: list[int] = []
    places = {tag: place for place, tag in enumerate(document["tags"])}
    for _ in range(_MOST_PROBES):
        answer = _in_worker(lambda: _probe(document, log))
        place = places.get(answer.get("key") or "")
        if place is None:
            break
        found.append(place)
        load_rules(
            client, [tag for at, tag in enumerate(tags) if at not in found and at not in refused]
        )
    return found


def _probe(document: dict[str, Any], log: RecordLog) -> dict[str, Any]:
    load, shared, _ = prepared(LOAD, document["auid"])
    time.sleep(PAUSE_S)
    list(log.calls())
    load.time_chunks(shared, 0, 1, _PROBE_CALLS)
    time.sleep(PAUSE_S)
    own = [each for each in log.calls() if each.pid == os.getpid()]
    keys = [each.key for each in own if each.number == _GETPPID]
    return {"key": keys[0] if keys else None}


def _measure(document: dict[str, Any], log: RecordLog) -> dict[str, Any]:
    """Instructions per call: of chunks shorter than a tick the median, without the clock's."""
    load, shared, _ = prepared(LOAD, document["auid"])
    time.sleep(PAUSE_S)
    list(log.calls())
    first = load.time_chunks(shared, 0, _WARM_UP_CHUNKS, _WARM_UP_OPS)
    ops = max(1, round(document["chunk_instructions"] * _WARM_UP_OPS / max(1, min(first))))
    clock = load.time_chunks(shared, 0, document["chunks"], 0)
    chunks = load.time_chunks(shared, 0, document["chunks"], ops)
    time.sleep(PAUSE_S)
    records = sum(each.pid == os.getpid() for each in log.calls())
    return {
        "instructions_per_op": (median(chunks) - median(clock)) / ops,
        "records": records,
    }


def _in_worker(job: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a new process answers."""
    reading, writing = os.pipe()
    if (worker := os.fork()) == 0:
        try:
            answer = job()
        except BaseException as error:
            answer = {"failed": f"{type(error).__name__}: {error}"[:1000]}
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        data = answers.read()
    status = os.waitpid(worker, 0)[1]
    found: dict[str, Any] = (
        json.loads(data) if data else {"failed": f"the worker ended with status {status}"}
    )
    return found
