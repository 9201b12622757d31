"""`auditbench run`: measure."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNTRUSTWORTHY, UsageError

Flag = Annotated[bool, Parameter(negative="")]
Words = Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)]


def run_verb(
    plan: str | None = None,
    /,
    *,
    workload: Words = None,
    scenario: Words = None,
    consumer: Words = None,
    rules: Annotated[list[Path] | None, Parameter(negative="", consume_multiple=True)] = None,
    exclude_exe: str | None = None,
    ignore_lock: Flag = False,
    blocks: int | None = None,
    fast: Flag = False,
    rigorous: Flag = False,
    ops: int | None = None,
    workers: int | None = None,
    cpus: str | None = None,
    seed: int | None = None,
    auid: str | None = None,
    program: str | None = None,
    address: str | None = None,
    interface: str | None = None,
    netns: str | None = None,
    n: Annotated[int | None, Parameter(name="-n")] = None,
    borrow: Flag = False,
    wait: Flag = False,
    fallback: str | None = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("results"),
    json: Flag = False,
    command: Annotated[tuple[str, ...], Parameter(parse=False)] = (),
) -> int:
    """Measure what audit costs here: a plan, rule files, or a command of yours after `--`.

    Parameters
    ----------
    plan
        A built-in plan (`auditbench list plans`) or a .toml file; `overhead` if none is named.
    workload
        Workloads to press the machine with instead of the plan's.
    scenario
        Scenarios to measure instead of the plan's; the reference is always measured.
    consumer
        Consumers to receive the events instead of the plan's.
    rules
        Rule files in auditctl's syntax; each becomes a scenario.
    exclude_exe
        The program that the exclusion scenarios exclude; the load generator if not given.
    ignore_lock
        Leave out `-e 2` and `-f 2` of the rule files and measure the rest.
    blocks
        How many times every cell is measured, after one warm-up.
    fast
        About a minute.
    rigorous
        Many blocks, for small differences.
    ops
        Operations per trial.
    workers
        Processes that share the operations of a trial.
    cpus
        Where things run, as `workload=0,consumer=1`; `none` leaves it to the kernel.
    seed
        Makes the order of trials repeatable.
    auid
        The login uid of the load: `keep` the caller's, a number, or `unset`.
    program
        What `shells` starts instead of `/bin/sh -c :`.
    address
        Where `udp` connects to; loopback if not given.
    interface
        The network interface that `udp` uses.
    netns
        The network namespace that `udp` runs in.
    n
        The size of `osquery-stress`: n·2^n shells and connects.
    borrow
        Ask a running audit daemon to stop, and start it again afterwards.
    wait
        Wait for another run on this host to end instead of refusing.
    fallback
        The plan to run where this host's audit cannot be had.
    output
        The folder that runs are stored in.
    json
        Print one JSON document instead of tables.
    command
        What follows `--`: the command to measure as the workload.
    """
    from harness.run.plan import Request
    from harness.run.session import SessionOptions, run_with_fallback
    from harness.verbs.output import err
    from harness.verbs.progress import make_observer
    from harness.verbs.show import show_run

    if fast and rigorous:
        raise UsageError("--fast and --rigorous contradict each other", remedy="give one of them")
    request = Request(
        plan=plan or "overhead",
        workloads=tuple(workload or ()),
        scenarios=tuple(scenario or ()),
        consumers=tuple(consumer or ()),
        rule_files=tuple(rules or ()),
        exclude_exe=exclude_exe,
        ignore_lock=ignore_lock,
        blocks=blocks,
        pace="fast" if fast else "rigorous" if rigorous else "default",
        ops=ops,
        workers=workers,
        seed=seed,
        auid=auid,
        workload_options={
            name: str(value)
            for name, value in {
                "program": program,
                "address": address,
                "interface": interface,
                "netns": netns,
                "n": n,
            }.items()
            if value is not None
        },
        command=command,
    )
    console = err()
    options = SessionOptions(
        results=output,
        cpus=cpus,
        borrow=borrow,
        wait=wait,
        argv=tuple(sys.argv),
        say=lambda text: console.print(text, markup=False),
    )
    outcome = run_with_fallback(request, fallback, options, make_observer(console))
    trustworthy = show_run(outcome.folder, as_json=json)
    console.print(f"stored in {outcome.folder}", markup=False, soft_wrap=True)
    if outcome.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_FINE if trustworthy else EXIT_UNTRUSTWORTHY
