"""What a rule matches, in a form that can be compared: does one cover another, can both match?

Answers err towards "no": a rule covers another only if every event that the other matches is
certainly its own, and two rules are apart only if no event can match both. Fields that hold one
value per event are sets of numbers; those that an event has several of (paths, their owners,
supplementary groups) are compared as they are written.
"""

from __future__ import annotations

from functools import cached_property

from harness.kernel.rules.fields import (
    ARGUMENT_FIELDS,
    LISTS_WITH_SYSCALLS,
    MASK_BITS,
    SUBJECT_FIELDS,
    UNSET,
    Action,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rules.rule import Rule, RuleField

Ranges = tuple[tuple[int, int], ...]
"""Disjoint ranges of u32, both ends within, in ascending order."""
_ALL: Ranges = ((0, UNSET),)
_DOMAINS: dict[int, Ranges] = {Field.SUCCESS: ((0, 1),)}
_USER_MESSAGES: Ranges = ((1005, 1005), (1100, 1199), (2100, 2999))
_ERRORS: Ranges = ((UNSET - 4094, UNSET),)
"""exit values that are errors: -4095 to -1."""
ONE_VALUE = (
    frozenset({Field.PID, Field.PPID, Field.UID, Field.EUID, Field.SUID, Field.FSUID})
    | {Field.SGID, Field.FSGID, Field.LOGINUID, Field.PERS, Field.ARCH, Field.MSGTYPE}
    | {Field.SESSIONID, Field.FSTYPE, Field.EXIT, Field.SUCCESS, Field.SADDR_FAM}
    | ARGUMENT_FIELDS
)
"""Fields of which an event has one value."""
PLACES = (Field.WATCH, Field.DIR)
EVERY = (1 << MASK_BITS) - 1


class View:
    """A rule's conditions, worked out once."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.filter_list = rule.filter_list
        self.records = rule.action == Action.ALWAYS
        self.by_syscall = rule.filter_list in LISTS_WITH_SYSCALLS
        self.every = not self.by_syscall or rule.names_every_syscall
        self.mask = EVERY if self.every else int.from_bytes(rule.mask, "little")
        self.allowed = _allowed(rule)
        self.texts: dict[int, bytes] = {}
        self.opaque: set[RuleField] = set()
        self.perm: int | None = None
        self.key = b""
        self.others: list[RuleField] = []
        for field in rule.fields:
            if field.field == Field.FILTERKEY:
                self.key = field.text
            elif _range_of(field) is None:
                self.others.append(field)
                self._take(field)

    def _take(self, field: RuleField) -> None:
        if field.field == Field.PERM and field.op == Operator.EQUAL:
            self.perm = field.number if self.perm is None else self.perm & field.number
        elif isinstance(field.value, bytes) and field.op == Operator.EQUAL:
            self.texts[field.field] = field.value
        else:
            self.opaque.add(field)

    @cached_property
    def anchor(self) -> tuple[int, bytes | int] | None:
        """A condition that any rule which it covers must have, too, or one below its directory.

        A path, directory, program or single number; None for a rule without one.
        """
        for number in (*PLACES, Field.EXE):
            if number in self.texts:
                return number, self.texts[number].rstrip(b"/")
        return next(iter(self.points), None)

    @cached_property
    def points(self) -> list[tuple[int, int]]:
        """The fields but arch that may have one value only, and that value."""
        return [
            (number, ranges[0][0])
            for number, ranges in self.allowed.items()
            if number != Field.ARCH and len(ranges) == 1 and ranges[0][0] == ranges[0][1]
        ]

    @cached_property
    def arch(self) -> int | None:
        """The one architecture it is for; None if there is none or several."""
        ranges = self.allowed.get(Field.ARCH, _ALL)
        return ranges[0][0] if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else None

    @cached_property
    def shape(self) -> frozenset[RuleField]:
        """Its conditions but for arch and key."""
        left_out = (Field.ARCH, Field.FILTERKEY)
        return frozenset(field for field in self.rule.fields if field.field not in left_out)

    def has(self, number: int) -> bool:
        """Whether it has a condition on this field."""
        return any(field.field == number for field in self.rule.fields)

    def covers(self, other: View, *, but: frozenset[int] = frozenset()) -> bool:
        """Whether it matches whatever the other matches; conditions on fields `but` aside."""
        if self.filter_list != other.filter_list:
            return False
        if other.mask & ~self.mask and not but:
            return False
        for number, ranges in self.allowed.items():
            theirs = other.allowed.get(number) or _domain(number, other.filter_list)
            if number not in but and theirs != ranges and not _within(theirs, ranges):
                return False
        return all(_implied(field, other) for field in self.others)

    def is_apart(self, other: View) -> bool:
        """Whether no event can match both; different paths and programs are apart."""
        if self.filter_list != other.filter_list or not self.mask & other.mask:
            return True
        for number in self.allowed.keys() & other.allowed.keys():
            if not _both(self.allowed[number], other.allowed[number]):
                return True
        for number in {*SUBJECT_FIELDS, Field.EXE} & self.texts.keys() & other.texts.keys():
            if self.texts[number] != other.texts[number]:
                return True
        return _places_apart(self, other)


def contradiction(rule: Rule) -> tuple[RuleField, ...]:
    """Conditions of the rule that no event fulfils together; empty if there are none."""
    for number, ranges in _allowed(rule).items():
        if not ranges:
            numbers = (Field.EXIT, Field.SUCCESS) if number == Field.EXIT else (number,)
            return tuple(field for field in rule.fields if field.field in numbers)
    for number in SUBJECT_FIELDS:
        same = [f for f in rule.fields if f.field == number and f.op == Operator.EQUAL]
        if len({field.text for field in same}) > 1:
            return tuple(same)
    return ()


def _allowed(rule: Rule) -> dict[int, Ranges]:
    """The values that each field with one value per event may have."""
    allowed: dict[int, Ranges] = {}
    for field in rule.fields:
        ranges = _range_of(field)
        if ranges is not None:
            before = allowed.get(field.field, _domain(field.field, rule.filter_list))
            allowed[field.field] = _both(before, ranges)
    succeeded = allowed.get(Field.SUCCESS)
    if Field.EXIT in allowed and succeeded in (((0, 0),), ((1, 1),)):
        errors = _ERRORS if succeeded == ((0, 0),) else ((0, _ERRORS[0][0] - 1),)
        allowed[Field.EXIT] = _both(allowed[Field.EXIT], errors)
    return allowed


def _domain(number: int, filter_list: int) -> Ranges:
    if number == Field.MSGTYPE and filter_list == FilterList.USER:
        return _USER_MESSAGES
    return _DOMAINS.get(number, _ALL)


def _range_of(field: RuleField) -> Ranges | None:
    """The values that fulfil a condition; None where it has no such form."""
    if field.field not in ONE_VALUE or isinstance(field.value, bytes):
        return None
    value = field.number
    forms: dict[int, Ranges] = {
        Operator.EQUAL: ((value, value),),
        Operator.NOT_EQUAL: ((0, value - 1), (value + 1, UNSET)),
        Operator.LESS: ((0, value - 1),),
        Operator.LESS_OR_EQUAL: ((0, value),),
        Operator.GREATER: ((value + 1, UNSET),),
        Operator.GREATER_OR_EQUAL: ((value, UNSET),),
    }
    ranges = forms.get(field.op)
    return None if ranges is None else tuple((low, high) for low, high in ranges if low <= high)


def _both(left: Ranges, right: Ranges) -> Ranges:
    """What both hold."""
    pairs = [(max(a, c), min(b, d)) for a, b in left for c, d in right]
    return tuple((low, high) for low, high in pairs if low <= high)


def _within(inner: Ranges, outer: Ranges) -> bool:
    return all(any(c <= a and b <= d for c, d in outer) for a, b in inner)


def _implied(field: RuleField, other: View) -> bool:
    """Whether whatever the other rule matches fulfils a condition that is no range."""
    if field.field == Field.PERM and field.op == Operator.EQUAL:
        return other.perm is not None and not other.perm & ~field.number
    if field.field == Field.DIR and field.op == Operator.EQUAL:
        place = next((other.texts[each] for each in PLACES if each in other.texts), None)
        return place is not None and is_below(place, field.text)
    if isinstance(field.value, bytes) and field.op == Operator.EQUAL:
        return other.texts.get(field.field) == field.value
    return field in other.opaque


def is_below(path: bytes, folder: bytes) -> bool:
    """Whether a path is a folder or in it, by its text."""
    top = folder.rstrip(b"/")
    return path.rstrip(b"/") == top or path.startswith(top + b"/")


def _places_apart(one: View, two: View) -> bool:
    places = [(v, next((n for n in PLACES if n in v.texts), None)) for v in (one, two)]
    (first, a), (second, b) = places
    if a is None or b is None:
        return False
    left, right = first.texts[a], second.texts[b]
    if a == Field.DIR and is_below(right, left):
        return False
    if b == Field.DIR and is_below(left, right):
        return False
    return left.rstrip(b"/") != right.rstrip(b"/")
