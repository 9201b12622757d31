"""A rule file line by line, as auditctl goes through it: settings, rules, faults, -i and -c.

What a line sets before its fault stays set, as with auditctl: `-i 1` is a bad line, and from it on
bad lines are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import UsageError
from harness.kernel.rules.characters import odd_words, with_cause
from harness.kernel.rules.checks.paths import PATH_MISSING, path_refusals
from harness.kernel.rules.checks.refusals import control_refusals, release_refusals, rule_refusals
from harness.kernel.rules.controls import Control, RuleControls, ignoring
from harness.kernel.rules.errors import NO_ACCOUNT
from harness.kernel.rules.parsed_line import LineError, ParsedLine
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.set import RuleSet
from harness.kernel.rules.text import parse_rule
from harness.kernel.rules.warning import FaultError, RuleWarning, without_ignore
from harness.kernel.rules.words import shown, split_line

SKIPPED = "skipped"
"""The code of the warning about a line that is ignored because of -i or -c."""
LEFT_OUT = "left-out"
"""The code of the warning about a line that is left out because of what this host lacks."""
MISSING = frozenset({PATH_MISSING, NO_ACCOUNT})
"""The faults of a line that another host may not have."""
MOST_CAUSES = 500
"""Of so many bad lines the cause is looked for; it takes several readings of each."""
_LOCKS = {
    Control("enabled", 2): "-e 2 locks the audit configuration until the next reboot",
    Control("failure", 2): "-f 2 makes the kernel panic when it loses a record",
}


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One line that is not empty: its number in the file (from 1), its text, its meaning."""

    number: int
    text: str
    parsed: ParsedLine


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that auditctl or the kernel refuses.

    `option` is the -i or -c by which auditctl would go on, empty without one; `passed` is whether
    the line is skipped or left out, so that nothing has to be mended.
    """

    number: int
    error: UsageError
    option: str = ""
    passed: bool = False


@dataclass(slots=True)
class RuleReader:
    """The result of the lines read so far. `source` is the file's name, fit to be shown.

    Reading goes on after a bad line, as if it were not there. With `elsewhere` the rules are
    another host's, and this host's paths and limits do not count. The program `absent_exe` need not
    exist here. `places` are those of lines that come from several files.
    """

    source: str
    ignore_lock: bool
    elsewhere: bool
    absent_exe: bytes | None = None
    skip_missing: bool = False
    places: tuple[str, ...] = ()
    answers: Mapping[int, FaultError] | None = None
    """What a kernel was asked and refused, by the line's number; None if what this host's kernel
    will refuse is to be foreseen."""
    lines: list[RuleLine] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    warnings: list[RuleWarning] = field(default_factory=list)
    controls: RuleControls = field(default_factory=RuleControls)
    rules: RuleSet = field(default_factory=RuleSet)

    def where(self, number: int) -> str:
        """`FILE:LINE` of a line that was taken as this one."""
        return self.places[number - 1] if self.places else f"{self.source}:{number}"

    def take(self, number: int, line: bytes) -> None:
        """Take the next line, and remember it if auditctl would stop there."""
        where = self.where(number)
        try:
            words = split_line(line)
            if not words:
                return
            parsed = self._parse(words, where)
            self._heed(number)
            self._set(parsed.controls, where)
            self._refuse(parsed.rule)
            self.rules.apply(parsed, number)
        except _LockError as error:
            self.bad.append(BadLine(number, error))
            return
        except UsageError as error:
            self._bad_line(error, number, line)
            return
        self.lines.append(RuleLine(number, shown(line.strip(b" ")), parsed))
        told = [*parsed.warnings, *odd_words(line, parsed)]
        self.warnings += [warning.at(where) for warning in told]

    def _parse(self, words: list[bytes], where: str) -> ParsedLine:
        try:
            return parse_rule(words)
        except LineError as error:
            self._set(error.controls, where)
            raise

    def _heed(self, number: int) -> None:
        """Refuse the line that the kernel refused."""
        if self.answers is not None and number in self.answers:
            raise self.answers[number]

    def _fault(self, line: bytes) -> str:
        """What is wrong with a line by itself; empty for a good one."""
        try:
            words = split_line(line)
            if words:
                self._refuse(parse_rule(words).rule)
        except UsageError as error:
            return error.what
        return ""

    def _bad_line(self, error: UsageError, number: int, line: bytes) -> None:
        """Remember a line that auditctl refuses, and warn if -i, -c or the user passes over it."""
        if len(self.bad) < MOST_CAUSES:
            error = with_cause(error, line, self._fault)
        option = ignoring(self.controls)
        missing = self.skip_missing and isinstance(error, FaultError) and error.code in MISSING
        self.bad.append(BadLine(number, error, option, bool(option) or missing))
        if missing:
            what = f"left out (--skip-missing), for it cannot be loaded here: {error.what}"
            warning = RuleWarning(LEFT_OUT, what, "", self.where(number), kind=LEFT_OUT)
        elif option:
            what = f"skipped because of {option}: {error.what}"
            remedy = without_ignore(error.remedy)
            warning = RuleWarning(SKIPPED, what, remedy, self.where(number))
        else:
            return
        self.warnings.append(warning)

    def _set(self, controls: Sequence[Control], where: str) -> None:
        """Take settings; a lock is refused or ignored, and the kernel's refusals are errors."""
        self._refuse_locks(controls, where)
        for control in controls:
            if control in _LOCKS:
                continue
            if not self.elsewhere and self.answers is None:
                _raise_first(control_refusals(control))
            self.controls = self.controls.having([control])
            if control.name == "loginuid_immutable":
                self.warnings.append(
                    RuleWarning(
                        "lock",
                        "--loginuid-immutable cannot be taken back until the next reboot",
                        "it is ignored; it does not change the cost of a record",
                        where,
                    )
                )

    def _refuse_locks(self, controls: Iterable[Control], where: str) -> None:
        for control in controls:
            reason = _LOCKS.get(control)
            if reason is None:
                continue
            if not self.ignore_lock:
                raise _LockError(reason, remedy="--ignore-lock runs the rest")
            self.warnings.append(RuleWarning("lock", reason, "ignored (--ignore-lock)", where))

    def _refuse(self, rule: Rule | None) -> None:
        if rule is None:
            return
        if self.answers is None:
            _raise_first(rule_refusals(rule))
            if not self.elsewhere:
                _raise_first(release_refusals(rule))
        if not self.elsewhere:
            _raise_first(path_refusals(rule, absent_exe=self.absent_exe))


def _raise_first(refusals: Iterator[RuleWarning]) -> None:
    for warning in refusals:
        raise FaultError(warning.what, remedy=warning.remedy, code=warning.code)


class _LockError(UsageError):
    """A line that may not be run even if bad lines are skipped."""
