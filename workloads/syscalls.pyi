from typing import final

from workloads.parts.load import Load
from workloads.running.options import Options

CALLS_PER_CLOCK_READING: int

@final
class Syscalls(Load): ...

def build(options: Options) -> Syscalls: ...
