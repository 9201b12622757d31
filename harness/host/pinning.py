"""Which CPU does what: the workload's CPUs and the consumer's, from the user's words or by itself.

Decides and validates; `sched_setaffinity` is called by the programs that are pinned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import UsageError
from harness.host.cpu import CpuFacts
from harness.host.tree import parse_cpu_list

ROLES = ("workload", "consumer")
_EXAMPLE = "write it as workload=0,consumer=1 (ranges: workload=0-1), or none"


@dataclass(frozen=True, slots=True)
class Pinning:
    """CPU numbers by role; an empty tuple leaves that role to the scheduler."""

    workload: tuple[int, ...] = ()
    consumer: tuple[int, ...] = ()

    def by_role(self) -> dict[str, tuple[int, ...]]:
        """The roles that are pinned, with their CPUs."""
        return {role: getattr(self, role) for role in ROLES if getattr(self, role)}

    def words(self) -> str:
        """As the command line takes it."""
        return (
            ",".join(f"{role}={cpu_list(cpus)}" for role, cpus in self.by_role().items()) or "none"
        )


def assign_cpus(text: str | None, cpu: CpuFacts) -> dict[str, tuple[int, ...]]:
    """The CPUs by role that the user's `--cpus` asks for, or the default where it is `None`."""
    pinning = default_pinning(cpu) if text is None else parse_pinning(text, cpu.allowed)
    return pinning.by_role()


def cpu_list(cpus: Sequence[int]) -> str:
    """CPU numbers with commas, ranges collapsed: `(0, 1, 2, 5)` -> `0-2,5`."""
    runs: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def parse_pinning(text: str, allowed: Sequence[int]) -> Pinning:
    """`workload=0,consumer=1`, `workload=0-1,3` or `none`; against the CPUs allowed here.

    A part without `=` continues the list before it. Raises UsageError in one line.
    """
    if text.strip() == "none":
        return Pinning()
    lists: dict[str, list[str]] = {}
    role = ""
    for part in text.split(","):
        before, equals, after = (piece.strip() for piece in part.partition("="))
        if equals:
            role = _new_role(before, lists)
        elif not role:
            raise UsageError(f"--cpus {text!r} names no role", remedy=_EXAMPLE)
        lists.setdefault(role, []).append(after if equals else before)
    cpus = {role: _parse_cpus(role, ",".join(parts), allowed) for role, parts in lists.items()}
    return Pinning(**cpus)


def _new_role(role: str, lists: dict[str, list[str]]) -> str:
    if role not in ROLES:
        raise UsageError(
            f"--cpus: {role!r} is not a role", remedy=f"the roles are {' and '.join(ROLES)}"
        )
    if role in lists:
        raise UsageError(f"--cpus: {role} is given twice", remedy=_EXAMPLE)
    return role


def _parse_cpus(role: str, text: str, allowed: Sequence[int]) -> tuple[int, ...]:
    if not all(part.strip() for part in text.split(",")):
        raise UsageError(f"--cpus: {role} has an empty place in {text!r}", remedy=_EXAMPLE)
    try:
        cpus = parse_cpu_list(text)
    except ValueError as error:
        raise UsageError(f"--cpus: {role}: {error}", remedy=_EXAMPLE) from None
    foreign = [cpu for cpu in cpus if cpu not in allowed]
    if foreign:
        raise UsageError(
            f"--cpus: {role}: CPU {cpu_list(foreign)} is not allowed here",
            remedy=f"this process may run on {cpu_list(allowed)}",
        )
    return cpus


def default_pinning(cpu: CpuFacts) -> Pinning:
    """Workload on the first allowed CPU, consumer on the last that shares no core with it.

    Isolated CPUs are preferred where at least two are allowed: whoever isolated them wants
    them used for this. With one CPU nobody is pinned.
    """
    isolated = [number for number in cpu.isolated if number in cpu.allowed]
    candidates = isolated if len(isolated) > 1 else list(cpu.allowed)
    if len(candidates) < 2:
        return Pinning()
    first = candidates[0]
    core = next((set(group) for group in cpu.siblings if first in group), {first})
    elsewhere = [number for number in candidates if number not in core]
    return Pinning(workload=(first,), consumer=((elsewhere or candidates)[-1],))
