from typing import Self, final

@final
class Target:
    def __new__(
        cls, address: str, port: int, device: str = "", scope: int = 0, shut_down: bool = False
    ) -> Self: ...
