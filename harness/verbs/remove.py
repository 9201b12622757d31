"""`auditbench remove`: delete stored runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, UsageError
from harness.verbs.shared.parameters import RESULTS, Flag, Json, ResultsFolder, To


def remove_verb(
    *runs: str,
    yes: Flag = False,
    to: To = None,
    json: Json = False,
    results: ResultsFolder = RESULTS,
) -> int:
    """Remove stored runs, after a question.

    Parameters
    ----------
    runs
        Runs: a name, `latest`, `latest~1` for the one before, `@LABEL` for the newest with that
        label; each in the folder of results.
    yes
        Ask nothing.
    to
        Write what was removed as json=FILE, or print it as json.
    """
    from harness.counted import counted
    from harness.plain import plain
    from harness.store.remove import remove_run, require_removable
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.naming import named_run
    from harness.verbs.shared.output import out

    forms = Forms(("json",), to, json=json)
    if not runs:
        raise UsageError("no run to remove", remedy="name one: `auditbench list runs`")
    # All are found before one is removed: `latest` would be another run then.
    found = [named_run(run, results) for run in runs]
    folders = list({folder.resolve(): folder for folder in found}.values())
    for folder in folders:
        require_removable(folder, results)
    if not yes and not _agreed(folders):
        return EXIT_INTERRUPTED
    removed = [remove_run(folder, results) for folder in folders]
    lines = [f"removed {each.folder}" for each in removed if not each.left]
    lines += [
        f"removed the run of {each.folder}; {counted(len(each.left), 'other file')} there stay"
        for each in removed
        if each.left
    ]
    forms.deliver(
        lambda: out().print("\n".join(map(plain, lines)), markup=False, soft_wrap=True),
        lambda: {
            "schema": "auditbench.remove/1",
            "removed": [{"folder": str(e.folder), "left": list(e.left)} for e in removed],
        },
    )
    return EXIT_FINE


def _agreed(folders: Sequence[Path]) -> bool:
    """Whether the user says yes on a terminal; UsageError where there is none to ask on."""
    from harness.counted import counted
    from harness.plain import plain
    from harness.verbs.shared.output import err

    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here", remedy="give --yes to remove without asking")
    for folder in folders:
        err().print(plain(str(folder)), markup=False, soft_wrap=True)
    err().print(f"Remove {counted(len(folders), 'run')}? [y/N] ", markup=False, end="")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
