from typing import Self, final

@final
class Program:
    def __new__(cls, path: bytes, arguments: list[bytes], environment: list[bytes]) -> Self: ...
