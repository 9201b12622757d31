"""In a guest: operations are done while rules are in force, and what was recorded of them is told.

Each operation is done by a process of its own, forked under the rules. Just before its call it
takes a name of ours, by which the record of that call is told from those of its preparation.
"""

from __future__ import annotations

import ctypes
import os
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.errors import KernelAnswerError
from harness.guest.inside.loopback import raise_loopback
from harness.guest.inside.record_log import CallRecord, RecordLog
from harness.guest.operations.catalog import OPERATIONS
from harness.guest.operations.entries import (
    ENTRIES,
    Identity,
    Prepared,
    identity,
    missing,
    perform,
)
from harness.guest.operations.entries import prepare as prepare_entry
from harness.guest.operations.operation import Operation
from harness.kernel.client import AuditClient
from workloads.running.session import enter_session

WORK: Final = Path("/auditbench/work")
MARK: Final = "in-operation"
"""A process's name while it does its operation; at most 15 characters."""
PREPARED: Final = b"prepared "
_PR_SET_NAME: Final = 15
_BACKLOG: Final = 60_000
_SETTLE_S: Final = 0.5
_WAIT_S: Final = 0.02
_PROGRESS: Final = 20
"""After so many operations a line is said, so that a guest at work is not taken for one that hangs.
"""
_libc = ctypes.CDLL(None, use_errno=True)
Say = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One operation by one entry, and the process that did it.

    `error` is an errno, 0 if none, None for a call that could not be made, for the reason `note`.
    """

    name: str
    entry: str
    identity: Identity
    pid: int
    error: int | None
    note: str = ""


class UnknownOperationError(Exception):
    """The kernel has io_uring, and not this operation of it."""

    def __init__(self) -> None:
        super().__init__("the kernel has no such operation")


def cover(document: dict[str, Any], say: Say) -> None:
    """Do what a cover order says: `passes`, each with rules, a login, and operations.

    Says `entries`, then per pass `refused` rules and `covered`: per operation and entry its errno,
    and the key of the rule that recorded it.
    """
    _prepare_machine()
    lacking = {entry: missing(entry) for entry in ENTRIES}
    say("entries", missing=lacking)
    with AuditClient() as client, RecordLog() as log:
        client.set_statuses([("enabled", 1), ("backlog_limit", _BACKLOG)])
        recorded: list[set[tuple[str, str]]] = []
        for index, each in enumerate(document["passes"]):
            refused = load_rules(client, [b64decode(rule) for rule in each["rules"]])
            before = set() if each["after"] is None else recorded[each["after"]]
            wanted = [
                (name, entry)
                for name, entry in each["operations"]
                if not lacking[entry] and (name, entry) not in before
            ]
            results = list(_pass(index, wanted, each["login"], log, say))
            recorded.append({(r["name"], r["entry"]) for r in results if r["recorded"]})
            say("covered", index=index, refused=refused, lost=log.lost, results=results)
            log.lost = 0


def load_rules(client: AuditClient, rules: Sequence[bytes]) -> list[tuple[int, str]]:
    """Put rules in force in the place of those that are; the places of those refused, and why."""
    for rule in client.list_rules():
        client.delete_rule(rule)
    refused = []
    for place, rule in enumerate(rules):
        try:
            client.add_rule(rule)
        except KernelAnswerError as error:
            refused.append((place, error.what))
    return refused


def _prepare_machine() -> None:
    """A file system with attributes to work in, and an interface for addresses of this machine."""
    WORK.mkdir(parents=True, exist_ok=True)
    if _libc.mount(b"tmpfs", os.fsencode(WORK), b"tmpfs", 0, b"mode=0777"):
        raise OSError(ctypes.get_errno(), "tmpfs cannot be mounted")
    raise_loopback()


def _pass(
    index: int, wanted: Sequence[tuple[str, str]], login: str, log: RecordLog, say: Say
) -> Iterator[dict[str, Any]]:
    records: dict[int, list[CallRecord]] = {}

    def read() -> None:
        for record in log.calls():
            records.setdefault(record.pid, []).append(record)

    attempts = []
    for number, (name, entry) in enumerate(wanted):
        operation = OPERATIONS[name]
        known = identity(operation, entry)
        if known is None:
            continue
        folder = WORK / f"{index}-{number}"
        folder.mkdir(mode=0o777)
        folder.chmod(0o777)
        attempts.append(_attempt(operation, entry, known, login, folder))
        time.sleep(_WAIT_S)
        read()
        if len(attempts) % _PROGRESS == 0:
            say("progress", index=index, done=len(attempts), of=len(wanted))
    time.sleep(_SETTLE_S)
    read()
    for attempt in attempts:
        own = [r for r in records.get(attempt.pid, ()) if is_of(r, attempt)]
        yield {
            "name": attempt.name,
            "entry": attempt.entry,
            "error": attempt.error,
            "note": attempt.note,
            "recorded": bool(own),
            "key": own[-1].key if own else None,
        }


def is_of(record: CallRecord, attempt: Attempt) -> bool:
    """Whether a record of the process is that of its operation, and not of what came before."""
    if (record.arch, record.number) != (attempt.identity.arch, attempt.identity.number):
        return False
    return record.arch is None or "execve" in attempt.name or record.comm == MARK


def _attempt(
    operation: Operation, entry: str, known: Identity, login: str, folder: Path
) -> Attempt:
    reading, writing = os.pipe2(os.O_CLOEXEC)
    if (pid := os.fork()) == 0:
        _in_child(operation, entry, known, login, folder, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        said = answers.read()
    os.waitpid(pid, 0)
    return Attempt(operation.name, entry, known, pid, *_result(said))


def _in_child(
    operation: Operation, entry: str, known: Identity, login: str, folder: Path, answer: int
) -> None:
    """Never returns. Answers `prepared` and what the call returned, which a new program cannot."""
    try:
        os.chdir("/")
        enter_session(login)
        prepared = prepare_entry(operation, entry, folder)
        _refuse_unknown(prepared, known)
        if operation.user:
            os.setgroups([])
            os.setresgid(operation.user, operation.user, operation.user)
            os.setresuid(operation.user, operation.user, operation.user)
        os.write(answer, PREPARED)
        _libc.prctl(_PR_SET_NAME, MARK.encode(), 0, 0, 0)
        result = perform(operation, entry, prepared)
        os.write(answer, str(result).encode())
    except BaseException as error:
        os.write(answer, f"failed {type(error).__name__}: {error}".encode())
    os._exit(0)


def _refuse_unknown(prepared: Prepared, known: Identity) -> None:
    if prepared.ring is not None and not prepared.ring.knows(known.number):
        raise UnknownOperationError


def _result(said: bytes) -> tuple[int | None, str]:
    """The errno of a call, 0 for one that succeeded; None, and why, for one that was not made."""
    result = said.removeprefix(PREPARED)
    if result == said or result.startswith(b"failed"):
        return None, result.decode(errors="replace")[:200]
    return (max(0, -int(result)) if result else 0), ""
