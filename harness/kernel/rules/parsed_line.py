"""One line as auditctl understands it: a rule, settings, or a fault and what was set before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.errors import UsageError
from harness.kernel.rules.controls import Control
from harness.kernel.rules.fields import NO_SYSCALLS
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.warning import LINE_REFUSED, FaultError, RuleWarning


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """The meaning of one line: a rule to add or delete, settings, or both.

    `rule` is None if `operation` is "none". Controls are in the order given. A rule of
    "delete" never has `prepend`, as the kernel requires. `named` is the mask of what `-S` names:
    libaudit 4 adds to the rule the calls that `perm=` is about.
    """

    operation: Literal["add", "delete", "none"]
    rule: Rule | None
    controls: tuple[Control, ...] = ()
    warnings: tuple[RuleWarning, ...] = ()
    named: bytes = NO_SYSCALLS


class LineError(FaultError):
    """A line that auditctl refuses; `controls` are the settings it makes before the fault."""

    def __init__(self, error: UsageError, controls: Sequence[Control]) -> None:
        code = error.code if isinstance(error, FaultError) else LINE_REFUSED
        super().__init__(error.what, remedy=error.remedy, code=code)
        self.controls = tuple(controls)
