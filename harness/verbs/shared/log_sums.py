"""The events that a verb is told to read: those of logs, or of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.log.summary import LogSums
    from harness.verbs.shared.top_sources import Heard

_FACTORS = {"s": 1, "m": 60, "h": 3600}
_LONGEST_S = 86_400


def sums_of_logs(files: list[str]) -> LogSums:
    """What is in the logs, their system calls as rules may test them included."""
    from harness.verbs.shared.output import err
    from harness.verbs.shared.top_progress import ReadingProgress
    from harness.verbs.shared.top_sources import from_files

    with ReadingProgress(err()) as reading:
        return from_files(files, (), reading, shapes=True, as_aureport=False)


def sums_of_kernel(
    duration_s: float,
    kinds: Sequence[str] = (),
    *,
    unicast: bool = False,
    shapes: bool = True,
    as_aureport: bool = False,
) -> Heard:
    """The same of the kernel's records of the next seconds, which changes nothing of the host."""
    from harness.verbs.shared.output import err
    from harness.verbs.shared.top_progress import ListeningProgress
    from harness.verbs.shared.top_sources import from_kernel

    with ListeningProgress(err(), duration_s) as listening:
        return from_kernel(
            kinds, duration_s, listening, unicast=unicast, shapes=shapes, as_aureport=as_aureport
        )


def seconds(text: str) -> float:
    """A time such as `30`, `30s` or `2m`, in seconds; raises UsageError for anything else."""
    factor = _FACTORS.get(text[-1:])
    digits = text[:-1] if factor else text
    try:
        value = float(digits) * (factor or 1)
    except ValueError:
        value = 0.0
    if not 0 < value <= _LONGEST_S:
        raise UsageError(
            f"--listen {text} is not a time of at most a day",
            remedy="give seconds or minutes: 30s, 2m",
        )
    return value


def tenths_of_logs(files: list[str]) -> list[tuple[int, int, int]]:
    """(tenth of a second since 1970, events, records) of each that has any; UsageError if none."""
    from consumer.log.summary import LogSums
    from harness.verbs.shared.output import err
    from harness.verbs.shared.top_progress import ReadingProgress
    from harness.verbs.shared.top_sources import read_files

    sums = LogSums((), with_tenths=True)
    with ReadingProgress(err()) as reading:
        read_files(files, sums, reading)
    return sums.tenths.rows()
