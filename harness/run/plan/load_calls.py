"""What the loads of a plan do, as the rules of the kernel see it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from harness.errors import UsageError
from harness.kernel.rules.fields import ARCH_NUMBERS, PERMISSION_BITS
from harness.kernel.rules.libaudit import syscall_number
from harness.kernel.rules.machine import rules_machine
from harness.kernel.rules.matching.field_match import Call
from workloads.running.calls import LoadCall, load_calls


def calls_of(
    workload: str,
    options: Mapping[str, str | int],
    *,
    auid: int | None,
    generator: str | None = None,
) -> tuple[Call, ...]:
    """Every call of a workload with these options under a login uid (4294967295 is unset,
    None not known).

    The ids are this process's own: a load inherits them. Calls that this architecture does not have
    are left out. `generator` is the program that the load runs from; None is this interpreter.
    """
    program = generator or sys.executable
    found = (_as_call(call, auid, program) for call in load_calls(workload, options))
    return tuple(call for call in found if call is not None)


def _as_call(call: LoadCall, auid: int | None, generator: str) -> Call | None:
    machine = rules_machine()
    number = None
    if call.name:
        try:
            number = syscall_number(call.name, machine)
        except UsageError:
            return None
    known = {} if auid is None else {"auid": auid}
    if call.by != "unknown":
        known |= {"pers": 0, **_ids(), **call.arguments}
    if call.errors == frozenset():
        known["success"] = 1
    return Call(
        # A program that is not known may be one of another architecture.
        arch=0 if call.by == "unknown" else ARCH_NUMBERS.get(machine, 0),
        number=number,
        exe=_program(call, generator),
        known=known,
        paths=call.paths,
        access=None
        if call.access is None
        else sum(PERMISSION_BITS[letter] for letter in call.access),
        errors=call.errors,
        groups=frozenset(os.getgroups()) if call.by != "unknown" else None,
    )


def _program(call: LoadCall, generator: str) -> str | None:
    programs = {"generator": generator, "program": "/bin/sh"}
    named = programs.get(call.by)
    return None if named is None else os.path.realpath(named)


def _ids() -> dict[str, int]:
    uid, euid, gid, egid = os.getuid(), os.geteuid(), os.getgid(), os.getegid()
    return {
        **{"uid": uid, "euid": euid, "suid": euid, "fsuid": euid},
        **{"gid": gid, "egid": egid, "sgid": egid, "fsgid": egid},
    }
