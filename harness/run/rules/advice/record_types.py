"""Records that each event has beside the ones that say what was done: they can be left out.

The kernel asks the exclude list as it begins each record, since 2.6. Source: kernel/audit.c,
audit_log_start().
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consumer.text.names import type_name
from harness.counted import counted
from harness.kernel.rules.fields import ALL_SYSCALLS, Action, Field, FilterList, Operator
from harness.kernel.rules.rule import Rule, RuleField
from harness.model.rules.advice import Proposal
from harness.run.rules.advice.lines import line_of
from harness.run.rules.advice.logged import LEAST_SHARE, Logged

LOST: Final = {
    1307: "the working directory, without which a relative name of a PATH record says little",
    1327: "the command line of the program",
    1317: "the descriptors that pipe and socketpair return",
    1321: "the capabilities that a program has by its file",
    1323: "descriptor and flags of mmap",
}
"""What is gone with a type. SYSCALL is none of them: without it the kernel drops the whole event.
Nor are PATH, EXECVE and SOCKADDR, which say what the event is about."""
EVENT_STAYS: Final = (
    "the event and its other records stay; so on every kernel that writes this record, since each "
    "record is asked for by itself"
)


def record_types(logged: Logged) -> Iterator[Proposal]:
    """Types that make a good part of the log."""
    every = range(len(logged.shapes))
    excluded = {
        rule.view.rule.fields[0].number
        for rule in logged.rules
        if rule.view.filter_list == FilterList.EXCLUDE
        and [field.field for field in rule.view.rule.fields] == [Field.MSGTYPE]
    }
    for kind, lost in LOST.items():
        added = logged.parts(logged.free(every), kind)
        if kind in excluded or added.records < max(1, LEAST_SHARE * logged.records):
            continue
        rule = Rule(
            FilterList.EXCLUDE,
            Action.ALWAYS,
            ALL_SYSCALLS,
            (RuleField(Field.MSGTYPE, Operator.EQUAL, kind),),
        )
        line = line_of(rule)
        if line is None:
            continue
        alone = logged.parts(every, kind)
        name = type_name(kind)
        yield Proposal(
            kind="record-type",
            reason=f"{name} makes {alone.records:,} of {counted(logged.records, 'record')}",
            lines=(),
            old=(),
            new=(line,),
            goes_blind=f"{lost} ({name}), of every event of every program",
            alone=alone,
            added=added,
            blind=logged.blind(every, kind),
            notes=(EVENT_STAYS,),
        )
