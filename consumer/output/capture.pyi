from collections.abc import Mapping
from typing import Any, Self, final

from consumer.output.outfile import OutFile

MAGIC: bytes
VERSION: int

@final
class CaptureWriter:
    out: OutFile
    def __new__(cls, path: str, metadata: Mapping[str, Any]) -> Self: ...
