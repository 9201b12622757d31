from typing import Self, final

@final
class EventTable:
    def __new__(cls, events: int) -> Self: ...
