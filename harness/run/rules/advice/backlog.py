"""The size of the backlog, by the busiest second of a log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from harness.counted import counted
from harness.kernel.rules.controls import Control
from harness.kernel.rules.lint.finding import Place
from harness.kernel.rules.lint.parsed import Parsed
from harness.kernel.rules.lint.settings import DEFAULT_BACKLOG
from harness.model.rules.advice import Proposal


def roomier_backlog(parsed: Parsed, busiest: tuple[int, int]) -> Iterator[Proposal]:
    """A larger `-b` where a second of the log had more records than the backlog holds.

    `busiest` are the records that the kernel queued in that second, and the second since 1970.
    Nothing is said of a file that makes no settings, as it is a part of a folder.
    """
    records, second = busiest
    given: tuple[Place, Control, str] | None = None
    for place, line in parsed.lines:
        for control in line.parsed.controls:
            if control.name == "backlog_limit":
                given = (place, control, line.text)
    limit = given[1].value if given else DEFAULT_BACKLOG
    assert isinstance(limit, int)
    if parsed.is_fragment or limit == 0 or records <= limit:
        return
    when = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")
    wanted = 1 << (records - 1).bit_length()
    has = f"-b is {limit}" if given else f"the file sets no -b, so that the kernel's {limit} counts"
    yield Proposal(
        kind="backlog",
        reason=f"the kernel queued {counted(records, 'record')} in the second from {when} UTC, "
        f"and {has}",
        lines=((given[0].file, given[0].line),) if given else (),
        old=(given[2],) if given else (),
        new=(f"-b {wanted}",),
        goes_blind="",
        notes=(
            "it holds that second whole if nobody takes a record meanwhile; records that were "
            "lost are not in the log, so that it may have been more",
            "what it saves, waiting and loss, cannot be counted from a log",
        ),
    )
