from typing import Self, final

MAGIC: bytes
VERSION: int
GZIP_MAGIC: bytes
MOST_DATAGRAM_BYTES: int

@final
class Tape:
    records: int
    serials: int
    def __new__(cls, data: bytes) -> Self: ...
    def sendable(self, index: int, round_number: int = 0) -> bytes: ...

def unpacked(packed: bytes) -> bytes: ...
