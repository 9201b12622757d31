"""`auditbench restore`: give the host's audit state back by hand."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE


def restore_verb(*, json: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Give the host's audit state back after a crash that even the guard did not survive.

    Parameters
    ----------
    json
        Print one JSON document instead of lines.
    """
    from harness.files.scratch import remove_abandoned
    from harness.kernel.lease import restore
    from harness.reporters.plain import plain
    from harness.verbs.output import out, print_json

    repaired = [*restore(), *remove_abandoned()]
    if json:
        print_json({"schema": "auditbench.restore/1", "repaired": repaired})
    else:
        words = repaired or ["nothing to give back: no run of this boot left its state behind"]
        out().print("\n".join(map(plain, words)), markup=False, soft_wrap=True)
    return EXIT_FINE
