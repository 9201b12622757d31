"""What a kernel refuses of rule files: they are loaded in a guest, and this host is left alone."""

from __future__ import annotations

import errno
import json
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.counted import counted
from harness.guest.boot import find_emulator
from harness.guest.contents import contents
from harness.guest.cpio import file, with_parents, write_archive
from harness.guest.inside.jobs import JOB, LOAD
from harness.guest.kernels.images import find_kernel
from harness.guest.named_paths import entries_for
from harness.guest.order import ORDER_FILE
from harness.guest.together import run_boots
from harness.kernel import messages
from harness.kernel.refusals import explain_refusal
from harness.kernel.rules.checks.refusals import (
    FORESEEN,
    REFUSED,
    release_refusals,
    rule_refusals,
)
from harness.kernel.rules.lint.parsed import parse_source
from harness.kernel.rules.lint.source import Source
from harness.kernel.rules.reader import RuleLine
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.warning import OR_IGNORE, FaultError
from harness.plain import plain
from harness.run.lifecycle.borrow import Say
from harness.run.lifecycle.signals import stop_if_asked, stop_signals

_NEVER_SET = {("enabled", 2), ("failure", 2)}
"""A lock would keep the guest from taking what comes below."""
_NAMES = {**errno.errorcode, errno.EOPNOTSUPP: "EOPNOTSUPP"}
"""Python has this one by its other name."""


@dataclass(frozen=True, slots=True)
class KernelAnswers:
    """What a kernel of this release refused of each source, by the number of the line."""

    kernel: str
    answers: list[Mapping[int, FaultError] | None]


def ask_kernel(sources: Sequence[Source], kernel: str, say: Say) -> KernelAnswers:
    """Load all that auditctl would give to the kernel, each source by itself, in one guest.

    UsageError without an emulator, HostUnfitError where the kernel cannot be had, GuestFailedError
    where the guest ended before it had told everything.
    """
    with stop_signals():
        find_emulator()
        image = find_kernel(kernel)
        lines = [_loadable(source) for source in sources]
        say(
            f"loading {counted(sum(map(len, lines)), 'line')} under Linux {plain(image.release)} "
            f"({plain(image.source)})"
        )
        answers: list[Mapping[int, FaultError] | None] = [None] * len(sources)
        release = image.release
        for _, answer in run_boots(image, [_root(lines)], lambda words: say(plain(words))):
            stop_if_asked()
            if answer["event"] == "hello":
                release = answer["release"]
            if answer["event"] == "loaded":
                own = lines[answer["index"]]
                answers[answer["index"]] = {
                    own[place].number: _fault(own[place], number, release)
                    for place, number in answer["refused"]
                }
        return KernelAnswers(release, answers)


def _loadable(source: Source) -> list[RuleLine]:
    """The lines with a rule to add, or settings: nothing is foreseen here."""
    parsed = parse_source(source, elsewhere=True, answers={})
    return [line for _, line in parsed.lines if _added(line) or list(_settings(line))]


def _added(line: RuleLine) -> Rule | None:
    return line.parsed.rule if line.parsed.operation == "add" else None


def _settings(line: RuleLine) -> Iterator[tuple[str, int]]:
    for control in line.parsed.controls:
        is_number = isinstance(control.value, int) and control.name in messages.STATUS_FIELDS
        if is_number and (control.name, control.value) not in _NEVER_SET:
            yield control.name, int(str(control.value))


def _root(files: Sequence[Sequence[RuleLine]]) -> bytes:
    order = {JOB: LOAD, "files": [[_line_document(line) for line in lines] for lines in files]}
    entries = {**contents((), (LOAD,)), ORDER_FILE.encode(): file(json.dumps(order).encode())}
    added = (_added(line) for lines in files for line in lines)
    payloads = [rule.to_bytes() for rule in added if rule]
    return write_archive({**entries, **entries_for(payloads, with_parents(entries))})


def _line_document(line: RuleLine) -> dict[str, Any]:
    rule = _added(line)
    payload = None if rule is None else b64encode(rule.to_bytes()).decode()
    return {"rule": payload, "settings": list(_settings(line))}


def _fault(line: RuleLine, number: int, release: str) -> FaultError:
    """The kernel's refusal in words: what of the line is at fault where that is known."""
    rule = _added(line)
    name = _NAMES.get(number, f"errno {number}")
    what = f"Linux {release} refuses the {'setting' if rule is None else 'rule'} "
    what += f"({name}, {os.strerror(number)})"
    known = () if rule is None else (*rule_refusals(rule), *release_refusals(rule, release))
    if known:
        why, remedy = known[0].what.removeprefix(FORESEEN), known[0].remedy
    else:
        kind = messages.AUDIT_SET if rule is None else messages.AUDIT_ADD_RULE
        why, remedy = explain_refusal(kind, number)
        why = why.partition(": ")[2].replace(f" ({name})", "")
    return FaultError(f"{what}: {why}", remedy=f"{remedy}{OR_IGNORE}", code=REFUSED)
