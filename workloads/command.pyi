from collections.abc import Sequence
from typing import final

from workloads.parts.load import Load
from workloads.running.options import Options

@final
class Command(Load):
    def __init__(self, words: Sequence[str]) -> None: ...

def build(options: Options) -> Command: ...
