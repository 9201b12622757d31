"""A bill from a rule file to counts: two guests are started, and this host is left alone."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Final

from harness.counted import counted
from harness.guest.boot import emulator_version
from harness.guest.contents import contents
from harness.guest.cpio import Entry, file, with_parents, write_archive
from harness.guest.inside.jobs import JOB, PRICE
from harness.guest.inside.pricing import LOAD
from harness.guest.kernels.images import KernelImage, find_kernel
from harness.guest.named_paths import entries_for
from harness.guest.order import ORDER_FILE, SETTLE_S
from harness.guest.together import GuestFailedError, run_boots
from harness.kernel.rules.fields import ARCH_NUMBERS, Action, Field, FilterList, Operator
from harness.kernel.rules.libaudit import syscall_number
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.rule import Rule, RuleField, mask_of
from harness.kernel.rules.tagged import tag_of, tagged
from harness.model.cost import Bill
from harness.plain import plain
from harness.run.counted_facts import stored_guest
from harness.run.lifecycle.borrow import Say
from harness.run.lifecycle.signals import stop_if_asked, stop_signals
from harness.run.rules.bill import Wanted, left_out, make_bill
from harness.run.rules.event_bill import with_events
from harness.run.rules.events import (
    CALLS,
    LOGIN,
    NATIVE,
    REFUSED,
    count_events,
    rules_behind,
)

BOOTS: Final = 2
MOST_SINGLE: Final = 60
"""Of so many rules each is priced by itself; of more, those alike but for values together."""
_NEUTRAL_CALLS: Final = ("reboot", "kexec_load")
"""Calls that the load does not make, for rules that stand for any."""
_STATE_S: Final = 1.0
_BOOT_S: Final = 12.0
_EVENTS_S: Final = 25.0
"""CPU time of a guest that counts what events cost, its boot included, about."""
NO_RULES, ONE, TWO, WHOLE = "no rules", "one rule", "two rules", "the file"


def run_cost(rules: Sequence[LoadedRule], kernel: str | None, say: Say) -> Bill:
    """Count what each rule costs, in guests with this kernel."""
    with stop_signals():
        emulator = emulator_version()
        image = find_kernel(kernel)
        bare = [rule.view.rule for rule in rules]
        states = plan_states(bare)
        say(f"counting under Linux {plain(image.release)} ({plain(image.source)})")
        seconds = BOOTS * (_BOOT_S + _STATE_S * len(states) + _EVENTS_S)
        say(
            f"starting {BOOTS} guests for {counted(len(states), 'state')} each of "
            f"{counted(len(rules), 'rule')}: about {seconds:.0f} s of CPU time"
        )
        base = contents((LOAD, *CALLS), (PRICE,))
        answers = count_states(image, base, bare, states, say)
        guest = stored_guest(image, emulator)
        bill = make_bill(rules, states, answers, guest)
        out = left_out(answers)
        kept = [rule for place, rule in enumerate(bare) if place not in out]
        heard = [each for boot in answers for each in boot if each["event"] == "heard"]
        return with_events(bill, rules, heard, count_events(image, base, kept, say))


def count_states(
    image: KernelImage,
    base: dict[bytes, Entry],
    rules: Sequence[Rule],
    states: Sequence[Wanted],
    say: Say,
    *,
    own: int | None = None,
) -> list[list[dict[str, Any]]]:
    """What guests say of these states, boot by boot, with `state` in each answer about one.

    The first `own` of the rules are the file's, all of them if it is None: what these record is
    heard, and they are left out where they cannot be counted. Where a guest fails once something is
    counted, the states that lack an answer are answered as refused, with its words.
    """
    orders = [list(_of_boot(states, boot)) for boot in range(BOOTS)]
    file = rules[:own]
    roots = [_root(base, rules, file, [states[each] for each in order]) for order in orders]
    answers: list[list[dict[str, Any]]] = [[] for _ in range(BOOTS)]
    left = [set(order) for order in orders]
    try:
        for boot, answer in run_boots(image, roots, lambda words: say(plain(words))):
            stop_if_asked()
            place = answer.get("index")
            if place is not None and (place + 1) % 10 == 0:
                say(f"boot {boot + 1}: {place + 1} of {counted(len(states), 'state')}")
            said = {} if place is None else {"state": orders[boot][place]}
            left[boot].difference_update(said.values())
            answers[boot].append({**answer, **said})
    except GuestFailedError as error:
        if not any(each["event"] == "priced" for boot in answers for each in boot):
            raise
        # What was counted before is not lost for that.
        for boot, places in enumerate(left):
            lost = {"event": REFUSED, "message": error.what}
            answers[boot] += [{**lost, "state": place} for place in sorted(places)]
    return answers


def plan_states(rules: Sequence[Rule]) -> list[Wanted]:
    """What is counted: no rules, one and two neutral ones, the file, and it without each group."""
    every = tuple(range(len(rules)))
    states = [Wanted(NO_RULES, ()), Wanted(ONE, (-1,)), Wanted(TWO, (-1, -2)), Wanted(WHOLE, every)]
    for group in groups_of(rules):
        kept = tuple(place for place in every if place not in group)
        states.append(Wanted(f"without {group[0]}", kept, group))
    return states


def groups_of(rules: Sequence[Rule]) -> list[tuple[int, ...]]:
    """The places of rules that are priced together."""
    if len(rules) <= MOST_SINGLE:
        return [(place,) for place in range(len(rules))]
    alike: dict[object, list[int]] = {}
    for place, rule in enumerate(rules):
        alike.setdefault(_shape(rule), []).append(place)
    return [tuple(places) for places in alike.values()]


def _shape(rule: Rule) -> object:
    """What a rule's price for other calls depends on: all but the values that it compares."""
    number = syscall_number("getppid", NATIVE)
    return (
        rule.filter_list,
        rule.action,
        rule.names_syscall(number),
        # Where the architecture is another, nothing behind it is compared.
        tuple((f.field, f.op, f.value if f.field == Field.ARCH else None) for f in rule.fields)
        if rule.names_syscall(number)
        else any(field.field == Field.WATCH for field in rule.fields),
    )


