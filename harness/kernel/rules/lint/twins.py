"""Rules for 64-bit programs without a rule for 32-bit ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.kernel.rules.checks.syscall_absent import calls_instead
from harness.kernel.rules.fields import ARCH_32, ARCH_NUMBERS, Field, FilterList
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
_TWIN = {ARCH_NUMBERS[wide]: ARCH_32[wide] for wide in ARCH_32}
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
    if rule.view.every:
        if not any(twin.view.every for twin in twins):
            yield _finding(rule, [], [])
        return
    covered, wanted = 0, 0
    for twin in twins:
        covered |= twin.view.mask
    missing = []
    for name, numbers in _calls(rule, arch):
        wanted |= numbers
        if not covered & numbers:
            missing.append(name)
    if missing:
        yield _finding(rule, [twin for twin in twins if twin.view.mask & wanted], missing)


def _calls(rule: LoadedRule, arch: int) -> Iterator[tuple[str, int]]:
    """The calls of the rule that 32-bit programs have, too: the name, and the numbers as a mask.

    A call that they lack stands for those that do its work.
    """
    library = libaudit()
    wide = library.machine_of_arch(rule.view.arch or 0)
    machine = library.machine_of_arch(arch)
    for number in rule.view.rule.syscalls():
        name = library.syscall_name(number, wide)
        if name is None:
            continue
        has_it = library.syscall_number(name.encode(), machine) >= 0
        others = [name] if has_it else calls_instead(library, name, machine)
        numbers = [library.syscall_number(each.encode(), machine) for each in others]
        if numbers:
            yield name, sum(1 << each for each in set(numbers))


def _finding(rule: LoadedRule, twins: list[LoadedRule], missing: list[str]) -> Finding:
    places = tuple(twin.place for twin in twins)
    if not twins:
        reason = "the rule is for 64-bit programs, and none is for 32-bit ones"
        remedy = "add the same rule with -F arch=b32"
    else:
        more = len(missing) - _NAMED
        names = ",".join(missing[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        reason = f"for 32-bit programs there is {listed(places, rule.place)}, without {names}"
        remedy = f"add {names} to it"
    return Finding(MISSING, rule.place, reason, remedy, places[:_NAMED])
