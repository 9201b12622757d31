"""`auditbench remove`: delete stored runs, or kept kernels."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, UsageError
from harness.verbs.shared.parameters import RESULTS, Flag, Json, ResultsFolder, To, Words

if TYPE_CHECKING:
    from harness.verbs.shared.forms import Forms

KeptKernels = Annotated[Words, Parameter(name="--kernel")]


def remove_verb(
    *runs: str,
    kernel: KeptKernels = (),
    yes: Flag = False,
    to: To = None,
    json: Json = False,
    results: ResultsFolder = RESULTS,
) -> int:
    """Remove stored runs, or kernels that `count` keeps, after a question.

    Parameters
    ----------
    runs
        Runs: a name, `latest`, `latest~1` for the one before, `@LABEL` for the newest with that
        label; each in the folder of results.
    kernel
        Kept kernels instead of runs, each by version or release; `all` for every one.
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
    if kernel:
        if runs:
            raise UsageError("runs and kernels are removed one after the other",
                             remedy="leave out one of them")  # fmt: skip
        return _remove_kernels(kernel, forms, yes=yes)
    if not runs:
        raise UsageError("no run to remove", remedy="name one: `auditbench list runs`")
    # All are found before one is removed: `latest` would be another run then.
    found = [named_run(run, results) for run in runs]
    folders = list({folder.resolve(): folder for folder in found}.values())
    for folder in folders:
        require_removable(folder, results)
    if not yes and not _agreed(list(map(str, folders)), counted(len(folders), "run")):
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


def _remove_kernels(words: Sequence[str], forms: Forms, *, yes: bool) -> int:
    from harness.counted import counted
    from harness.guest.kernels.kept import find_kept, remove_kept
    from harness.plain import plain
    from harness.verbs.shared.output import out

    found = find_kept(words)
    files = [kernel.package.file for kernel in found]
    if not yes and not _agreed(files, counted(len(found), "kernel")):
        return EXIT_INTERRUPTED
    for kernel in found:
        remove_kept(kernel)
    lines = "\n".join(plain(f"removed {file}") for file in files)
    forms.deliver(
        lambda: out().print(lines, markup=False, soft_wrap=True),
        lambda: {
            "schema": "auditbench.remove/1",
            "kernels": [{"file": k.package.file, "size_bytes": k.size_bytes} for k in found],
        },
    )
    return EXIT_FINE


def _agreed(names: Sequence[str], what: str) -> bool:
    """Whether the user says yes on a terminal; UsageError where there is none to ask on."""
    from harness.plain import plain
    from harness.verbs.shared.output import err

    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here", remedy="give --yes to remove without asking")
    for name in names:
        err().print(plain(name), markup=False, soft_wrap=True)
    err().print(f"Remove {what}? [y/N] ", markup=False, end="")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
