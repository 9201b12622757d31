"""Sampled kernel stacks of one cell: as they are stored, and what is said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from harness.model.numbers import Count, Nanoseconds
from harness.model.run import Cell

PROFILE_SCHEMA = 1
Group = Literal["load", "kauditd", "consumer"]
GROUPS: tuple[Group, ...] = ("load", "kauditd", "consumer")
"""Whose samples are kept; those of other processes are counted only."""
USER = "[user]"
"""The one frame of a sample in user mode."""
MOST_STACKS = 10_000
"""Of one cell. Of more, and of more than `MOST_LETTERS`, the rarest are left out, and counted."""
MOST_LETTERS = 8 << 20
MOST_FRAMES = 256
_FRAME = r"[!-:<-~]{1,200}"
Stack = Annotated[
    str,
    msgspec.Meta(
        pattern=rf"\A(?:load|kauditd|consumer)(?:;{_FRAME}){{1,{MOST_FRAMES}}}\Z", max_length=60_000
    ),
]
"""One folded stack, outermost first, after its group: `load;entry_SYSCALL_64;do_syscall_64`."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class Profiling(msgspec.Struct, frozen=True):
    """Which cells of a plan are profiled, and how many samples of the load are wanted of each."""

    cells: tuple[Cell, ...]
    samples: Count


class StoredProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The samples of all profiled trials of a cell, which are none of its measured ones."""

    workload: Name
    scenario: Name
    consumer: Name
    frequency_hz: Annotated[int, msgspec.Meta(gt=0, le=10**6)]
    """Samples per second of each CPU that is not idle."""
    trials: Count
    failed_trials: Count = 0
    """Those whose load failed; nothing of them is in the samples."""
    ops: Count
    """Operations done in the trials."""
    sampled_ns: Nanoseconds
    other_samples: Count = 0
    """Of processes in no group."""
    lost_samples: Count = 0
    throttled: Count = 0
    """How often the kernel paused the clock."""
    left_out_samples: Count = 0
    """Of stacks beyond the number that is kept."""
    stacks: Annotated[
        tuple[tuple[Stack, Annotated[int, msgspec.Meta(gt=0, le=10**12)]], ...],
        msgspec.Meta(max_length=MOST_STACKS),
    ]
    schema: int = PROFILE_SCHEMA

    @property
    def cell(self) -> Cell:
        """The cell that was profiled."""
        return Cell(self.workload, self.scenario, self.consumer)

    @property
    def frames(self) -> Counter[tuple[str, ...]]:
        """Samples by stack, each beginning with its group."""
        found: Counter[tuple[str, ...]] = Counter()
        for stack, samples in self.stacks:
            found[tuple(stack.split(";"))] += samples
        return found

    def document(self) -> dict[str, Any]:
        """The same as plain values."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def kept_stacks(frames: Mapping[tuple[str, ...], int]) -> tuple[tuple[tuple[str, int], ...], int]:
    """The folded stacks to store, the most frequent first, and how many samples are left out."""
    folded: Counter[str] = Counter()
    for stack, samples in frames.items():
        folded[";".join(stack[: MOST_FRAMES + 1])] += samples
    kept: list[tuple[str, int]] = []
    letters = 0
    for words, samples in sorted(folded.items(), key=lambda each: (-each[1], each[0])):
        letters += len(words)
        if len(kept) == MOST_STACKS or letters > MOST_LETTERS:
            break
        kept.append((words, samples))
    return tuple(kept), folded.total() - sum(samples for _, samples in kept)


@dataclass(frozen=True, slots=True)
class Place:
    """A function, and its share of the kernel time in question, what it calls included.

    The interval is that of sampling, 95 %.
    """

    function: str
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Places:
    """Where kernel time goes: the innermost function that holds most of it, and what that calls.

    `audit` is the share with a function of audit in the stack. None and empty where there are too
    few samples to say.
    """

    main: Place | None = None
    inner: tuple[Place, ...] = ()
    audit: Place | None = None


@dataclass(frozen=True, slots=True)
class ProfiledGroup:
    """One group of a cell. `kernel_ns_per_op` is its CPU time in the kernel per operation."""

    group: Group
    samples: int
    kernel_samples: int
    kernel_ns_per_op: float | None
    places: Places


@dataclass(frozen=True, slots=True)
class Extra:
    """The kernel time per operation that a group of one cell takes beyond that of another.

    `ratio` is of the two; None, with its interval, where one has too few samples to say, or none.
    """

    group: Group
    ns_per_op: float
    ratio: float | None
    low: float | None
    high: float | None
    places: Places


@dataclass(frozen=True, slots=True)
class CellProfile:
    """What is said of one profiled cell."""

    cell: Cell
    stored: StoredProfile
    groups: tuple[ProfiledGroup, ...]


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """A profiled cell against another one."""

    cell: Cell
    against: Cell
    extras: tuple[Extra, ...]


@dataclass(frozen=True, slots=True)
class Profiles:
    """What a run says of its profiled cells, in the order in which they were named."""

    cells: tuple[CellProfile, ...] = ()
    change: ProfileChange | None = None
