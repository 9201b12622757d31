"""What the events of a rule file cost: loads are counted in two guests, recorded and silent.

Recorded is the file, and rules of our own behind it for what it does not record. Silent are the
same rules that stop at the same places and write nothing: what differs is the price of the events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harness.counted import counted
from harness.guest.cpio import Entry, file, with_parents, write_archive
from harness.guest.kernels.images import KernelImage
from harness.guest.named_paths import entries_for
from harness.guest.order import ORDER_FILE, GuestTrial, Order, order_document
from harness.guest.together import GuestFailedError, run_boots
from harness.kernel.rules.fields import ARCH_NUMBERS, Action, Field, FilterList, Operator
from harness.kernel.rules.libaudit import syscall_number
from harness.kernel.rules.rule import Rule, RuleField, mask_of
from harness.kernel.rules.tagged import silenced
from harness.model.state import AuditState
from harness.plain import plain
from harness.run.counted_trial import BACKLOG_LIMIT, consumer_words
from harness.run.lifecycle.borrow import Say
from harness.run.lifecycle.signals import stop_if_asked
from harness.run.plan.counted_consumers import COUNTED_CONSUMER

NATIVE: Final = "x86_64"
LOGIN: Final = 1000
"""The login uid of every load."""
CALLS: Final = {
    "connect": ("connect",),
    "udp": ("sendto",),
    "files": ("openat", "unlinkat"),
    "shells": ("execve",),
}
"""The loads whose events are counted, and the calls that are recorded behind the file for them."""
REFUSED: Final = "refused"
"""The event that something could not be counted; `message` says why."""
_CHUNKS: Final = 51
_BOOTS: Final = 2


@dataclass(frozen=True, slots=True)
class EventTrial:
    """One load under the rules that record it, or under those that do not."""

    load: str
    recorded: bool


def rules_behind() -> list[Rule]:
    """Rules that record each load, if no rule before them decides."""
    return [
        Rule(
            FilterList.EXIT,
            Action.ALWAYS,
            mask_of([syscall_number(call, NATIVE) for call in calls]),
            (
                RuleField(Field.ARCH, Operator.EQUAL, ARCH_NUMBERS[NATIVE]),
                RuleField(Field.LOGINUID, Operator.EQUAL, LOGIN),
                RuleField(Field.FILTERKEY, Operator.EQUAL, load.encode()),
            ),
        )
        for load, calls in CALLS.items()
    ]


def count_events(
    image: KernelImage, base: Mapping[bytes, Entry], rules: Sequence[Rule], say: Say
) -> list[tuple[EventTrial, dict[str, Any]]]:
    """What guests with this kernel answer to each trial under these rules of a file.

    Where a guest fails, the trials that lack an answer are answered as refused, with its words.
    """
    recording = [*rules, *rules_behind()]
    trials = [EventTrial(load, recorded) for load in CALLS for recorded in (True, False)]
    orders = [trials, trials[::-1]][:_BOOTS]
    roots = [_root(base, recording, order) for order in orders]
    say(f"starting {counted(len(roots), 'guest')} for the events of {', '.join(CALLS)}")
    answers: list[tuple[EventTrial, dict[str, Any]]] = []
    left = [dict(enumerate(order)) for order in orders]
    try:
        for boot, answer in run_boots(image, roots, lambda words: say(plain(words))):
            stop_if_asked()
            if answer.get("index") is not None:
                answers.append((left[boot].pop(answer["index"]), answer))
    except GuestFailedError as error:
        # What was counted before is not lost for that.
        lacking = [trial for trials in left for trial in trials.values()]
        answers += [(trial, {"event": REFUSED, "message": error.what}) for trial in lacking]
    return answers


def _root(base: Mapping[bytes, Entry], rules: Sequence[Rule], order: Sequence[EventTrial]) -> bytes:
    states = {True: _state(rules), False: _state(silenced(rules))}
    trials = tuple(
        GuestTrial(
            index,
            states[each.recorded],
            (each.load, f"--auid={LOGIN}"),
            consumer_words(COUNTED_CONSUMER, states[each.recorded]),
        )
        for index, each in enumerate(order)
    )
    document = order_document(Order(trials, chunks=_CHUNKS))
    entries = {**base, ORDER_FILE.encode(): file(json.dumps(document).encode())}
    return write_archive({**entries, **entries_for(states[True].rules, with_parents(entries))})


def _state(rules: Sequence[Rule]) -> AuditState:
    payloads = tuple(rule.to_bytes() for rule in rules)
    return AuditState(enabled=1, backlog_limit=BACKLOG_LIMIT, rules=payloads)
