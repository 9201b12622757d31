"""The names of the kernel's functions, from `/proc/kallsyms`."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence

from harness.host.tree import HostTree

KALLSYMS = "/proc/kallsyms"
UNKNOWN = "[unknown]"
USER = "[user]"
"""The one frame of a sample in user mode: only the kernel's part of call chains is sampled."""
MOST_NAME = 200
"""Letters of a name that are kept; names of C are shorter, those of Rust can be longer."""
_TEXT = frozenset("tTwW")
_FEWEST_FIELDS = 3


class Symbols:
    """Names by address."""

    def __init__(self, text: str) -> None:
        """`text` is that of `/proc/kallsyms`; where it hides addresses, there are no names."""
        found = sorted(_functions(text))
        self._addresses = array("Q", (address for address, _ in found))
        self._names = [name for _, name in found]

    @classmethod
    def read(cls, tree: HostTree | None = None) -> Symbols:
        """Those of this kernel, its modules among them."""
        return cls((tree or HostTree()).text(KALLSYMS) or "")

    def __bool__(self) -> bool:
        return bool(self._names)

    def name(self, address: int) -> str:
        """The function that holds an address."""
        place = bisect_right(self._addresses, address) - 1
        return self._names[place] if place >= 0 else UNKNOWN

    def frames(self, chain: Sequence[int]) -> tuple[str, ...]:
        """The functions of a call chain that has the innermost first, outermost first."""
        if not chain:
            return (USER,)
        # A call at the very end of a function returns behind it.
        callers = (self.name(address - 1) for address in reversed(chain[1:]))
        return (*callers, self.name(chain[0]))


def _functions(text: str) -> list[tuple[int, str]]:
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) >= _FEWEST_FIELDS and words[1] in _TEXT and (address := int(words[0], 16)):
            found.append((address, _plain(words[2])))
    return found


def _plain(name: str) -> str:
    """The name as folded stacks can hold it: printable ASCII without what separates frames."""
    kept = "".join(c if "!" <= c <= "~" and c != ";" else "_" for c in name[:MOST_NAME])
    return kept or UNKNOWN
