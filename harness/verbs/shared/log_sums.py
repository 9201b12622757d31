"""The logs that a verb of `auditbench rules` is told to read."""

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
