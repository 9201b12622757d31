"""The logs that a verb is told to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumer.log.summary import LogSums


def sums_of_logs(files: list[str]) -> LogSums:
    """What is in the logs, their system calls as rules may test them included."""
    from harness.verbs.shared.output import err
    from harness.verbs.shared.top_progress import ReadingProgress
    from harness.verbs.shared.top_sources import from_files

    with ReadingProgress(err()) as reading:
        return from_files(files, (), reading, shapes=True, as_aureport=False)[0]


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
