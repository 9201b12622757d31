"""The kernel's process-event connector: executions reported without audit, without arguments.

It reports which process executed something, but neither what nor whether it was refused: the
least that a consumer of executions can cost. It reports no calls other than executions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.consumers.base import ConsumerAbsentError, ConsumerReport, ConsumerSetup
from harness.consumers.foreign.probe_lines import own_count
from harness.consumers.foreign.running import await_rest
from harness.consumers.foreign.usage import Usage
from harness.host.kernel import read_kernel_facts
from harness.host.tree import HostTree
from harness.processes.line_process import LineProcess, module_command

NAME = "process-events"
ANSWER_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 60.0


class _Running:
    """One listener that the kernel sends to."""

    def __init__(self, process: LineProcess) -> None:
        self._process = process
        self._usage = Usage({process.pid: NAME})

    @property
    def pids(self) -> tuple[int, ...]:
        return (self._process.pid,)

    def attribute_tree(self, pid: int) -> None:
        self._process.send(f"tree {pid}")
        self._process.expect("following", timeout_s=ANSWER_TIMEOUT_S)

    def look(self) -> None:
        """Check that it lives; there is no output that could have an age."""
        if self._process.poll() is not None:
            # Its last message, and then that it has ended.
            self._process.expect("its end", timeout_s=ANSWER_TIMEOUT_S)

    def wait_marker(self, number: int, timeout_s: float) -> bool:
        """Wait until it rests: there are no markers in this stream."""
        return await_rest(self._usage, timeout_s, while_waiting=self.look)

    def stop(self) -> ConsumerReport:
        used = self._usage.used()
        self._process.send("stop")
        counts = self._process.expect("result", timeout_s=STOP_TIMEOUT_S)
        self.end()
        return ConsumerReport(
            cpu_user_ns=used.user_ns,
            cpu_system_ns=used.system_ns,
            document=_document(counts),
            cpu_by_process=used.by_process,
            peak_memory_bytes=used.peak_memory_bytes,
        )

    def end(self) -> None:
        self._process.end()


class ProcessEventsConsumer:
    """A listener of the connector, in a process of its own."""

    name = NAME
    summary = "the kernel's process events, without audit: executions, but not what was executed"
    sees_events = True
    registers = False
    changes = ""
    by_tree = True

    def find(self, binary: Path | None, tree: HostTree | None = None) -> None:
        """Check that the kernel was built with process events; the listener is auditbench's own."""
        if read_kernel_facts(tree or HostTree()).config.get("CONFIG_PROC_EVENTS") == "n":
            raise ConsumerAbsentError(
                f"this kernel reports no process events, so {NAME} cannot run",
                remedy="boot one with CONFIG_PROC_EVENTS",
            )

    def start(self, setup: ConsumerSetup) -> _Running:
        """Start it and wait until the kernel has accepted it."""
        cpus = ",".join(map(str, setup.cpus))
        module = "harness.host.exec_counting.exec_listener"
        command = module_command(module, *(["--cpu", cpus] if cpus else []))
        process = LineProcess(NAME, command)
        try:
            process.expect("ready", timeout_s=ANSWER_TIMEOUT_S)
        except BaseException:
            process.end()
            raise
        return _Running(process)


def _document(counts: dict[str, Any]) -> dict[str, Any]:
    """The document; a lost message shows as a gap only when a later one comes, a drop at once."""
    document = own_count({"execve": counts["execs"]}, max(counts["missed"], counts["drops"]))
    document["own_count"] |= {"forks": counts["forks"], "messages": counts["messages"]}
    return document
