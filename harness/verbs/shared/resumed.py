"""`--resume`: what made a run that was stopped, from the command line that is stored with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import CycloptsError

from harness.errors import UsageError
from harness.run.request import (
    Conduct,
    Load,
    ProfileOptions,
    Request,
    Subject,
    VictimOptions,
    plan_named,
)

if TYPE_CHECKING:
    from harness.run.lifecycle.resume import Past
    from harness.store import StoredRun


def resumed_request(words: str, conduct: Conduct) -> tuple[Request, Past]:
    """The request of the run that `words` name, to be carried out as `conduct` says, and the run.

    UsageError where it is whole, was not made by `auditbench run`, or others may have changed it:
    its stored command line is carried out.
    """
    given, command, past = resumed_arguments("run", words, conduct)
    victim = given.get("victim", VictimOptions())
    asked = Request(
        plan=plan_named(given.get("plan"), victim),
        subject=given.get("subject", Subject()),
        load=given.get("load", Load()),
        victim=victim,
        profile=given.get("profile", ProfileOptions()),
        duration=given.get("duration"),
        command=tuple(command),
        conduct=given.get("conduct", Conduct()),
    )
    load = replace(asked.load, seed=past.stored.plan.seed)
    return replace(asked, load=load, conduct=replace(conduct, cpus=asked.conduct.cpus)), past


def resumed_search(
    verb: str, words: str, asked: Mapping[str, object], conduct: Conduct
) -> tuple[dict[str, Any], Conduct, Past]:
    """What a search that was stopped was asked, and the run; UsageError if else is asked for now.

    `asked` are the parameters of the verb by name, as they are without options.
    """
    from harness.verbs.shared.mistakes import given_options, listed

    beside = [word for each in asked.values() for word in given_options(each)]
    beside += given_options(conduct, ("label", "cpus", "dry_run"))
    if beside:
        raise UsageError(
            "--resume goes on with a search as it was asked for",
            remedy=f"leave out {listed(beside)}",
        )
    given, _, past = resumed_arguments(verb, words, conduct)
    cpus = given.get("conduct", Conduct()).cpus
    found = {name: given.get(name, default) for name, default in asked.items()}
    return found, replace(conduct, cpus=cpus), past


def resumed_arguments(
    verb: str, words: str, conduct: Conduct
) -> tuple[dict[str, Any], list[str], Past]:
    """What the verb that made a run was given, the command after `--`, and the run."""
    from harness.run.lifecycle.resume import Past, require_unfinished
    from harness.store import SAMPLES, load_run
    from harness.verbs.shared.naming import named_run

    folder = named_run(words, conduct.results).resolve()
    if not (folder / SAMPLES).is_file():
        raise UsageError(f"{folder} was kept for others", remedy="make a new run")
    _require_own(folder)
    stored = load_run(folder)
    past = Past(stored)
    require_unfinished(past)
    return *_arguments(stored, verb), past


def _require_own(folder: Path) -> None:
    from harness.files.caller import why
    from harness.files.trusted import who_else_writes
    from harness.store import ENVIRONMENT, PLAN, SAMPLES

    for path in (folder.parent, folder, *(folder / name for name in (PLAN, ENVIRONMENT, SAMPLES))):
        try:
            others = who_else_writes(path)
        except OSError as error:
            raise UsageError(f"{path} cannot be read ({why(error)})") from None
        if others:
            raise UsageError(
                f"{folder} cannot be resumed: {others}",
                remedy="only what nobody else can change is carried out: chown or chmod it",
            )


def _arguments(stored: StoredRun, verb: str) -> tuple[dict[str, Any], list[str]]:
    """What the command line stored with a run gave, and the command after `--`."""
    from harness.cli import DELIMITER, app

    words = list(stored.environment.argv[1:])
    ours, command = words, []
    if DELIMITER in words:
        at = words.index(DELIMITER)
        ours, command = words[:at], words[at + 1 :]
    if ours[:1] != [verb] or any(word.startswith("--resume") for word in ours):
        raise UsageError(
            f"{stored.name} was not made by `auditbench {verb}`",
            remedy="run, size and capacity resume their own; gate, ab and tests measure from the "
            "start: repeat that command",
        )
    try:
        _, bound, _ = app.parse_args(ours, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise UsageError(
            f"{stored.name} was made by a command line that is none now ({error})",
            remedy="make a new run",
        ) from None
    return dict(bound.arguments), command
