"""One run of the consumer from options to the result document."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from consumer import measure
from consumer.control import Control, print_line
from consumer.errors import HostUnfitError, UsageError
from consumer.event.assemble import Assembler
from consumer.host import capture_metadata, native_arch
from consumer.receiving import receive
from consumer.receiving.pipeline import Pipeline
from consumer.receiving.source import Source

if TYPE_CHECKING:
    from consumer.arguments import Options
    from consumer.output.capture import CaptureWriter
    from consumer.output.store import LineStore
    from consumer.text.render import Follower

SCHEMA = "auditbench.consumer/1"


class Run:
    """The parts of one run, built in an order in which failures leave no trace."""

    def __init__(self, options: Options) -> None:
        self.options = options
        _pin(options.cpus)
        self.store = _open_store(options)
        self.capture = _open_capture(options)
        self.follower = _follower(options)
        self.source = Source(options)
        self.control = Control(commanded=options.control)
        self.pipeline = Pipeline(
            options.depth,
            marker=options.marker.encode(),
            assembler=Assembler(excluded_types=options.excluded_types),
            store=self.store,
            capture=self.capture,
        )
        self.receiver = receive.Receiver(
            self.source.socket.fileno(),
            self.pipeline,
            batch=options.batch,
            control_fds=self.control.descriptors(),
            check_senders=self.source.check_senders,
            empty_ends=not self.source.is_netlink,
            rcvbuf_bytes=self.source.rcvbuf_bytes,
        )
        self.markers_told = 0

    def execute(self) -> None:
        """Receive until something ends it, then print the result."""
        self.control.install()
        self.source.start()
        try:
            started = measure.now()
            drops = self.receiver.socket_drops()
            if self.options.control:
                print_line({"event": "ready", "pid": os.getpid(), "portid": self.source.portid})
            reason = self._receive(started.monotonic_ns)
        finally:
            self.source.stop()
        if reason != receive.LIMIT:
            self.source.drain(self.receiver, self._after_batch)
        self._close_files()
        used = measure.used_between(started, measure.now())
        drops = self.receiver.socket_drops() - drops if self.source.is_netlink else 0
        self._report(used, drops)
        self.source.close()

    def _receive(self, started_ns: int) -> int:
        """Receive until something ends it, and return the reason."""
        deadline_ns = started_ns + self.options.duration_ns if self.options.duration_ns else 0
        while not self.control.stopped:
            reason = self.receiver.run(
                deadline_ns=deadline_ns,
                limit=self.options.records,
                one_batch=self.follower is not None,
            )
            self._after_batch()
            if reason == receive.CONTROL:
                self._obey()
            elif reason == receive.FAILED:
                raise HostUnfitError(
                    f"receiving failed ({os.strerror(self.receiver.error)})",
                    "look at dmesg, and that nobody closed the socket",
                )
            elif reason in (receive.DEADLINE, receive.END, receive.LIMIT):
                return reason
        return receive.CONTROL

    def _obey(self) -> None:
        for words in self.control.commands():
            match words:
                case ["stop"]:
                    self.control.stopped = True
                case ["counters"]:
                    print_line({"event": "counters", **self._counters()})
                case ["tree", pid] if pid.isdecimal() and 0 < int(pid) < 1 << 22:
                    self.pipeline.assembler.follow_tree(int(pid))
                case _:
                    print_line({"event": "unknown", "command": " ".join(words)})

    def _after_batch(self) -> None:
        """Report the results of the last batches: markers, followed events, failed writes."""
        if self.options.control:
            for number in self.pipeline.marker_numbers(self.markers_told):
                print_line({"event": "marker", "k": number})
                self.markers_told += 1
        if self.follower is not None:
            for record_type, text in self.receiver.batch_records():
                for event in self.follower.take(record_type, text):
                    print_line(event)
        for file in (self.store, self.capture):
            if file is not None and file.out.error:
                raise HostUnfitError(
                    f"writing failed ({os.strerror(file.out.error)})", "free some disk space"
                )

    def _close_files(self) -> None:
        for file in (self.store, self.capture):
            if file is not None:
                file.out.flush()
        self._after_batch()

    def _counters(self) -> dict[str, Any]:
        counters: dict[str, Any] = self.pipeline.counters(native_arch())
        return counters

    def _report(self, used: dict[str, int], drops: int) -> None:
        if self.follower is not None:
            for event in self.follower.finish():
                print_line(event)
        counters = self.pipeline.finish(native_arch())
        result = {
            "schema": SCHEMA,
            "mode": self.options.mode,
            "depth": self.options.depth,
            "rcvbuf_bytes": self.source.rcvbuf_bytes,
            "no_enobufs": self.options.no_enobufs,
            "pid": os.getpid(),
            "portid": self.source.portid,
            **used,
            "batches": self.receiver.batches,
            "enobufs": self.receiver.enobufs,
            "socket_drops": drops,
            "rcvbuf_high_bytes": self.receiver.high_bytes,
            "stored_bytes": self.store.out.written if self.store is not None else 0,
            **counters,
        }
        lines = self.options.control or self.options.follow
        print_line({"event": "result", **result} if lines else result)


def _pin(cpus: frozenset[int]) -> None:
    allowed = os.sched_getaffinity(0)
    if not cpus <= allowed:
        missing = ",".join(map(str, sorted(cpus - allowed)))
        choices = ",".join(map(str, sorted(allowed)))
        raise HostUnfitError(f"no CPU {missing} to run on", f"choose from {choices}")
    if cpus:
        os.sched_setaffinity(0, cpus)


def _open_store(options: Options) -> LineStore | None:
    if options.store is None:
        return None
    from consumer.output.store import LineStore  # noqa: PLC0415 - only this depth needs it

    try:
        return LineStore(options.store)
    except OSError as error:
        raise UsageError(f"--store {options.store}: {error.strerror}", "name another") from None


def _open_capture(options: Options) -> CaptureWriter | None:
    if options.capture is None:
        return None
    from consumer.output.capture import CaptureWriter  # noqa: PLC0415 - only --capture needs it

    metadata = {**capture_metadata(), "created": int(time.time())}
    try:
        return CaptureWriter(options.capture, metadata)
    except OSError as error:
        raise UsageError(f"--capture {options.capture}: {error.strerror}", "name another") from None


def _follower(options: Options) -> Follower | None:
    if not options.follow:
        return None
    from consumer.text.render import Follower  # noqa: PLC0415 - only --follow needs it

    return Follower()
