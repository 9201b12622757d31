from typing import final

from workloads.parts.load import Load
from workloads.running.options import Options
from workloads.running.sink import Sink

@final
class Connect(Load):
    def __init__(self, sink: Sink, workers: int) -> None: ...

def build(options: Options) -> Connect: ...
