"""Coverage from rule files to what was recorded: one guest, and this host is left alone."""

from __future__ import annotations

import json
import stat
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from harness.counted import counted
from harness.guest.boot import emulator_version
from harness.guest.contents import contents
from harness.guest.cpio import file, with_parents, write_archive
from harness.guest.inside.jobs import COVER, JOB
from harness.guest.kernels.images import KernelImage, find_kernel
from harness.guest.named_paths import entries_for
from harness.guest.operations.catalog import OPERATIONS
from harness.guest.operations.entries import ENTRIES, RING, identity
from harness.guest.operations.root import operated_entries
from harness.guest.order import ORDER_FILE
from harness.guest.together import run_boots
from harness.kernel.rules.fields import (
    ALL_SYSCALLS,
    UNSET,
    Action,
    Field,
    FilterList,
)
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.matching.field_match import compared
from harness.kernel.rules.rule import Rule, RuleField
from harness.kernel.rules.tagged import hides_anything, tagged, unhidden
from harness.model.cover import Coverage
from harness.plain import plain
from harness.run.counted_facts import stored_guest
from harness.run.lifecycle.borrow import Say
from harness.run.lifecycle.signals import stop_if_asked, stop_signals
from harness.run.rules.coverage import Pass, make_coverage

LOGIN, NO_LOGIN = "1000", "unset"
_LOGIN_FIELDS = (Field.LOGINUID, Field.LOGINUID_SET)


def run_cover(
    files: Sequence[Sequence[LoadedRule]],
    kernel: str | None,
    say: Say,
    operations: Sequence[str] = tuple(OPERATIONS),
) -> Coverage:
    """Do these operations under the rules of each file, in a guest with this kernel."""
    with stop_signals():
        emulator = emulator_version()
        return cover_under(files, find_kernel(kernel), emulator, say, operations)


def cover_under(
    files: Sequence[Sequence[LoadedRule]],
    image: KernelImage,
    emulator: str,
    say: Say,
    operations: Sequence[str] = tuple(OPERATIONS),
) -> Coverage:
    """The same with a kernel that is there; all files take their turns in one guest."""
    bare = [[in_guest(rule) for rule in rules] for rules in files]
    passes = plan_passes(bare)
    say(f"covering under Linux {plain(image.release)} ({plain(image.source)})")
    say(
        f"starting a guest for {counted(len(operations), 'operation')} in "
        f"{counted(len(passes), 'pass', 'passes')}"
    )
    answers: list[dict[str, Any]] = []
    for _, answer in run_boots(
        image, [_root(bare, passes, operations)], lambda words: say(plain(words))
    ):
        stop_if_asked()
        answers.append(answer)
        if answer["event"] == "covered":
            say(f"pass {answer['index'] + 1} of {len(passes)}: "
                f"{sum(each['recorded'] for each in answer['results'])} of "
                f"{len(answer['results'])} recorded")  # fmt: skip
    return make_coverage(files, passes, answers, stored_guest(image, emulator))


def in_guest(rule: LoadedRule) -> Rule:
    """The rule as auditctl would read its line in the guest, where other folders may be than here.

    `-w` of a folder is a watch of all that is in it, and of anything else one of a file.
    """
    bare = rule.view.rule
    if not rule.text.lstrip().startswith("-w"):
        return bare
    folders = {path for path, entry in with_parents(operated_entries()).items()
               if stat.S_ISDIR(entry.mode)}  # fmt: skip
    return replace(bare, fields=tuple(
        RuleField(Field.DIR, field.op, field.text.rstrip(b"/"))
        if field.field == Field.WATCH and field.text.rstrip(b"/") in folders
        else field
        for field in bare.fields
    ))  # fmt: skip


def plan_passes(files: Sequence[Sequence[Rule]]) -> list[Pass]:
    """What is done in which order."""
    passes: list[Pass] = []
    logins = [LOGIN, *([NO_LOGIN] if any(map(_asks_for_no_login, _flat(files))) else ())]
    for place, rules in enumerate(files):
        for login in logins:
            first = len(passes)
            passes.append(Pass(place, tuple(tagged(rules)), login))
            if hides_anything(rules):
                passes.append(Pass(place, tuple(unhidden(rules)), login, True, first))
    passes.append(Pass(None, _everything(), LOGIN))
    return passes


def _flat(files: Iterable[Iterable[Rule]]) -> Iterable[Rule]:
    return (rule for rules in files for rule in rules)


def _asks_for_no_login(rule: Rule) -> bool:
    """Whether a rule has conditions on the login, all of which a process without one meets."""
    fields = [field for field in rule.fields if field.field in _LOGIN_FIELDS]
    return bool(fields) and all(map(_met_without_login, fields))


def _met_without_login(field: RuleField) -> bool:
    value = UNSET if field.field == Field.LOGINUID else 0
    return compared(value, field.op, field.number) is True


def _everything() -> tuple[Rule, ...]:
    """Rules that record all that can be recorded."""
    return tuple(
        Rule(each, Action.ALWAYS, ALL_SYSCALLS) for each in (FilterList.EXIT, FilterList.IO_URING)
    )


def _root(
    files: Sequence[Sequence[Rule]], passes: Sequence[Pass], operations: Sequence[str]
) -> bytes:
    order = {JOB: COVER, "passes": [_pass_document(each, operations) for each in passes]}
    entries = {
        **contents((), (COVER,)),
        **operated_entries(),
        ORDER_FILE.encode(): file(json.dumps(order).encode()),
    }
    payloads = [rule.to_bytes() for rule in _flat(files)]
    return write_archive({**entries, **entries_for(payloads, with_parents(entries))})


def _pass_document(each: Pass, operations: Sequence[str]) -> dict[str, Any]:
    entries = (RING,) if each.file is None else ENTRIES
    return {
        "rules": [b64encode(rule.to_bytes()).decode() for rule in each.rules],
        "login": each.login,
        "after": each.after,
        "operations": [
            (name, entry)
            for name in operations
            for entry in entries
            if identity(OPERATIONS[name], entry) is not None
        ],
    }
