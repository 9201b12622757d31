"""Runs as users name them: a label stands for one of several runs, so it is said for which."""

from __future__ import annotations

from pathlib import Path


def named_run(words: str, results: Path) -> Path:
    """The folder of the run that `words` name; UsageError if there is none."""
    from harness.plain import plain
    from harness.store import find_run
    from harness.verbs.shared.output import err

    folder = find_run(words, results)
    if words.startswith("@"):
        found = folder.resolve()
        name = f"{found.parent.name}/{found.name}"
        err().print(plain(f"{words} is {name}"), markup=False, soft_wrap=True)
    return folder
