"""The lines of a rule file that are not rules: settings, in auditctl's syntax.

Their meaning and how they combine; nothing is set here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from harness.errors import UsageError
from harness.kernel.rules.numbers import c_integer
from harness.kernel.rules.warning import RuleWarning
from harness.kernel.rules.words import Option, shown
from harness.model.state import AuditSettings


@dataclass(frozen=True, slots=True)
class Control:
    """One setting: the name of a field of `RuleControls` and its value."""

    name: str
    value: int | str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class RuleControls(AuditSettings):
    """The settings of a whole rule file; None for those it does not set; the last one counts.

    `delete_all` is a `-D` without a key anywhere in the file. `loginuid_immutable` and
    `trim_subtrees` (`-t`) are requests only: the code that applies a file decides about them.
    `equivalences` are the pairs of `-q MOUNT,SUBTREE`.
    """

    delete_all: bool = False
    ignore_errors: bool = False
    continue_on_error: bool = False
    loginuid_immutable: bool = False
    reset_lost: bool = False
    reset_backlog_wait_time_actual: bool = False
    trim_subtrees: bool = False
    equivalences: tuple[tuple[str, str], ...] = ()

    def having(self, controls: Iterable[Control]) -> RuleControls:
        """These settings followed by more."""
        result = self
        for control in controls:
            result = result._with(control)
        return result

    def _with(self, control: Control) -> RuleControls:
        change: dict[str, Any] = {control.name: True}
        if isinstance(control.value, tuple):
            change = {control.name: (*self.equivalences, control.value)}
        elif control.name in _NUMBERS:
            change = {control.name: control.value}
        elif control.name == "delete_all" and control.value:
            change = {}  # -D -k KEY
        return replace(self, **change)


_NUMBERS = {
    "enabled": "-e",
    "failure": "-f",
    "backlog_limit": "-b",
    "rate_limit": "-r",
    "backlog_wait_time": "--backlog_wait_time",
}
_CHOICES = {"-e": "enabled", "-f": "failure"}
_LIMITS = {option: name for name, option in _NUMBERS.items() if option not in _CHOICES}
_SWITCHES = {
    "-i": "ignore_errors",
    "-c": "continue_on_error",
    "-t": "trim_subtrees",
    "--loginuid-immutable": "loginuid_immutable",
    "--reset-lost": "reset_lost",
    "--reset_backlog_wait_time_actual": "reset_backlog_wait_time_actual",
}
ALONE = frozenset({*_SWITCHES, "-q"})
"""Options after which auditctl stops reading the line, and forgets a rule before them."""
SWITCHES_OF_ERRORS = ("-i", "-c")
"""Options after which auditctl continues past bad lines, from their own line on."""
_AT_A_PROMPT = {
    "-h": "-h prints auditctl's help",
    "-l": "-l prints the kernel's rules",
    "-s": "-s prints the kernel's status",
    "-v": "-v prints auditctl's version",
    "-m": "-m sends a message and sets nothing",
    "-R": "-R inside a rule file is refused by auditctl",
    "--signal": "--signal speaks to auditd, not to the kernel",
}
_WITHOUT_WORDS = frozenset({b"-l", b"-s", b"-v"})
_WITH_ONE_WORD = frozenset({b"-m", b"--signal"})


def read_control(option: Option) -> tuple[Control, list[RuleWarning]]:
    """The setting an option asks for.

    Raises `UsageError` for a bad value and for options that only make sense at a prompt.
    """
    if option.name in _CHOICES:
        return _choice(option), []
    if option.name in _LIMITS:
        return _limit(option)
    if option.name in _SWITCHES:
        return Control(_SWITCHES[option.name], 1), []
    if option.name == "-q":
        return _equivalence(option), []
    if option.name in _AT_A_PROMPT:
        raise UsageError(
            f"{_AT_A_PROMPT[option.name]}, so it has no place among rules",
            remedy="remove the line",
        )
    raise UsageError("-D has more on its line than -k and a key", remedy="give it its own line")


def _choice(option: Option) -> Control:
    if option.value not in (b"0", b"1", b"2"):
        raise UsageError(
            f"{option.name} {shown(option.value)} is none of 0, 1 and 2",
            remedy=f"give one of them for {_CHOICES[option.name]}",
        )
    return Control(_CHOICES[option.name], int(option.value))


def _limit(option: Option) -> tuple[Control, list[RuleWarning]]:
    number, whole = c_integer(option.value)
    if not option.value[:1].isdigit() or number >= 1 << 32:
        raise UsageError(
            f"{option.name} {shown(option.value)} is not a number of 32 bits",
            remedy=f"give {_LIMITS[option.name]} as a number from 0 to {(1 << 32) - 1}",
        )
    warning = RuleWarning(
        "number",
        f"{option.name} {shown(option.value)} is read as the number {number}",
        "write the number that is meant",
    )
    return Control(_LIMITS[option.name], number), [] if whole else [warning]


def _equivalence(option: Option) -> Control:
    mount, comma, subtree = option.value.partition(b",")
    if not comma or not subtree or b"," in subtree:
        raise UsageError(
            f"-q {shown(option.value)} is not one mount point and one subtree",
            remedy="write -q MOUNT,SUBTREE",
        )
    return Control("equivalences", (shown(mount), shown(subtree)))


def ignoring(controls: RuleControls) -> str:
    """The option by which bad lines are skipped; empty if they are not."""
    if controls.ignore_errors:
        return "-i"
    return "-c" if controls.continue_on_error else ""


def read_request(words: tuple[bytes, ...]) -> RuleWarning | None:
    """The warning about a line that only prints or speaks to auditd; None for another line."""
    alone = words[0] in _WITHOUT_WORDS and len(words) == 1
    listing = words[0] == b"-l" and len(words) == 3 and words[1] == b"-k"
    interpreted = words[0] in (b"-l", b"-s") and words[1:] == (b"-i",)
    spoken = words[0] in _WITH_ONE_WORD and len(words) == 2
    if not (alone or listing or interpreted or spoken):
        return None
    return RuleWarning(
        "no-rule",
        f"{_AT_A_PROMPT[words[0].decode()]}, and is ignored",
        "remove the line",
    )


def read_delete_all(words: tuple[bytes, ...]) -> Control | None:
    """The setting of a line that is `-D` or `-D -k KEY`; None for another line.

    Its value is the key, or empty for all rules.
    """
    if words == (b"-D",):
        return Control("delete_all", "")
    if len(words) == 3 and words[:2] == (b"-D", b"-k"):
        return Control("delete_all", words[2].decode("utf-8", "surrogateescape"))
    return None
