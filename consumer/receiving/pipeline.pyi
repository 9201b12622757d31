from typing import Any, Self, final

from consumer.event.assemble import Assembler
from consumer.output.capture import CaptureWriter
from consumer.output.store import LineStore

@final
class Pipeline:
    depth: int
    records: int
    text_bytes: int
    truncated: int
    control_messages: int
    malformed: int
    assembler: Assembler
    def __new__(
        cls,
        depth: str,
        *,
        marker: bytes = b"",
        assembler: Assembler | None = None,
        store: LineStore | None = None,
        capture: CaptureWriter | None = None,
    ) -> Self: ...
    def marker_numbers(self, since: int = 0) -> list[int]: ...
    def acknowledged(self) -> tuple[int, int]: ...
    def records_by_type(self) -> dict[str, int]: ...
    def serial_counters(self) -> dict[str, int | None]: ...
    def finish(self, native_arch: int = 0xC000003E) -> dict[str, Any]: ...
    def counters(self, native_arch: int = 0xC000003E) -> dict[str, Any]: ...
