"""The lines that strace writes: calls joined where others came between, split into their parts.

For `strace -f -n -y -xx -X raw`: every line begins with the process and the number of the call,
strings are in hexadecimal, constants are numbers, descriptors are followed by `<path>`. So nothing
that the command writes or names can look like the syntax of a line.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass

_LINE = re.compile(r"(\d{1,10}) +\[ *(\d{1,10})\] (.*)", re.DOTALL)
_EXITED = re.compile(r"\d{1,10} +(?:\[[ \d?]*\] )?\+\+\+ (?:exited|killed|superseded)")
_RESUMED = re.compile(r"<\.\.\. [\w?]+ resumed>(.*)", re.DOTALL)
_CHANGED = re.compile(r" <pid changed to (\d{1,10}) \.\.\.>")
_UNFINISHED = " <unfinished ...>"
_CALL = re.compile(r"([a-z_]\w*)\((.*)\) += (.*)", re.DOTALL)
_NUMBER = re.compile(r"(?:\w+=)?(-?)(0x[0-9a-f]{1,16}|0[0-7]{0,22}|[1-9]\d{0,19})(?=$|[<, ])")
_PATH = re.compile(r"<((?:\\x[0-9a-f]{2}|[^\\<>])*)>")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
_RESTARTED = "ERESTART"
_PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">", '"': '"'}
MOST_OPEN = 4096
"""Calls of different processes that may be unfinished at a time."""


@dataclass(frozen=True, slots=True)
class TracedCall:
    """A call that ended; its arguments and its result as strace writes them."""

    pid: int
    number: int
    name: str
    arguments: tuple[str, ...]
    result: str

    @property
    def returned(self) -> bool:
        """Whether it came back: exit does not, nor does a call in which the process was killed."""
        return self.result != "?"

    @property
    def exit(self) -> int | None:
        """Its result as an event has it: negative for an error; None where it did not return."""
        if self.result.startswith("?"):
            # The kernel reports what it restarts as interrupted.
            return -errno.EINTR if _RESTARTED in self.result else None
        words = self.result.split()
        if len(words) > 1 and words[0] == "-1":
            code = getattr(errno, words[1], None)
            return -code if isinstance(code, int) else -1
        return number_of(self.result)

    @property
    def succeeded(self) -> bool:
        """Whether it returned without an error."""
        code = self.exit
        return code is not None and not (-4095 <= code < 0)


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ended."""

    pid: int


class LineReader:
    """Takes lines and returns what they complete."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[int, str]] = {}
        self.unread = 0
        """Lines that could not be understood."""

    @property
    def unfinished(self) -> dict[int, str]:
        """The beginning of each call that has not ended, by process."""
        return {pid: text for pid, (_, text) in self._open.items()}

    def take(self, line: str) -> TracedCall | Ended | None:
        """Take the next line; the call or the end that it completes."""
        if _EXITED.match(line):
            pid = int(line.split(maxsplit=1)[0])
            self._open.pop(pid, None)
            return Ended(pid)
        match = _LINE.fullmatch(line)
        if match is None:
            self.unread += bool(line.strip())
            return None
        pid, number, text = int(match[1]), int(match[2]), match[3]
        if text.startswith("---"):
            return None
        resumed = _RESUMED.fullmatch(text)
        if resumed is not None:
            number, begun = self._open.pop(pid, (number, ""))
            text = begun + resumed[1]
        changed = _CHANGED.search(text)
        if changed is not None:
            self._note(int(changed[1]), number, text[: changed.start()])
            return None
        if text.endswith(_UNFINISHED):
            self._note(pid, number, text.removesuffix(_UNFINISHED))
            return None
        return self._call(pid, number, text)

    def _note(self, pid: int, number: int, text: str) -> None:
        if len(self._open) < MOST_OPEN:
            self._open[pid] = (number, text)

    def _call(self, pid: int, number: int, text: str) -> TracedCall | None:
        match = _CALL.fullmatch(text)
        if match is None:
            self.unread += 1
            return None
        return TracedCall(pid, number, match[1], tuple(split(match[2])), match[3].strip())


def split(text: str) -> list[str]:
    """Arguments at their commas, those within brackets and strings aside."""
    found, closing, begin = [], [""], 0
    for at, char in enumerate(text):
        if char == closing[-1]:
            closing.pop()
        elif closing[-1] in ('"', ">"):
            continue
        elif char in _PAIRS and not (char == "<" and text[at + 1 : at + 2] in ("<", "=", " ")):
            closing.append(_PAIRS[char])
        elif char == "," and len(closing) == 1:
            found.append(text[begin:at].strip())
            begin = at + 1
    last = text[begin:].strip()
    return [*found, last] if last or found else []


def number_of(argument: str) -> int | None:
    """The number that an argument or a result is; None for a pointer to something shown."""
    if argument.partition("=")[2] == "NULL" or argument == "NULL":
        return 0
    match = _NUMBER.match(argument)
    if match is None:
        return None
    digits = match[2]
    is_octal = digits.startswith("0") and not digits.startswith("0x")
    value = int(digits, 8 if is_octal else 0)
    return -value if match[1] else value


def string_of(argument: str) -> str | None:
    """The string that an argument is; None for anything else."""
    match = _STRING.fullmatch(argument)
    return None if match is None else _decoded(match[1])


def path_of(argument: str) -> str | None:
    """The path of the descriptor that an argument or a result is."""
    match = _PATH.search(argument)
    return None if match is None else _decoded(match[1])


def _decoded(text: str) -> str:
    raw = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return raw.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
