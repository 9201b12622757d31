"""A warning about a rule: a value that carries its remedy. Other modules decide what to warn of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.counted import agreeing
from harness.errors import UsageError

OR_IGNORE = ", or put -i at the top of the file to skip it"
"""The end of a remedy for what auditctl skips after -i; see `without_ignore`."""
LINE_REFUSED = "line-refused"
"""The code of a fault that auditctl sees when it reads the line, where no other says more."""
_NAMED_LINES = 5


class FaultError(UsageError):
    """A bad line, with a `code` that names the kind of fault, as those of warnings do."""

    def __init__(self, what: str, *, remedy: str, code: str = LINE_REFUSED) -> None:
        super().__init__(what, remedy=remedy)
        self.code = code


@dataclass(frozen=True, slots=True)
class RuleWarning:
    """`code` names the kind (stable, for filtering); `what` and `remedy` are for people.

    `where` is `FILE:LINE` for a rule from a file, else empty. Warnings of one `code` and `kind`
    (by default the remedy) are reported on one line, see `told_together`.
    """

    code: str
    what: str
    remedy: str
    where: str = ""
    kind: str = ""

    def at(self, where: str) -> RuleWarning:
        """The same warning at a place."""
        return replace(self, where=where)

    def one_line(self) -> str:
        """As the user reads it: `FILE:LINE: what: remedy`."""
        return ": ".join(part for part in (self.where, self.what, self.remedy) if part)


def without_ignore(remedy: str) -> str:
    """A remedy without the advice to write -i, for when -i is in force."""
    return remedy.removesuffix(OR_IGNORE)


def told_together(warnings: Iterable[RuleWarning]) -> list[str]:
    """The warnings as lines in their order, those of one kind on one line.

    The first of a kind is given in full; of the others only the line numbers.
    """
    groups: dict[tuple[str, str, str], list[RuleWarning]] = {}
    for warning in warnings:
        file = warning.where.rpartition(":")[0]
        groups.setdefault((warning.code, warning.kind or warning.remedy, file), []).append(warning)
    return [_together(group) for group in groups.values()]


def _together(group: list[RuleWarning]) -> str:
    first = group[0]
    own = first.where.rpartition(":")[2]
    lines = list(dict.fromkeys(each.where.rpartition(":")[2] for each in group[1:]))
    others = [line for line in lines if line not in (own, "")]
    if not others:
        return first.one_line()
    named = ", ".join(others[:_NAMED_LINES])
    more = len(others) - _NAMED_LINES
    tail = f"{named} and {more} more" if more > 0 else named
    likewise = agreeing(len(others), "likewise line", "likewise lines")
    return replace(first, what=f"{first.what} ({likewise} {tail})").one_line()
