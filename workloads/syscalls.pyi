from typing import final

from workloads._load import Load
from workloads._options import Options

CALLS_PER_CLOCK_READING: int

@final
class Syscalls(Load): ...

def build(options: Options) -> Syscalls: ...
