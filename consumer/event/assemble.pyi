from collections.abc import Iterable
from typing import Self, final

from consumer.event.groups import Groups

DEFAULT_EVENTS: int

@final
class Assembler:
    groups: Groups
    complete: int
    partial: int
    duplicate_records: int
    late_records: int
    evicted: int
    in_flight: int
    def __new__(cls, events: int = ..., excluded_types: Iterable[int] = ()) -> Self: ...
    def load_tables(self, excluded_types: frozenset[int]) -> None: ...
    def follow_tree(self, pid: int) -> None: ...
    @property
    def has_tree(self) -> bool: ...
    def finish(self) -> int: ...
    def before_anchor(self) -> dict[str, int] | None: ...
    def totals(self) -> dict[str, int]: ...
