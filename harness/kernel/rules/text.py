"""One rule or control line in auditctl's syntax, word for word as auditctl 3.0.9 understands it.

`parse_rule` is auditctl's loop over its options: what they require of each other, and in which
order. `encode` turns a single field into bytes, and `file` reads files. The kernel is never
asked, and nothing needs privilege.

Three differences, all on purpose. The `io_uring` list is accepted even with a libaudit that is too
old to have it. Lines that only print (`-l`, `-s`, …) are ignored with a warning. And where
auditctl silently drops a rule because another option is on its line, the line is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from harness.counted import counted
from harness.errors import UsageError
from harness.kernel.rules.controls import (
    ALONE,
    SWITCHES_OF_ERRORS,
    Control,
    read_control,
    read_delete_all,
    read_request,
)
from harness.kernel.rules.encode import Encoder
from harness.kernel.rules.fields import (
    KEY_SEPARATOR,
    MAX_KEY_BYTES,
    MAX_MESSAGE_BYTES,
    Action,
    FilterList,
)
from harness.kernel.rules.head import NO_LIST, ObsoleteActionError, list_and_action, obsolete
from harness.kernel.rules.libaudit import LOCK, Libaudit, libaudit
from harness.kernel.rules.parsed_line import LineError, ParsedLine
from harness.kernel.rules.rule import FIXED_BYTES, Rule
from harness.kernel.rules.warning import RuleWarning
from harness.kernel.rules.words import (
    Option,
    StrayWordError,
    as_bytes,
    options,
    shown,
)

_NO_SYSCALLS = (FilterList.TASK, FilterList.USER, FilterList.FILESYSTEM, FilterList.EXCLUDE)


def parse_rule(words: Sequence[str | bytes]) -> ParsedLine:
    """Parse these words as auditctl does when called with them.

    Raises `UsageError` saying which option is wrong, why, and what to do (a `LineError` where it
    comes from auditctl's reading of the words); `HostUnfitError` without libaudit.
    """
    library = libaudit()
    encoded = [word if isinstance(word, bytes) else as_bytes(word) for word in words]
    if not encoded:
        raise UsageError("the rule is empty", remedy="give auditctl's options, like -a and -F")
    if any(b"\x00" in word for word in encoded):
        raise UsageError("a word holds a NUL character", remedy="remove it")
    with LOCK:
        return _Line(library, tuple(encoded)).parse()


class _Line:
    """auditctl's variables while it goes through one line."""

    def __init__(self, library: Libaudit, words: tuple[bytes, ...]) -> None:
        self._library = library
        self._words = words
        self._encoder = Encoder(library)
        self._add = NO_LIST
        self._delete = NO_LIST
        self._prepend = False
        self._action: Action | None = None
        self._operations = 0
        self._key = b""
        self._alone: str | None = None
        self._controls: list[Control] = []

    def parse(self) -> ParsedLine:
        delete_all = read_delete_all(self._words)
        if delete_all is not None:
            return ParsedLine("none", None, (delete_all,))
        request = read_request(self._words)
        if request is not None:
            return ParsedLine("none", None, (), (request,))
        try:
            return self._parse()
        except UsageError as error:
            raise LineError(error, self._controls) from error

    def _parse(self) -> ParsedLine:
        handlers = self._handlers()
        try:
            for option in options(self._words):
                if self._alone is not None:
                    raise _must_stand_alone(self._alone)
                try:
                    handlers.get(option.name, self._control)(option)
                except ObsoleteActionError:
                    return ParsedLine("none", None, (), (obsolete(option),))
        except StrayWordError as error:
            self._drop(error)
        if self._alone is not None and self._list != NO_LIST:
            raise _must_stand_alone(self._alone)
        return self._finished()

    def _drop(self, error: StrayWordError) -> None:
        """Warn of words that auditctl ignores after an option that must be alone on its line."""
        if self._alone in (None, *SWITCHES_OF_ERRORS):
            raise error
        what = f"{error.what}, and auditctl drops what follows {self._alone}"
        self._encoder.warnings.append(RuleWarning("dropped", what, "remove it"))

    def _handlers(self) -> dict[str, Callable[[Option], None]]:
        return {
            "-a": self._append,
            "-A": self._put_first,
            "-d": self._remove,
            "-S": self._syscall,
            "-F": self._field,
            "-C": self._comparison,
            "-k": self._named,
            "-p": self._permissions,
            "-w": self._watch,
            "-W": self._unwatch,
        }

    def _control(self, option: Option) -> None:
        control, warnings = read_control(option)
        self._controls.append(control)
        self._encoder.warnings += warnings
        if option.name in ALONE:
            self._alone = option.name

    @property
    def _list(self) -> int:
        return self._add if self._add != NO_LIST else self._delete

    def _append(self, option: Option) -> None:
        if b"task" in option.value and self._encoder.state.has("syscalladded"):
            raise UsageError(
                f"{option.name} {shown(option.value)} follows -S, and the task list has no "
                "syscalls",
                remedy="leave -S out",
            )
        self._add = self._list_and_action(option, self._add)

    def _put_first(self, option: Option) -> None:
        self._append(option)
        self._prepend = True

    def _remove(self, option: Option) -> None:
        self._delete = self._list_and_action(option, self._delete)

    def _list_and_action(self, option: Option, filter_list: int) -> int:
        self._operations += 1
        if self._operations > 1:
            raise UsageError(
                f"{option.name} {shown(option.value)} is the second of -a, -A and -d in a line",
                remedy="write one rule per line",
            )
        filter_list, self._action = list_and_action(option, filter_list, self._action)
        return filter_list

    def _syscall(self, option: Option) -> None:
        lists = {self._add, self._delete}
        if FilterList.IO_URING in lists:
            self._encoder.add_operations(option.value)
            return
        for number in _NO_SYSCALLS:
            if number in lists:
                raise UsageError(
                    f"-S {shown(option.value)} is on the {number.name.lower()} list, whose rules "
                    "know no syscalls",
                    remedy="leave -S out, or use -a ACTION,exit",
                )
        if not self._encoder.state.elf:
            self._encoder.state.elf = self._this_arch()
        self._encoder.add_syscalls(option.value)

    def _this_arch(self) -> int:
        arch = self._library.arch_of_machine(self._library.this_machine())
        if not arch:
            raise UsageError(
                "libaudit does not know this machine's architecture",
                remedy="give -F arch= before -S, and -S as a number",
            )
        return arch

    def _field(self, option: Option) -> None:
        if self._list == NO_LIST and not (b"arch=" in option.value and option.rest[:1] == (b"-t",)):
            raise UsageError(
                f"-F {shown(option.value)} comes before the list it is for",
                remedy="begin the line with -a ACTION,LIST",
            )
        if option.value.startswith(b"key="):
            self._add_key("-F key=", option.value[4:])
        else:
            self._encoder.add_field(option.value, self._list)

    def _comparison(self, option: Option) -> None:
        self._encoder.add_comparison(option.value, self._list)

    def _named(self, option: Option) -> None:
        state = self._encoder.state
        kinds = ("syscalladded", "permadded", "exeadded", "filterfsadded")
        if self._list == NO_LIST or not any(state.has(kind) for kind in kinds):
            raise UsageError(
                f"-k {shown(option.value)} comes before the watch, syscall or exe it is for",
                remedy="give -w, or -a with -S, -F path=, -F perm= or -F exe= before it",
            )
        self._add_key("-k ", option.value)

    def _add_key(self, option: str, key: bytes) -> None:
        joined = self._key + (KEY_SEPARATOR if self._key else b"") + key
        if len(joined) > MAX_KEY_BYTES:
            raise UsageError(
                f"{option}{shown(key)} makes the keys of the rule "
                f"{counted(len(joined), 'byte')} long",
                remedy=f"all keys of a rule have at most {MAX_KEY_BYTES} bytes together",
            )
        self._key = joined

    def _permissions(self, option: Option) -> None:
        if self._list == NO_LIST:
            raise UsageError(
                f"-p {shown(option.value)} comes before the watch it is for",
                remedy="give -w PATH before it",
            )
        self._encoder.set_permissions(option.value)

    def _watch(self, option: Option) -> None:
        if self._list != NO_LIST:
            raise UsageError(
                f"-w {shown(option.value)} is on a line that already has a rule",
                remedy="write one rule per line, or -F path= in a rule with -a",
            )
        self._add, self._action = FilterList.EXIT, Action.ALWAYS
        self._encoder.state.note("syscalladded")
        self._encoder.add_watch("-w", option.value)

    def _unwatch(self, option: Option) -> None:
        self._delete, self._action = FilterList.EXIT, Action.ALWAYS
        self._encoder.state.note("syscalladded")
        self._encoder.add_watch("-W", option.value)

    def _finished(self) -> ParsedLine:
        encoder = self._encoder
        if self._key:
            filter_list = FilterList.USER if self._list == NO_LIST else self._list
            encoder.add_field(b"key=" + self._key, filter_list, option="-k")
        if self._list == NO_LIST or self._action is None:
            if encoder.state.has("syscalladded") or not self._controls:
                raise UsageError(
                    "the line names no list to put a rule on",
                    remedy="begin it with -a ACTION,LIST or -w PATH",
                )
            return ParsedLine("none", None, tuple(self._controls), tuple(encoder.warnings))
        if self._list != FilterList.TASK and not encoder.state.has("syscalladded"):
            encoder.add_every_syscall()
        adding = self._add != NO_LIST
        rule = Rule(
            filter_list=self._list,
            action=self._action,
            mask=encoder.mask,
            fields=tuple(encoder.fields),
            prepend=adding and self._prepend,
        )
        _require_message(rule)
        operation: Literal["add", "delete"] = "add" if adding else "delete"
        warnings = tuple(encoder.warnings)
        return ParsedLine(operation, rule, tuple(self._controls), warnings, encoder.named)


def _must_stand_alone(name: str) -> UsageError:
    return UsageError(
        f"{name} is not alone on its line, and auditctl drops the rest of the line",
        remedy="give it a line of its own",
    )


def _require_message(rule: Rule) -> None:
    size = len(rule.to_bytes())
    if 16 + (size + 3) // 4 * 4 > MAX_MESSAGE_BYTES:
        raise UsageError(
            f"the rule has {counted(size - FIXED_BYTES, 'byte')} of text, more than "
            "auditctl can send",
            remedy="split it into several rules",
        )
