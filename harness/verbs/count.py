"""`auditbench count`: instructions in a guest, under any kernel, without root."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from harness.model.options import CONSUMING, LOAD
from harness.run import choices
from harness.run.request import (
    DEFAULT_PLAN,
    Conduct,
    ConsumerCommands,
    ConsumerForm,
    ConsumerMapping,
    ConsumerOutput,
    ConsumerPackages,
    Counting,
    ExcludeExe,
    Kernels,
    Label,
    Load,
    OfRules,
    Request,
    RuleFiles,
    Scenarios,
    Subject,
    Words,
)
from harness.verbs.shared.display import say_on, tell_end
from harness.verbs.shared.parameters import RESULTS, Flag, Json, PlanName, ResultsFolder, To

CountedWorkloads = Annotated[
    Words,
    Parameter(name="--workload", group=LOAD, completer=lambda _: choices.counted_workloads()),
]
CountedConsumers = Annotated[
    Words,
    Parameter(name="--consumer", group=CONSUMING, completer=lambda _: choices.counted_consumers()),
]


def count_verb(
    plan: PlanName = None,
    /,
    *,
    kernel: Kernels = (),
    rules: RuleFiles = (),
    scenario: Scenarios = (),
    exclude_exe: ExcludeExe = None,
    workload: CountedWorkloads = (),
    consumer: CountedConsumers = (),
    consumer_package: ConsumerPackages = (),
    consumer_command: ConsumerCommands = (),
    consumer_output: ConsumerOutput = None,
    consumer_form: ConsumerForm = None,
    consumer_mapping: ConsumerMapping = None,
    ignore_lock: OfRules = False,
    skip_missing: OfRules = False,
    label: Label = "",
    dry_run: Flag = False,
    to: To = None,
    json: Json = False,
    results: ResultsFolder = RESULTS,
) -> int:
    """Count instructions in an emulated guest: any kernel, no root, this host's audit untouched.

    Parameters
    ----------
    plan
        A built-in plan (`auditbench list plans`) or a .toml file; `overhead` if none is named.
    kernel
        Kernels, each a version that this distribution serves such as `6.1`, a Debian release and a
        version such as `trixie-backports/6.18`, either behind `arm64/` for a guest of aarch64, a
        .deb, a .rpm, a bzImage or Image, or `host`; the one that this distribution installs if not
        given.
    rules
        Rule files in auditctl's syntax, or folders as augenrules merges them; each becomes a
        scenario.
    scenario
        Scenarios to count instead of the plan's; the reference is always counted.
    exclude_exe
        A program to exclude, by its whole path: each rule file is counted without and with that
        exclusion, and the load runs as this program.
    workload
        The loads: `syscalls`, `connect`, `udp`, `files`, `shells`, `mixed`; if none is named,
        `syscalls` and those of the plan.
    consumer
        Who receives the events: `assemble`, which is the default, or a daemon from its package,
        `auditd`, `auditd-enriched` or `auditd-laurel`; NAME@LABEL=PACKAGE is one of several builds,
        and NAME@LABEL=PATH one of a program.
    consumer_package
        The package of a daemon, a .deb or one such as `trixie/auditd`, and further ones that it
        needs; NAME@LABEL=PACKAGE gives one to a single daemon.
    consumer_command
        The command of a compiled consumer of your own, such as './mine --config x'; NAME=COMMAND
        gives it another name than that of its program.
    consumer_output
        The file that it writes, in its working directory; `-` is its standard output, and the
        default.
    consumer_form
        The form of that file; recognized if not given.
    consumer_mapping
        Where in the JSON lines of the file serial, time and record types stand, such as
        `serial=seq,time=ts,type=type`.
    ignore_lock
        Leave out `-e 2` and `-f 2` of the rule files and count the rest.
    skip_missing
        Leave out lines of the rule files that name accounts which this host lacks.
    label
        The run's name, such as a commit.
    dry_run
        Fetch, start and count nothing: print kernels, cells, rules and duration.
    to
        Write the run as FORM=FILE, or print it as FORM; may be given several times: json, md, csv,
        junit, parquet.
    """
    request = Request(
        plan=plan or DEFAULT_PLAN,
        subject=Subject(scenarios=scenario, rule_files=rules, exclude_exe=exclude_exe),
        load=Load(
            workloads=workload,
            consumers=consumer,
            consumer_packages=consumer_package,
            consumer_commands=consumer_command,
            consumer_output=consumer_output,
            consumer_form=consumer_form,
            consumer_mapping=consumer_mapping,
            ignore_lock=ignore_lock,
            skip_missing=skip_missing,
        ),
        conduct=Conduct(results=results, label=label, dry_run=dry_run),
    )
    return count_and_show(request, Counting(count=True, kernels=kernel), to, json=json)


def count_and_show(
    request: Request, counting: Counting, to: list[str] | None, *, json: bool
) -> int:
    """Count, store and print, or say what would be counted; the exit code."""
    from harness.run.counting import count_request
    from harness.verbs.shared.dry_run import show_count_preview
    from harness.verbs.shared.output import err
    from harness.verbs.show import run_forms, show_run

    if request.conduct.dry_run:
        return show_count_preview(request, counting, to, json=json)
    forms = run_forms(to, json=json, counted=True)
    console = err()
    outcome = count_request(request, counting, say_on(console))
    trustworthy = show_run(outcome.folder, forms)
    return tell_end(console, outcome, trustworthy=trustworthy)
