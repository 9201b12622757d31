"""What a guest is told to measure, and how it is written down for it.

The order lies in the guest's root, and nothing is said to a guest while it runs: so what happens in
it depends on nothing outside, and equal orders give equal guests.
"""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from typing import Any, Final

from harness.model.state import SETTINGS, AuditState

ORDER_FILE: Final = "/auditbench/order.json"
MARKER: Final = "auditbench-sync"
"""The beginning of the sync markers that a guest sends; its consumers are told."""
SETTLE_S: Final = 30.0
"""What a kernel does after its boot is over by then: work of its own would be counted."""


@dataclass(frozen=True, slots=True)
class GuestCommand:
    """How a program of the user's own is started, and what it writes, as the options say it."""

    words: tuple[str, ...]
    output: str
    form: str = ""
    mapping: str = ""


@dataclass(frozen=True, slots=True)
class GuestDaemon:
    """A daemon of others that receives the events, by the adapter of live runs.

    `program` is the file in the guest that starts it; others that it starts are in the same folder.
    `adapter` is its name, or with a `command` what a program of the user's own is called.
    """

    adapter: str
    program: str
    excluded_types: tuple[int, ...] = ()
    receive_buffer_bytes: int = 0
    """Of its socket; 0 is the kernel's default."""
    command: GuestCommand | None = None


@dataclass(frozen=True, slots=True)
class GuestTrial:
    """One load in one audit state; `words` are the command line of `python -m workloads`.

    `state` None: audit must not be touched. `consumer` is the command line of `python -m consumer`
    that receives the events, empty for none; `daemon` receives them in its place.
    """

    index: int
    state: AuditState | None
    words: tuple[str, ...]
    consumer: tuple[str, ...] = ()
    daemon: GuestDaemon | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Trials in their order. A chunk of operations takes about `chunk_instructions`.

    There are at most `chunks`, and fewer of operations that alone take more than a chunk.
    """

    trials: tuple[GuestTrial, ...]
    settle_s: float = SETTLE_S
    chunks: int = 101
    least_chunks: int = 25
    chunk_instructions: int = 200_000
    """A tick of the kernel comes every 4,000,000 or less often: most chunks have none in them."""
    daemons_by: str = ""
    """The module that tells a guest's agent how daemons are started; empty where there are none."""


def order_document(order: Order) -> dict[str, Any]:
    """An order as JSON."""
    trials = [{**asdict(trial), "state": _state(trial.state)} for trial in order.trials]
    return {**asdict(order), "trials": trials}


def read_order(document: dict[str, Any]) -> Order:
    """The order in a document that `order_document` made."""
    return Order(**{**document, "trials": tuple(map(_read_trial, document["trials"]))})


def _read_trial(document: dict[str, Any]) -> GuestTrial:
    return GuestTrial(
        document["index"],
        _read_state(document["state"]),
        tuple(document["words"]),
        tuple(document["consumer"]),
        _read_daemon(document["daemon"]),
    )


def _read_daemon(document: dict[str, Any] | None) -> GuestDaemon | None:
    if document is None:
        return None
    types, command = tuple(document["excluded_types"]), document["command"]
    if command is not None:
        command = GuestCommand(**{**command, "words": tuple(command["words"])})
    return GuestDaemon(**{**document, "excluded_types": types, "command": command})


def _state(state: AuditState | None) -> dict[str, Any] | None:
    if state is None:
        return None
    rules = [base64.b64encode(rule).decode() for rule in state.rules]
    return {**{name: getattr(state, name) for name in SETTINGS}, "rules": rules}


def _read_state(document: dict[str, Any] | None) -> AuditState | None:
    if document is None:
        return None
    rules = tuple(base64.b64decode(rule) for rule in document["rules"])
    return AuditState(**{**document, "rules": rules})
