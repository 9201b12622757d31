from typing import final

from consumer.outfile import OutFile

@final
class LineStore:
    out: OutFile
    def __init__(self, path: str) -> None: ...
