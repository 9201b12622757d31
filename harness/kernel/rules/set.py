"""The rules that the kernel holds after each line: add, prepend, delete, delete all.

As `kernel/auditfilter.c` does it, starting from no rules. Pure: the kernel is not asked.
"""

from __future__ import annotations

from collections import Counter

from harness.kernel.rules.fields import KEY_SEPARATOR, Field
from harness.kernel.rules.parsed_line import ParsedLine
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.warning import OR_IGNORE, FaultError
from harness.kernel.rules.words import as_bytes


class DuplicateError(FaultError):
    """The same rule a second time; `first` is the number of the line that added it."""

    def __init__(self, first: int) -> None:
        what = f"the rule is the same as that of line {first}, and the kernel refuses it (EEXIST)"
        super().__init__(what, remedy=f"delete one of the lines{OR_IGNORE}", code="duplicate")
        self.first = first


class RuleSet:
    """Rules with the number of the line that added them, in order of evaluation."""

    def __init__(self) -> None:
        self._rules: list[tuple[Rule, int]] = []
        self._present: Counter[Rule] = Counter()

    def apply(self, parsed: ParsedLine, number: int) -> None:
        """Apply line `number` to the rules; `FaultError` if the kernel refuses it."""
        for control in parsed.controls:
            if control.name == "delete_all":
                self._delete_all(as_bytes(str(control.value)))
        if parsed.rule is None:
            return
        if parsed.operation == "add":
            self._add(parsed.rule, number)
        else:
            self._delete(parsed.rule)

    def listing(self) -> tuple[tuple[Rule, ...], tuple[int, ...]]:
        """The rules as the kernel lists them, prepend flag cleared, and their lines' numbers.

        List by list in the order of their numbers, each list in order of evaluation.
        """
        rules = sorted(self._rules, key=lambda entry: entry[0].filter_list)
        return tuple(rule for rule, _ in rules), tuple(number for _, number in rules)

    def _add(self, rule: Rule, number: int) -> None:
        plain = rule.appended()
        if rule.prepend:
            # The kernel compares the flag, too, so it accepts a rule twice if it is prepended.
            self._rules.insert(0, (plain, number))
        elif self._present[plain]:
            first = next(line for other, line in self._rules if other == plain)
            raise DuplicateError(first)
        else:
            self._rules.append((plain, number))
        self._present[plain] += 1

    def _delete(self, rule: Rule) -> None:
        place = next((i for i, (other, _) in enumerate(self._rules) if other == rule), None)
        if place is None:
            raise FaultError(
                "no line above adds the rule that is deleted here, and the kernel refuses to "
                "delete what is not there (ENOENT)",
                remedy=f"delete the line{OR_IGNORE}",
                code="nothing-to-delete",
            )
        del self._rules[place]
        self._present[rule] -= 1

    def _delete_all(self, key: bytes) -> None:
        kept = [entry for entry in self._rules if key and key not in _keys(entry[0])]
        self._rules = kept
        self._present = Counter(rule for rule, _ in kept)


def _keys(rule: Rule) -> bytes:
    return KEY_SEPARATOR.join(field.text for field in rule.fields if field.field == Field.FILTERKEY)
