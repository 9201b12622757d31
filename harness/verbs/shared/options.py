"""The options that every measuring verb shares: what to measure, and how to carry it out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import UsageError
from harness.verbs.shared.parameters import RESULTS, Flag, ResultsFolder, Words

if TYPE_CHECKING:
    from rich.console import Console

    from harness.run.plan.plan import Request
    from harness.run.runner import Observer
    from harness.run.session import SessionOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The load, how often it is measured, and the consumers that receive the events.

    Parameters
    ----------
    workload
        Workloads to run instead of the plan's.
    consumer
        Consumers to receive the events instead of the plan's (`auditbench list consumers`).
    consumer_path
        The program of a consumer that is not on the PATH, such as `go-audit=/opt/go-audit`.
    no_ladder
        Leave out the rising rates that a plan measures after its blocks.
    ignore_lock
        Leave out `-e 2` and `-f 2` of the rule files and measure the rest.
    blocks
        Measured blocks; one warm-up block is added.
    fast
        Fewer blocks; about two minutes with the default plan.
    rigorous
        Many blocks, for small differences.
    ops
        Operations per trial.
    workers
        Processes that share the operations of a trial.
    rate
        Open loop: start this many operations per second, whether or not the last one has ended.
        Default: as fast as possible.
    seed
        Make the order of trials repeatable.
    margin
        The relative difference that does not matter: `2%`, or for one metric `elapsed=3%`.
    until_ci
        Go on until every 95 % interval is this narrow: `1%` is plus and minus 1 %.
    max_time
        Stop after this long: `90s`, `10m`, `1h`.
    auid
        The login uid of the load: `auto` (under which most rules can match; the default), `keep`
        the caller's, a number, or `unset`.
    program
        The program that `shells` starts instead of `/bin/sh -c :`.
    address
        The address that `udp` connects to; loopback if not given.
    interface
        The network interface that `udp` uses.
    netns
        The network namespace that `udp` runs in.
    busy_ns
        Extra work, in ns, that the load does after each operation.
    n
        The size of `osquery-stress`: n·2^n shells and connects.
    """

    workload: Words = None
    consumer: Words = None
    consumer_path: Words = None
    no_ladder: Flag = False
    ignore_lock: Flag = False
    blocks: int | None = None
    fast: Flag = False
    rigorous: Flag = False
    ops: int | None = None
    workers: int | None = None
    rate: float | None = None
    seed: int | None = None
    margin: Words = None
    until_ci: str | None = None
    max_time: str | None = None
    auid: str | None = None
    program: str | None = None
    address: str | None = None
    interface: str | None = None
    netns: str | None = None
    busy_ns: int | None = None
    n: Annotated[int | None, Parameter(name="-n")] = None

    def request(
        self,
        plan: str,
        *,
        scenarios: tuple[str, ...] = (),
        rule_files: tuple[Path, ...] = (),
        exclude_exe: str | None = None,
        command: tuple[str, ...] = (),
    ) -> Request:
        """What the command line asks for; UsageError where it contradicts itself."""
        from harness.run.plan.plan import Request

        if self.fast and self.rigorous:
            raise UsageError(
                "--fast and --rigorous contradict each other", remedy="give one of them"
            )
        return Request(
            plan=plan,
            workloads=tuple(self.workload or ()),
            scenarios=scenarios,
            consumers=tuple(self.consumer or ()),
            ladder=not self.no_ladder,
            consumer_paths=_paths_by_name(self.consumer_path or ()),
            rule_files=rule_files,
            exclude_exe=exclude_exe,
            ignore_lock=self.ignore_lock,
            blocks=self.blocks,
            pace="fast" if self.fast else "rigorous" if self.rigorous else "default",
            ops=self.ops,
            workers=self.workers,
            rate_per_s=self.rate,
            seed=self.seed,
            margins=tuple(self.margin or ()),
            until_ci=self.until_ci,
            max_time=self.max_time,
            auid=self.auid,
            workload_options=self._workload_options(),
            command=command,
        )

    def _workload_options(self) -> dict[str, str]:
        names = ("program", "address", "interface", "netns", "busy_ns", "n")
        values = {name: getattr(self, name) for name in names}
        return {name: str(value) for name, value in values.items() if value is not None}


def _paths_by_name(words: Iterable[str]) -> dict[str, Path]:
    """`NAME=PATH` words; UsageError for a bad pair or a missing program."""
    paths: dict[str, Path] = {}
    for word in words:
        name, equal, path = word.partition("=")
        if not equal or not name or not path:
            raise UsageError(
                f"--consumer-path {word} is not NAME=PATH", remedy="e.g. go-audit=/opt/go-audit"
            )
        if not os.access(path, os.X_OK) or Path(path).is_dir():
            raise UsageError(f"--consumer-path {word}: no program is there", remedy="look there")
        paths[name] = Path(path).resolve()
    return paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How a run is carried out, as opposed to what it measures.

    Parameters
    ----------
    cpus
        CPUs to run on, such as `workload=0,consumer=1`; `none` leaves it to the kernel.
    borrow
        Ask a running audit daemon to stop, and start it again afterwards.
    wait
        Wait for another run on this host to end instead of refusing.
    label
        The run's name in `auditbench history`, such as a commit; if not given, the versions of
        auditbench and kernel.
    no_live
        Print plain progress lines, even on a terminal.
    """

    cpus: str | None = None
    borrow: Flag = False
    wait: Flag = False
    results: ResultsFolder = RESULTS
    label: str = ""
    no_live: Flag = False

    def options(self, console: Console) -> SessionOptions:
        """The session's options; what it has to say goes to `console`."""
        from harness.run.session import SessionOptions

        return SessionOptions(
            results=self.results,
            cpus=self.cpus,
            borrow=self.borrow,
            wait=self.wait,
            argv=tuple(sys.argv),
            label=self.label,
            say=lambda text: console.print(text, markup=False),
        )

    def observer(self, console: Console) -> Observer:
        """The progress display, on `console`."""
        from harness.verbs.shared.progress import make_observer

        return make_observer(console, no_live=self.no_live)
