from typing import final

from workloads._load import Load
from workloads._options import Options
from workloads._sink import Sink

DEFAULT_N: int
COSTLY_N: int

@final
class OsqueryStress(Load):
    def __init__(self, n: int, sink: Sink) -> None: ...
    @property
    def nodes(self) -> int: ...

def build(options: Options) -> OsqueryStress: ...
