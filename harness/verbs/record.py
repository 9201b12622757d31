"""`auditbench record`: a capture of real records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.counted import counted
from harness.errors import EXIT_FINE
from harness.verbs.shared.display import say_on
from harness.verbs.shared.parameters import Flag, Json, To, Words


def record_verb(
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    workload: Words = (),
    rules: Path | None = None,
    ops: int | None = None,
    borrow: Flag = False,
    to: To = None,
    json: Json = False,
    command: Annotated[tuple[str, ...], Parameter(parse=False)] = (),
) -> int:
    """Save audit records of the live kernel to a capture file, for the plan `replay`.

    Parameters
    ----------
    output
        The file to write; compressed if its name ends in .gz.
    workload
        The workloads to record, one after the other; `shells` and `udp` if not given.
    rules
        A rule file to record under instead of the scenario `rules`.
    ops
        Operations per workload.
    borrow
        Ask a running audit daemon to stop, and start it again afterwards.
    to
        Write a summary of the recording as json=FILE, or print it as json.
    command
        After `--`: a command to record instead of a workload.
    """
    from harness.run.record import record_capture
    from harness.run.request import Conduct, Load, Request, Subject
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import err, out

    forms = Forms(("json",), to, json=json)
    request = Request(
        subject=Subject(rule_files=(rules,)) if rules else Subject(scenarios=("rules",)),
        load=Load(workloads=workload, fast=True, ops=ops),
        command=command,
        conduct=Conduct(borrow=borrow),
    )
    recorded = record_capture(request, output, say_on(err()))
    words = f"{counted(recorded.records, 'record')}, {counted(recorded.bytes, 'byte')} in {output}"
    forms.deliver(
        lambda: out().print(words, markup=False, soft_wrap=True),
        lambda: {"schema": "auditbench.record/1", "path": str(output), **recorded.document},
    )
    return EXIT_FINE
