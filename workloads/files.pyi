from typing import final

from workloads.parts.load import Load
from workloads.running.options import Options
from workloads.running.scratch import Scratch

@final
class Files(Load):
    def __init__(self, scratch: Scratch) -> None: ...

def build(options: Options) -> Files: ...
