"""`auditbench record`: a capture of real records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE

Words = Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)]


def record_verb(
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    workload: Words = None,
    rules: Path | None = None,
    ops: int | None = None,
    borrow: Annotated[bool, Parameter(negative="")] = False,
    json: Annotated[bool, Parameter(negative="")] = False,
    command: Annotated[tuple[str, ...], Parameter(parse=False)] = (),
) -> int:
    """Record audit records from the live kernel to a capture file, for the plan `replay`.

    Parameters
    ----------
    output
        The file to write; compressed if its name ends in .gz.
    workload
        The workloads to record, one after the other; `shells` and `udp` if not given.
    rules
        A rule file to record under instead of the scenario `rules`.
    ops
        Operations of each workload.
    borrow
        Ask a running audit daemon to stop, and start it again afterwards.
    json
        Print one JSON document instead of a line.
    command
        What follows `--`: a command to record instead of a workload.
    """
    from harness.run.plan import Request
    from harness.run.record import record_capture
    from harness.verbs.output import err, out, print_json

    request = Request(
        workloads=tuple(workload or ()),
        scenarios=() if rules else ("rules",),
        rule_files=(rules,) if rules else (),
        pace="fast",
        ops=ops,
        command=command,
    )
    console = err()
    recorded = record_capture(
        request, output, borrow=borrow, say=lambda text: console.print(text, markup=False)
    )
    if json:
        print_json({"schema": "auditbench.record/1", "path": str(output), **recorded.document})
    else:
        out().print(
            f"{recorded.document['records']:,} records, {recorded.bytes:,} bytes in {output}",
            markup=False,
            soft_wrap=True,
        )
    return EXIT_FINE
