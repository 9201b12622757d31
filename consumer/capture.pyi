from collections.abc import Mapping
from typing import Any, final

from consumer.outfile import OutFile

MAGIC: bytes
VERSION: int

@final
class CaptureWriter:
    out: OutFile
    def __init__(self, path: str, metadata: Mapping[str, Any]) -> None: ...
