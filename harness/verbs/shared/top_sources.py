"""Where `auditbench top` takes records from: files, or the kernel by way of the consumer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumer.errors import ConsumerError
from consumer.log.summary import LogSums, read_logs
from harness.counted import counted
from harness.errors import HostUnfitError, UsageError
from harness.model.stored.documents import ConsumerDocument
from harness.plain import plain
from harness.processes.line_process import ChildFailedError, LineProcess, module_command
from harness.run.trials.said import said

if TYPE_CHECKING:
    from harness.verbs.shared.top_progress import ListeningProgress

READY_TIMEOUT_S = 10.0
RESULT_TIMEOUT_S = 30.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the kernel recorded during `elapsed_s`; `interrupted` if Ctrl-C ended it early."""

    sums: LogSums
    cautions: tuple[str, ...]
    elapsed_s: float
    interrupted: bool


def from_files(
    files: Sequence[str],
    kinds: Sequence[str],
    progress: Progress,
    *,
    shapes: bool,
    as_aureport: bool,
) -> LogSums:
    """The sums of files; raises UsageError for an unreadable one, or where none has a record."""
    sums = LogSums(
        [kind for kind in kinds if kind != "rule"], with_shapes=shapes, as_aureport=as_aureport
    )
    read_files(files, sums, progress)
    return sums


def read_files(files: Sequence[str], sums: LogSums, progress: Progress) -> None:
    """Take all these files; raises UsageError for an unreadable one, or where none has a record."""
    try:
        read_logs(files, sums, progress)
        sums.check()
    except ConsumerError as error:
        raise UsageError(plain(error.line)) from None


def from_kernel(
    kinds: Sequence[str],
    duration_s: float,
    progress: ListeningProgress,
    *,
    unicast: bool,
    shapes: bool,
    as_aureport: bool,
) -> Heard:
    """The sums of the kernel's records for a time.

    The consumer writes it into a pipe as lines of audit.log. Rules and settings stay as they are.
    """
    reading, writing = os.pipe()
    try:
        command = module_command(
            *("consumer", "--mode", "unicast" if unicast else "multicast", "--control"),
            *("--depth", "store", "--store", f"/dev/fd/{writing}", "--duration", str(duration_s)),
        )
        with LineProcess("consumer", command, pass_fds=[writing]) as process:
            os.close(writing)
            writing = -1
            process.expect("ready", timeout_s=READY_TIMEOUT_S)
            sums = LogSums(
                [kind for kind in kinds if kind != "rule"],
                with_shapes=shapes,
                own_pid=process.pid,
                as_aureport=as_aureport,
            )
            progress.begin()
            interrupted = _listen(process, sums, reading, progress)
            result = process.expect("result", timeout_s=RESULT_TIMEOUT_S)
            received = said("consumer", result, ConsumerDocument)
    except ChildFailedError as error:
        raise HostUnfitError(error.what) from None
    except TimeoutError as error:
        raise HostUnfitError(str(error), remedy="is the machine overloaded? try again") from None
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)
    elapsed_s = received.elapsed_ns / 1e9
    cautions = _cautions(sums, received.socket_drops or 0)
    if interrupted:
        cautions.insert(0, f"stopped by Ctrl-C after {elapsed_s:.1f} of {duration_s:g} s")
    return Heard(sums, tuple(cautions), elapsed_s, interrupted)


def _listen(process: LineProcess, sums: LogSums, reading: int, progress: ListeningProgress) -> bool:
    """Until the consumer closes the pipe; Ctrl-C ends it early, and then this is true."""
    asked: list[str] = []

    def interrupted() -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append("stop")
        process.send("stop")

    sums.take_descriptor("the kernel", reading, lambda: progress(sums.reader.records), interrupted)
    return bool(asked)


def _cautions(sums: LogSums, drops: int) -> list[str]:
    cautions = []
    if sums.reader.own_records:
        cautions.append(
            f"{counted(sums.reader.own_records, 'record is', 'records are')} about auditbench "
            "itself, joining and leaving (EVENT_LISTENER)"
        )
    if drops:
        cautions.append(
            f"the kernel dropped {counted(drops, 'record')} that did not fit the socket buffer"
        )
    if not sums.reader.records:
        cautions.append(
            "no records arrived: audit is off, or no rule matched (`auditbench status`)"
        )
    return cautions
