"""The probe whether audit was ever enabled since boot, without enabling it.

The kernel keeps `audit_ever_enabled`, never shows it and never clears it; once set, every task
gets an audit context at fork and pays for it on every syscall. So the state of this boot decides
the cost of 'off'. Evidence in this order, the first that decides:

1. `enabled` is not 0, or the kernel was booted with `audit=1`.
2. The variable itself, read from `/proc/kcore` where the kernel lists and shows it.
3. Children forked under a rule `never,task`, which get no context, against children forked
   without it, timed alternately on `getppid`: they differ only if audit was enabled before.

The rule of 3 is bound to the process id of the probe's own forking helper (on the task list,
`pid` is the parent's), so it affects no other process; it exists for milliseconds and is deleted
whatever happens. It is not used if that would be unsafe or prove nothing: see `_obstacle`.
"""

from __future__ import annotations

import json
import signal
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from harness.errors import KernelAnswerError
from harness.host.ever_enabled.fork_helper import ForkHelper
from harness.host.ever_enabled.kernel_memory import ever_enabled_flag
from harness.host.ever_enabled.verdict import Differences, Verdict
from harness.host.privilege import read_privilege_facts
from harness.host.proc import boot_parameter
from harness.host.tree import HostTree
from harness.kernel import messages
from harness.kernel.status import AuditStatus

State = Literal["never", "before", "now", "unknown"]
_STATES: dict[Verdict, State] = {"differ": "before", "alike": "never", "unclear": "unknown"}

PAIRS = 3
ROUNDS = 20
CALLS = 2_000
BUDGET_S = 0.35
"""After this much timing without a clear answer, the answer is unknown."""

_TASK_LIST = 1
_FIELD_PID = 0
_OPERATOR_EQUAL = 0x40000000
_STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}


class ClientLike(Protocol):
    """The part of `harness.kernel.client.AuditClient` that is needed."""

    def status(self) -> AuditStatus: ...
    def list_rules(self) -> Sequence[bytes]: ...
    def add_rule(self, rule: bytes, /) -> object: ...
    def delete_rule(self, rule: bytes, /) -> object: ...


class _RuleRefusedError(Exception):
    """Nothing was loaded, so there is nothing to delete."""


@dataclass(frozen=True, slots=True)
class EverEnabled:
    """The answer, how it is known in one phrase, and the numbers behind it."""

    state: State
    how: str
    evidence: dict[str, float] = field(default_factory=dict)


def probe_ever_enabled(client: ClientLike, *, tree: HostTree | None = None) -> EverEnabled:
    """Whether audit is, was or never was enabled since boot; under half a second.

    Raises `KernelAnswerError` if the kernel does not answer, or if the rule that was loaded
    could not be deleted; then the message says how to delete it.
    """
    tree = tree or HostTree()
    status = client.status()
    known = _known(tree, status)
    if known is not None:
        return known
    obstacle = _obstacle(tree, client)
    if obstacle is not None:
        return _undecided(obstacle, status)
    answer = _by_timing(client)
    if client.status().enabled:
        return EverEnabled("now", "audit was enabled while this was being found out")
    return answer if answer.state != "unknown" else _undecided(answer.how, status, answer.evidence)


def _known(tree: HostTree, status: AuditStatus) -> EverEnabled | None:
    """The answer if no timing is needed."""
    if status.enabled:
        return EverEnabled("now", f"the kernel says enabled={status.enabled}")
    if boot_parameter(tree.text("/proc/cmdline") or "", "audit") in {"1", "on"}:
        return EverEnabled("before", "the kernel was booted with audit=1")
    flag = ever_enabled_flag(tree, backlog_limit=status.backlog_limit)
    if flag is None:
        return None
    how = f"the kernel's variable audit_ever_enabled is {int(flag)} (/proc/kcore)"
    return EverEnabled("before" if flag else "never", how, {"audit_ever_enabled": int(flag)})


