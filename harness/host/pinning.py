"""The CPUs of the workload and of the consumer, as the user gives them or by default.

They are chosen and validated here; the pinned programs call `sched_setaffinity` themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
        """The pinning as written on the command line."""
        return (
            ",".join(f"{role}={cpu_list(cpus)}" for role, cpus in self.by_role().items()) or "none"
        )


def assign_cpus(
    text: str | None, cpu: CpuFacts, *, spread: bool = False
) -> dict[str, tuple[int, ...]]:
    """The CPUs by role from the user's `--cpus`, or the default if it is None.

    `spread` gives the workload of the default all CPUs, for several processes at once.
    """
    if text is not None:
        return parse_pinning(text, cpu.allowed).by_role()
    return (spread_pinning(cpu) if spread else default_pinning(cpu)).by_role()


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
    """Parse `workload=0,consumer=1`, `workload=0-1,3` or `none`; check it against `allowed`.

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

    Isolated CPUs are preferred if at least two are allowed: they were isolated for such use. With
    one CPU nothing is pinned.
    """
    candidates = _candidates(cpu)
    if len(candidates) < 2:
        return Pinning()
    first = candidates[0]
    core = next((set(group) for group in cpu.siblings if first in group), {first})
    elsewhere = [number for number in candidates if number not in core]
    return Pinning(workload=(first,), consumer=((elsewhere or candidates)[-1],))


def spread_pinning(cpu: CpuFacts) -> Pinning:
    """The default with all CPUs for the workload, in the order in which its processes take them:
    a core each as long as there are any, the consumer's CPU last.
    """
    default, candidates = default_pinning(cpu), _candidates(cpu)
    cores = {number: group for group in cpu.siblings for number in group}

    def place(number: int) -> tuple[bool, int]:
        core = [sibling for sibling in cores.get(number, (number,)) if sibling in candidates]
        return number in default.consumer, core.index(number)

    return replace(
        default, workload=tuple(sorted(candidates, key=place)) if default.workload else ()
    )


def _candidates(cpu: CpuFacts) -> list[int]:
    """The CPUs to choose from."""
    isolated = [number for number in cpu.isolated if number in cpu.allowed]
    return isolated if len(isolated) > 1 else list(cpu.allowed)
