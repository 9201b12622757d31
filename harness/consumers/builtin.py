"""The built-in consumer (`python -m consumer`) in its modes and depths."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from harness.consumers.base import ConsumerReport, ConsumerSetup
from harness.consumers.foreign.output_age import OutputAge
from harness.processes.line_process import LineProcess, module_command

READY_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 60.0


class _Running:
    """One `python -m consumer --control`."""

    def __init__(self, process: LineProcess, scratch: Path | None) -> None:
        self._process = process
        self._scratch = scratch
        self._age = OutputAge(scratch) if scratch is not None else None
        self._markers: set[int] = set()

    @property
    def pids(self) -> tuple[int, ...]:
        return (self._process.pid,)

    def attribute_tree(self, pid: int) -> None:
        self._process.send(f"tree {pid}")
        # Commands are handled in order: the answer to this one shows that the tree is known.
        self._process.send("counters")
        self._process.expect("counters", timeout_s=READY_TIMEOUT_S)

    def look(self) -> None:
        if self._age is not None:
            self._age.look()

    def wait_marker(self, number: int, timeout_s: float) -> bool:
        while number not in self._markers:
            try:
                marker = self._process.expect("marker", timeout_s=timeout_s)
            except TimeoutError:
                return False
            self._markers.add(int(marker["k"]))
        return True

    def stop(self) -> ConsumerReport:
        self._process.send("stop")
        document = self._process.expect("result", timeout_s=STOP_TIMEOUT_S)
        self.end()
        return ConsumerReport(
            cpu_user_ns=document["cpu_user_ns"],
            cpu_system_ns=document["cpu_system_ns"],
            document=document,
            cpu_by_process={"consumer": document["cpu_user_ns"] + document["cpu_system_ns"]},
            peak_memory_bytes=document["max_rss_bytes"],
            written_bytes=document["stored_bytes"] if self._age is not None else None,
            delays_ms=tuple(self._age.ages_ms) if self._age is not None else (),
            delays_at_ns=tuple(self._age.at_ns) if self._age is not None else (),
        )

    def end(self) -> None:
        self._process.end()
        if self._scratch is not None:
            with contextlib.suppress(FileNotFoundError):
                self._scratch.unlink()


class BuiltinConsumer:
    """The built-in consumer in one mode (`unicast`, `multicast`) at one depth."""

    def __init__(self, name: str, summary: str, *, mode: str, depth: str) -> None:
        self.name = name
        self.summary = summary
        self.mode = mode
        self.depth = depth
        self.sees_events = depth in ("assemble", "store")
        self.registers = mode == "unicast"
        self.changes = ""
        self.by_tree = False

    def find(self, binary: Path | None) -> None:
        """Return None: it is part of auditbench."""

    def start(self, setup: ConsumerSetup) -> _Running:
        """Start it and wait until the kernel has accepted it."""
        scratch = self._scratch(setup)
        command = module_command("consumer", *self.words(setup, scratch))
        handed = () if setup.capture is None else (setup.capture,)
        process = LineProcess("consumer", command, pass_fds=handed)
        try:
            process.expect("ready", timeout_s=READY_TIMEOUT_S)
        except BaseException:
            process.end()
            raise
        return _Running(process, scratch)

    def _scratch(self, setup: ConsumerSetup) -> Path | None:
        if self.depth != "store":
            return None
        assert setup.folder is not None
        handle, name = tempfile.mkstemp(prefix="auditbench-store-", dir=setup.folder)
        os.close(handle)
        return Path(name)

    def words(self, setup: ConsumerSetup, scratch: Path | None = None) -> list[str]:
        """The command line of `python -m consumer`; `scratch` is the file of depth `store`."""
        options: dict[str, object] = {
            "--mode": self.mode,
            "--depth": self.depth,
            "--marker": setup.marker,
            "--rcvbuf": setup.rcvbuf_bytes,
            "--store": scratch,
            "--capture": None if setup.capture is None else f"/dev/fd/{setup.capture}",
            "--cpu": ",".join(map(str, setup.cpus)) or None,
            "--excluded-types": ",".join(map(str, setup.excluded_types)) or None,
        }
        words = [
            word
            for option, value in options.items()
            if value is not None
            for word in (option, str(value))
        ]
        if setup.enobufs:
            words.append("--enobufs")
        return ["--control", *words]
