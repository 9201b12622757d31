from collections.abc import Sequence
from typing import Self, final

from consumer.receiving.pipeline import Pipeline

CONTROL: int
MARKER: int
DEADLINE: int
END: int
FAILED: int
LIMIT: int
BATCH: int
EMPTY: int

@final
class Receiver:
    pipeline: Pipeline
    batches: int
    enobufs: int
    high_bytes: int
    wakeups: int
    error: int
    def __new__(
        cls,
        fd: int,
        pipeline: Pipeline,
        *,
        batch: int = 64,
        control_fds: Sequence[int] = (),
        check_senders: bool = False,
        empty_ends: bool = False,
        rcvbuf_bytes: int = 0,
    ) -> Self: ...
    def point_slots(self) -> None: ...
    def run(
        self,
        *,
        deadline_ns: int = 0,
        limit: int = 0,
        one_batch: bool = False,
        until_empty: bool = False,
    ) -> int: ...
    def socket_drops(self) -> int: ...
    def batch_records(self) -> list[tuple[int, bytes]]: ...
