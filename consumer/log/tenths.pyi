from typing import Self, final

@final
class LogTenths:
    wanted: bool
    left_out: int
    def __new__(cls, wanted: bool) -> Self: ...
    def rows(self) -> list[tuple[int, int, int]]: ...
