from typing import final

from workloads._load import Load
from workloads._options import Options
from workloads._sink import Sink

@final
class Mixed(Load):
    def __init__(self, sink: Sink) -> None: ...

def build(options: Options) -> Mixed: ...
