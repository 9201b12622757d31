from typing import final

from workloads._load import Load
from workloads._options import Options
from workloads._scratch import Scratch

@final
class Files(Load):
    def __init__(self, scratch: Scratch) -> None: ...

def build(options: Options) -> Files: ...
