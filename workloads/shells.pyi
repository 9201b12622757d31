from typing import final

from workloads._load import Load
from workloads._options import Options

@final
class Shells(Load):
    def __init__(self, words: list[str]) -> None: ...

def build(options: Options) -> Shells: ...
