"""What the reader of a result is warned of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caution:
    """Something the reader of a result must know, with what to do about it."""

    name: str
    what: str
    remedy: str = ""

    def one_line(self) -> str:
        """As it is printed."""
        return f"{self.what}: {self.remedy}" if self.remedy else self.what
