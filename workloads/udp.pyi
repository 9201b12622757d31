from typing import final

from workloads.parts.load import Load
from workloads.running.options import Options
from workloads.running.sink import Sink

@final
class Udp(Load):
    def __init__(self, sink: Sink) -> None: ...

def build(options: Options) -> Udp: ...