def _obstacle(tree: HostTree, client: ClientLike) -> str | None:
    """The reason why the rule cannot be used here, or None."""
    if read_privilege_facts(tree).initial_pid_namespace is False:
        return "a process id in a rule means nothing outside the initial pid namespace"
    on_task_list = [rule for rule in client.list_rules() if messages.rule_list(rule) == _TASK_LIST]
    if on_task_list:
        return f"{len(on_task_list)} rule(s) on the task list already decide who gets a context"
    return None


def _undecided(
    why: str, status: AuditStatus, evidence: dict[str, float] | None = None
) -> EverEnabled:
    """The answer `unknown`; it mentions a `lost` above 0, as only enabled audit loses records."""
    hint = f"; lost={status.lost} hints that it was" if status.lost else ""
    return EverEnabled("unknown", why + hint, {**(evidence or {}), "lost": status.lost})


def never_task_rule(parent_pid: int) -> bytes:
    """The kernel's bytes for `-a never,task -F pid=PARENT`: its children get no audit context."""
    rule = bytearray(messages.RULE_FIXED_BYTES)
    struct.pack_into("=III", rule, 0, _TASK_LIST, 0, 1)
    struct.pack_into("=I", rule, 268, _FIELD_PID)
    struct.pack_into("=I", rule, 524, parent_pid)
    struct.pack_into("=I", rule, 780, _OPERATOR_EQUAL)
    return bytes(rule)


def _by_timing(client: ClientLike) -> EverEnabled:
    """Fork both groups; time them in batches until the answer is clear or time is up."""
    try:
        with ForkHelper() as helper:
            with _rule_loaded(client, never_task_rule(helper.pid)):
                helper.ask(f"fork bare {PAIRS}")
            helper.ask(f"fork plain {PAIRS}")
            differences = Differences(PAIRS)
            deadline = time.monotonic() + BUDGET_S
            verdict: Verdict = "unclear"
            while verdict == "unclear" and time.monotonic() < deadline:
                differences.add(json.loads(helper.ask(f"time {ROUNDS} {CALLS}")))
                verdict = differences.verdict()
    except _RuleRefusedError as error:
        return EverEnabled("unknown", f"the kernel did not take the probe's rule: {error}")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return EverEnabled("unknown", f"the timing helper failed: {error}")
    evidence = differences.evidence()
    return EverEnabled(_STATES[verdict], _words(verdict, evidence), evidence)


def _words(verdict: Verdict, evidence: dict[str, float]) -> str:
    numbers = (
        f"getppid takes {evidence['difference_ns']:+.0f} ns "
        f"({evidence['low_ns']:+.0f} to {evidence['high_ns']:+.0f}) more in a child forked without "
        "`never,task` than with it"
    )
    numbers = numbers.replace(" -", " −").replace("(-", "(−")
    if verdict == "unclear":
        return f"timing did not decide: {numbers}"
    return f"{numbers}: {'the' if verdict == 'differ' else 'no'} audit context exists"


@contextmanager
def _rule_loaded(client: ClientLike, rule: bytes) -> Iterator[None]:
    """Load a rule for the time of the block; signals that would stop this process wait."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        try:
            client.add_rule(rule)
        except KernelAnswerError as error:
            # A lost answer is no refusal.
            if rule in client.list_rules():
                _delete(client, rule)
            raise _RuleRefusedError(error.one_line()) from error
        try:
            yield
        finally:
            _delete(client, rule)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _delete(client: ClientLike, rule: bytes) -> None:
    try:
        client.delete_rule(rule)
    except KernelAnswerError:
        if rule not in client.list_rules():
            return
        try:
            client.delete_rule(rule)
        except KernelAnswerError as error:
            pid = struct.unpack_from("=I", rule, 524)[0]
            raise KernelAnswerError(
                "the probe's rule could not be deleted",
                errno=error.errno,
                remedy=f"delete it by hand: auditctl -d never,task -F pid={pid}",
            ) from error
