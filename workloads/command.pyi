from collections.abc import Sequence
from typing import final

from workloads._load import Load
from workloads._options import Options

@final
class Command(Load):
    def __init__(self, words: Sequence[str]) -> None: ...

def build(options: Options) -> Command: ...