def neutral_rules() -> list[Rule]:
    """Rules for calls that nothing makes while something is counted."""
    arch = RuleField(Field.ARCH, Operator.EQUAL, ARCH_NUMBERS[NATIVE])
    return [
        Rule(FilterList.EXIT, Action.ALWAYS, mask_of([syscall_number(call, NATIVE)]), (arch,))
        for call in _NEUTRAL_CALLS
    ]


def _of_boot(states: Sequence[Wanted], boot: int) -> Sequence[int]:
    """The order of a boot: every second one backwards, so that what order does shows."""
    order = range(len(states))
    return order[::-1] if boot % 2 else order


def _root(
    base: dict[bytes, Entry], rules: Sequence[Rule], own: Sequence[Rule], states: Sequence[Wanted]
) -> bytes:
    order = {
        JOB: PRICE,
        "settle_s": SETTLE_S,
        "auid": str(LOGIN),
        "chunks": 51,
        "chunk_instructions": 200_000,
        "rules": _payloads(rules),
        "tagged": _payloads(tagged(own)),
        "tags": [tag_of(place) for place in range(len(own))],
        "behind": _payloads(rules_behind()),
        "event_loads": list(CALLS),
        "neutral": _payloads(neutral_rules()),
        "states": [{"places": list(state.places)} for state in states],
    }
    entries = {**base, ORDER_FILE.encode(): file(json.dumps(order).encode())}
    payloads = [rule.to_bytes() for rule in rules]
    return write_archive({**entries, **entries_for(payloads, with_parents(entries))})


def _payloads(rules: Sequence[Rule]) -> list[str]:
    return [b64encode(rule.to_bytes()).decode() for rule in rules]
