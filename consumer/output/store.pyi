from typing import Self, final

from consumer.output.outfile import OutFile

@final
class LineStore:
    out: OutFile
    def __new__(cls, path: str) -> Self: ...
