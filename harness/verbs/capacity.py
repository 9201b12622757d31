"""`auditbench capacity`: how much rules and consumers can take."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import UsageError
from harness.model.options import COMPARED, CONSUMING, LOAD, PRECISION
from harness.run.request import (
    Conduct,
    Load,
    OutputForm,
    PathsByName,
    Request,
    RuleFiles,
    Subject,
    Words,
    Workloads,
)
from harness.verbs.shared.display import Display, say_on, tell_end
from harness.verbs.shared.parameters import Flag, Json, To

if TYPE_CHECKING:
    from harness.run.lifecycle.resume import Past
    from harness.run.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """The consumers under test."""

    consumers: Annotated[Words, Parameter(name="--consumer", group=CONSUMING)] = ()
    """The programs that receive the events, one after the other: `auditbench list consumers`;
    `assemble` if not given.
    """
    consumer_paths: Annotated[PathsByName, Parameter(name="--consumer-path", group=CONSUMING)] = (
        field(default_factory=dict)
    )
    """The program of a consumer that is not on the PATH, such as `go-audit=/opt/go-audit`."""
    consumer_commands: Annotated[Words, Parameter(name="--consumer-command", group=CONSUMING)] = ()
    """The command of a consumer of your own, such as './mine --config x'; NAME=COMMAND gives it
    another name than that of its program.
    """
    consumer_output: Annotated[
        str | None, Parameter(group=CONSUMING, allow_leading_hyphen=True)
    ] = None
    """The file that it writes; `-` is its standard output, and the default."""
    consumer_form: Annotated[OutputForm | None, Parameter(group=CONSUMING)] = None
    """The form of that file; recognized if not given."""
    consumer_mapping: Annotated[str | None, Parameter(group=CONSUMING)] = None
    """Where in its JSON lines serial, time and record types stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked: the rules, the load, and what is tried beside the rates."""

    rules: RuleFiles = ()
    """Rule files in auditctl's syntax, or folders of them; osquery's rules if none is given."""
    ignore_lock: Annotated[Flag, Parameter(group=COMPARED)] = False
    """Leave out `-e 2` and `-f 2` of the rule files."""
    skip_missing: Annotated[Flag, Parameter(group=COMPARED)] = False
    """Leave out lines of the rule files that cannot be loaded here."""
    workload: Workloads = ()
    """The load: `auditbench list workloads`; `connect` if not given."""
    workers: Annotated[int | None, Parameter(group=LOAD)] = None
    """Processes that share the operations."""
    backlog: Annotated[int | None, Parameter(group=COMPARED)] = None
    """The kernel's backlog in records; that of the rules if not given, else 8,192. Bursts, pauses
    and recovery depend on it, the rates do not.
    """
    confirm: Annotated[str | None, Parameter(group=PRECISION)] = None
    """Try the two rates once more, each for so long, such as 60s."""


def capacity_verb(
    *,
    asked: Annotated[Asked, Parameter(name="*")] = Asked(),
    receiving: Annotated[Receiving, Parameter(name="*")] = Receiving(),
    conduct: Annotated[Conduct, Parameter(name="*")] = Conduct(),  # noqa: B008
    display: Annotated[Display, Parameter(name="*")] = Display(),  # noqa: B008
    resume: str | None = None,
    to: To = None,
    json: Json = False,
) -> int:
    """Find how much rules and consumers can take: lost at one rate, none at another, and the limit.

    Parameters
    ----------
    asked
        What is asked.
    receiving
        The consumers.
    conduct
        Options of every measuring verb.
    display
        Options of every measuring verb.
    resume
        Go on with this search, which was stopped, as it was asked for. Takes no other option of
        what is measured.
    to
        Write the answer as FORM=FILE, or print it as FORM; may be given several times: json, md.
    """
    from harness.run.session import run_session
    from harness.verbs.shared.dry_run import show_preview
    from harness.verbs.shared.output import err
    from harness.verbs.show import answer_forms, show_capacity

    past, seed = None, None
    if resume is not None:
        asked, receiving, conduct, past = _resumed(resume, asked, receiving, conduct)
        seed = past.stored.plan.seed
    plan = _plan(asked, receiving, conduct, seed)
    if conduct.dry_run:
        return show_preview(plan, conduct, to, json=json)
    forms, console = answer_forms(to, json=json), err()
    outcome = run_session(plan, conduct, display.observer(console), say_on(console), past)
    trustworthy = show_capacity(outcome.folder, forms)
    words = f"`auditbench capacity --resume {outcome.folder}` goes on with it"
    return tell_end(console, outcome, trustworthy=trustworthy, goes_on=words)


def _plan(asked: Asked, receiving: Receiving, conduct: Conduct, seed: int | None) -> Plan:
    from harness.answers.quantities import parse_duration_s
    from harness.run.capacity.plan import capacity_plan

    load = Load(
        workloads=asked.workload,
        consumers=receiving.consumers,
        consumer_paths=receiving.consumer_paths,
        consumer_commands=receiving.consumer_commands,
        consumer_output=receiving.consumer_output,
        consumer_form=receiving.consumer_form,
        consumer_mapping=receiving.consumer_mapping,
        workers=asked.workers,
        ignore_lock=asked.ignore_lock,
        skip_missing=asked.skip_missing,
        seed=seed,
    )
    request = Request(subject=Subject(rule_files=asked.rules), load=load, conduct=conduct)
    retrial_s = 0.0 if asked.confirm is None else parse_duration_s("--confirm", asked.confirm)
    return capacity_plan(request, backlog=asked.backlog, retrial_s=retrial_s)


def _resumed(
    words: str, asked: Asked, receiving: Receiving, conduct: Conduct
) -> tuple[Asked, Receiving, Conduct, Past]:
    """What a search that was stopped was asked; UsageError if anything else is asked for."""
    from harness.verbs.shared.mistakes import given_options, listed
    from harness.verbs.shared.resumed import resumed_arguments

    beside = [*given_options(asked), *given_options(receiving)]
    beside += given_options(conduct, ("label", "cpus", "dry_run"))
    if beside:
        raise UsageError(
            "--resume goes on with a search as it was asked for",
            remedy=f"leave out {listed(beside)}",
        )
    given, _, past = resumed_arguments("capacity", words, conduct)
    cpus = given.get("conduct", Conduct()).cpus
    return (
        given.get("asked", asked),
        given.get("receiving", receiving),
        replace(conduct, cpus=cpus),
        past,
    )
