from typing import final

from workloads.parts.load import Load
from workloads.running.options import Options

@final
class Shells(Load):
    def __init__(self, words: list[str]) -> None: ...

def build(options: Options) -> Shells: ...
