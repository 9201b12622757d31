from typing import final

from workloads.parts.load import Load
from workloads.running.options import Options
from workloads.running.sink import Sink

DEFAULT_N: int
COSTLY_N: int

@final
class OsqueryStress(Load):
    def __init__(self, n: int, sink: Sink) -> None: ...
    @property
    def nodes(self) -> int: ...

def build(options: Options) -> OsqueryStress: ...
