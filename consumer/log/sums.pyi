from collections.abc import Set as AbstractSet
from typing import Self

from typing_extensions import disjoint_base

@disjoint_base
class ValueSums:
    as_aureport: bool
    def __new__(cls, wanted: AbstractSet[int], as_aureport: bool = False) -> Self: ...
    def rows(self, kind: int) -> list[tuple[bytes, int, int, int]]: ...
    def apart(self, kind: int) -> tuple[int, int]: ...
