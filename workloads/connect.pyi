from typing import final

from workloads._load import Load
from workloads._options import Options
from workloads._sink import Sink

@final
class Connect(Load):
    def __init__(self, sink: Sink, workers: int) -> None: ...

def build(options: Options) -> Connect: ...
