from typing import Any

from consumer.event.assemble import Assembler
from consumer.receiving.pipeline import Pipeline

def feed_frames(pipeline: Pipeline, frames: bytes | memoryview) -> None: ...
def parse_buffer(
    frames: bytes | memoryview,
    depth: str,
    *,
    assembler: Assembler | None = None,
    marker: bytes = b"",
) -> dict[str, Any]: ...
def frame(message_type: int, text: bytes, *, time_ns: int = 0) -> bytes: ...
def split_capture(content: bytes) -> tuple[dict[str, Any], memoryview]: ...
def fields_of(
    record_type: int, text: bytes
) -> tuple[int, int, list[tuple[bytes, bytes]]] | None: ...
