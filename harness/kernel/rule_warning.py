"""A warning about a rule: a value that carries its remedy. What to warn of is others' business."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class RuleWarning:
    """`code` names the kind (stable, for filtering), `what` and `remedy` are for people.

    `where` is `FILE:LINE` for a rule out of a file, else empty.
    """

    code: str
    what: str
    remedy: str
    where: str = ""

    def at(self, where: str) -> RuleWarning:
        """The same warning at a place."""
        return replace(self, where=where)

    def one_line(self) -> str:
        """As the user reads it: `FILE:LINE: what: remedy`."""
        return ": ".join(part for part in (self.where, self.what, self.remedy) if part)
