from typing import final

from workloads.parts.capture import LoadedCapture
from workloads.parts.load import Load
from workloads.running.options import Options

BATCH_RECORDS: int
SEND_BUFFER_BYTES: int
MARKER_TYPE: int
MARKER_PATIENCE_MS: int

@final
class Replay(Load):
    def __init__(self, loaded: LoadedCapture, capture: str, fd: int, marker: str) -> None: ...
    def next_serial(self) -> int: ...

def send_marker(fd: int, text: str, serial: int) -> None: ...
def build(options: Options) -> Replay: ...
def open_tape(path: str) -> LoadedCapture: ...
def enlarge_send_buffer(fd: int | None) -> None: ...
