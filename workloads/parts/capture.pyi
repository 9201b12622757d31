from typing import IO, Self, final

MAGIC: bytes
VERSION: int
GZIP_MAGIC: bytes
MOST_DATAGRAM_BYTES: int
MOST_BYTES: int
PIECE_BYTES: int
NO_CAPTURE: str

@final
class LoadedCapture:
    records: int
    serials: int
    def __new__(cls, data: bytes) -> Self: ...
    def sendable(self, index: int, round_number: int = 0) -> bytes: ...

def unpacked(packed: bytes, most: int = ...) -> bytes: ...
def refuse_too_large(size: int, most: int = ...) -> None: ...
def read_capture(file: IO[bytes], most: int = ...) -> bytes: ...
