"""Rules for 64-bit programs without a rule for 32-bit ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.kernel.rules.checks.syscall_absent import calls_instead
from harness.kernel.rules.fields import ARCH_NUMBERS, EVERY_ARCH_32, Field, FilterList
from harness.kernel.rules.libaudit import libaudit
from harness.kernel.rules.lint.finding import Finding, Kind, listed
from harness.kernel.rules.lint.pairs import Budget
from harness.kernel.rules.lint.parsed import LoadedRule

MISSING = Kind(
    "twin-missing",
    "warning",
    "a rule for arch=b64 without one for arch=b32",
    "A program records nothing if it makes the call as a 32-bit one, which most 64-bit kernels "
    "allow.",
)
KINDS = (MISSING,)
_TWIN = {ARCH_NUMBERS[wide]: EVERY_ARCH_32[wide] for wide in EVERY_ARCH_32}
_BUT_ARCH = frozenset({Field.ARCH})
_NAMED = 6


def without_twin(rules: Sequence[LoadedRule], budget: Budget) -> Iterator[Finding]:
    """The recording exit rules whose calls no rule records (or excludes) for 32-bit programs."""
    exits = [rule for rule in rules if rule.view.filter_list == FilterList.EXIT]
    narrow = [r for r in exits if r.view.arch is None or r.view.arch in _TWIN.values()]
    for rule in exits:
        arch = _TWIN.get(rule.view.arch or 0)
        if arch is None or not rule.view.records:
            continue
        budget.spend(len(narrow))
        twins = [other for other in narrow if _is_twin(other, rule, arch)]
        yield from _lacking(rule, arch, twins)


def _is_twin(other: LoadedRule, rule: LoadedRule, arch: int) -> bool:
    """Whether a rule takes in the 32-bit programs of another, for its own syscalls."""
    if other.view.arch == arch:
        return other.view.covers(rule.view, but=_BUT_ARCH)
    return other.view.every and other.view.covers(rule.view)


def _lacking(rule: LoadedRule, arch: int, twins: list[LoadedRule]) -> Iterator[Finding]:
    mask = 0
    for twin in twins:
        mask |= twin.view.mask
    if rule.view.every:
        if not any(twin.view.every for twin in twins):
            yield _finding(rule, twins, "")
        return
    missing = list(_missing(rule, arch, mask))
    if missing:
        more = len(missing) - _NAMED
        names = ",".join(missing[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield _finding(rule, twins, names)


def _missing(rule: LoadedRule, arch: int, mask: int) -> Iterator[str]:
    """The calls of the rule that 32-bit programs have, too, and that the mask lacks."""
    library = libaudit()
    wide = library.machine_of_arch(rule.view.arch or 0)
    machine = library.machine_of_arch(arch)
    for number in rule.view.rule.syscalls():
        name = library.syscall_name(number, wide)
        if name is None:
            continue
        same = library.syscall_number(name.encode(), machine)
        others = calls_instead(library, name, machine) if same < 0 else [name]
        numbers = [library.syscall_number(each.encode(), machine) for each in others]
        if numbers and not any(mask >> each & 1 for each in numbers):
            yield name


def _finding(rule: LoadedRule, twins: list[LoadedRule], names: str) -> Finding:
    related = tuple(twin.place for twin in twins[:_NAMED])
    if not twins:
        reason = "the rule is for 64-bit programs, and none is for 32-bit ones"
        remedy = "add the same rule with -F arch=b32"
    else:
        where = listed(related, rule.place)
        reason = f"for 32-bit programs {where} lacks {names or 'most calls'}"
        remedy = f"add {names or 'them'} to it"
    return Finding(MISSING, rule.place, reason, remedy, related)
