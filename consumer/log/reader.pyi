from typing import Self, final

from consumer.log.events import LogEvents

@final
class LogReader:
    events: LogEvents
    lines: int
    records: int
    input_bytes: int
    record_bytes: int
    blank_lines: int
    damaged_lines: int
    damaged_bytes: int
    first_damaged: int
    long_lines: int
    own_records: int
    def __new__(cls, events: LogEvents, own_pid: int = 0) -> Self: ...
    @property
    def damaged_sample(self) -> bytes: ...
    def begin_file(self) -> None: ...
    def read_from(self, fd: int) -> int: ...
    def feed(self, piece: bytes | memoryview) -> None: ...
    def end_file(self) -> None: ...
