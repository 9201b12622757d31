from collections.abc import Mapping

from typing_extensions import disjoint_base

from workloads.parts.tallies import SharedTallies

@disjoint_base
class Load:
    batch: int
    def prepare(self, shared: SharedTallies, worker: int) -> None: ...
    def clean_up(self) -> None: ...
    def yields(self, usual: Mapping[str, float]) -> dict[str, float]: ...
    def details(self, done: int) -> dict[str, object]: ...
    def planned_ops(self, wanted: int | None, default_ops: int) -> int: ...
    def share_of(self, ops: int, worker: int, workers: int) -> int: ...
    def run(
        self,
        shared: SharedTallies,
        worker: int,
        ops: int,
        rate_per_s: float = 0.0,
        busy_ns: int = 0,
        burst: int = 1,
    ) -> None: ...
    def time_chunks(
        self, shared: SharedTallies, worker: int, chunks: int, ops: int
    ) -> list[int]: ...
