"""A request to measure, said once: by the command line, by a test, by a script.

Each field is an option: its type, its default, its words of help, and, where that is not the
field's name, what it is called on the command line. A verb takes `Subject`, `Load` and `Conduct` as
they are; nothing copies them field by field. `harness.run.plan.plan` makes the plan of a request.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter, Token

from harness.errors import UsageError
from harness.model.options import (
    COMPARED,
    CONSUMING,
    HOST,
    LOAD,
    OUTPUT,
    PRECISION,
    RESULTS,
    RESULTS_VARIABLE,
    Flag,
)
from harness.model.stored.plan import Instrument
from harness.run import choices

DEFAULT_PLAN = "overhead"
VICTIM_PLAN = "victim"
"""The plan of a run that names a victim and no plan."""


OutputForm = Literal["log", "go-audit", "laurel", "json-lines"]
"""The forms in which a program of the user's own may write events."""
Pace = Literal["fast", "default", "rigorous"]
Words = Annotated[tuple[str, ...], Parameter(negative="", consume_multiple=1, show_default=False)]
Paths = Annotated[tuple[Path, ...], Parameter(negative="", consume_multiple=1, show_default=False)]

# Of more than one verb, or of a verb that takes a part of a request; each declared once.
Scenarios = Annotated[
    Words, Parameter(name="--scenario", group=COMPARED, completer=lambda _: choices.scenarios())
]
RuleFiles = Annotated[Paths, Parameter(name="--rules", group=COMPARED)]
Kernels = Annotated[Words, Parameter(name="--kernel", group=COMPARED)]
Workloads = Annotated[
    Words, Parameter(name="--workload", group=LOAD, completer=lambda _: choices.loads())
]
VictimName = Annotated[
    str | None, Parameter(name="--victim", completer=lambda _: choices.victims())
]
Consumers = Annotated[
    Words, Parameter(name="--consumer", group=CONSUMING, completer=lambda _: choices.consumers())
]
ConsumerPackages = Annotated[Words, Parameter(name="--consumer-package", group=CONSUMING)]
ConsumerCommands = Annotated[Words, Parameter(name="--consumer-command", group=CONSUMING)]
ConsumerOutput = Annotated[str | None, Parameter(group=CONSUMING, allow_leading_hyphen=True)]
ConsumerForm = Annotated[OutputForm | None, Parameter(group=CONSUMING)]
ConsumerMapping = Annotated[str | None, Parameter(group=CONSUMING)]
ExcludeExe = Annotated[str | None, Parameter(name="--exclude-exe", group=COMPARED)]
OfRules = Annotated[Flag, Parameter(group=COMPARED)]
"""A flag about how rule files are read."""
Label = Annotated[str, Parameter(group=OUTPUT, show_default=False)]
ResultsFolder = Annotated[
    Path,
    Parameter(group=OUTPUT, env_var=RESULTS_VARIABLE, help="The folder that runs are stored in."),
]


def _read_paths(_: Any, tokens: Iterable[Token]) -> dict[str, Path]:
    """`NAME=PATH` words; UsageError for a bad pair."""
    paths: dict[str, Path] = {}
    for word in (token.value for token in tokens):
        name, equal, path = word.partition("=")
        if not equal or not name or not path:
            raise UsageError(
                f"--consumer-path {word} is not NAME=PATH", remedy="e.g. go-audit=/opt/go-audit"
            )
        paths[name] = Path(path).resolve()
    return paths


PathsByName = Annotated[
    Mapping[str, Path],
    Parameter(
        negative="",
        consume_multiple=1,
        show_default=False,
        accepts_keys=False,
        n_tokens=-1,
        converter=_read_paths,
    ),
]


@Parameter(group=COMPARED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is compared; empty is what the plan names."""

    scenarios: Scenarios = ()
    """Scenarios to measure instead of the plan's; the reference is always measured."""
    rule_files: RuleFiles = ()
    """Rule files in auditctl's syntax, or folders as augenrules merges them; each becomes a
    scenario.
    """
    exclude_exe: ExcludeExe = None
    """The program that the exclusion scenarios exclude, in whose place the load then runs; the
    load generator if not given.
    """


@Parameter(group=LOAD)
@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadOptions:
    """Options that only some workloads take."""

    program: str | None = None
    """The program that `shells` starts instead of `/bin/sh -c :`."""
    address: str | None = None
    """The address that `udp` connects to; loopback if not given."""
    interface: str | None = None
    """The network interface that `udp` uses."""
    netns: str | None = None
    """The network namespace that `udp` runs in."""
    busy_ns: int | None = None
    """Extra work, in ns, that the load does after each operation."""
    n: Annotated[int | None, Parameter(name="-n")] = None
    """The size of `osquery-stress`: n·2^n shells and connects."""
    others: Annotated[Mapping[str, str], Parameter(parse=False)] = field(default_factory=dict)
    """The same and further ones, by their names in the workloads' catalog."""

    def given(self) -> dict[str, str]:
        """All that are given, by name, as words for the workload."""
        names = (each.name for each in fields(self) if each.name != "others")
        values = {name: getattr(self, name) for name in names}
        named = {name: str(value) for name, value in values.items() if value is not None}
        return {**self.others, **named}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """The consumers under test, and where those that are the user's own are found."""

    consumers: Consumers = ()
    """The programs that receive the events (`auditbench list consumers`); `assemble` if not given.
    """
    consumer_paths: Annotated[PathsByName, Parameter(name="--consumer-path", group=CONSUMING)] = (
        field(default_factory=dict)
    )
    """The program of a consumer that is not on the PATH, such as `go-audit=/opt/go-audit`."""
    consumer_commands: ConsumerCommands = ()
    """The command of a consumer of your own, such as './mine --config x'; NAME=COMMAND gives it
    another name than that of its program.
    """
    consumer_output: ConsumerOutput = None
    """The file that it writes, in its working directory, which is new in each trial; `-` is its
    standard output, and the default.
    """
    consumer_form: ConsumerForm = None
    """The form of that file; recognized if not given."""
    consumer_mapping: ConsumerMapping = None
    """Where in the JSON lines of the file serial, time and record types stand, such as
    `serial=seq,time=ts,type=type`.
    """

    def load(self, **others: Any) -> Load:
        """The same consumers under a load; `others` are what else is said of it."""
        own = {each.name: getattr(self, each.name) for each in fields(Receiving)}
        return Load(**own, **others)


@Parameter(group=LOAD)
@dataclass(frozen=True, slots=True, kw_only=True)
class Load(Receiving):
    """The load, how often it is measured, and the consumers that receive the events.

    Empty and None are left to the plan.
    """

    workloads: Workloads = ()
    """Workloads to run instead of the plan's."""
    consumers: Consumers = ()
    """Consumers to receive the events instead of the plan's (`auditbench list consumers`);
    NAME@LABEL=PATH is one of several builds, compared with the first.
    """
    consumer_packages: ConsumerPackages = ()
    """With `--count`: the package of a consumer, a .deb or one such as `trixie/auditd`, and further
    ones that it needs; NAME@LABEL=PACKAGE gives one to a single build.
    """
    ignore_lock: OfRules = False
    """Leave out `-e 2` and `-f 2` of the rule files and measure the rest."""
    skip_missing: OfRules = False
    """Leave out lines of the rule files that cannot be loaded here, because this host lacks their
    path or account.
    """
    allow_failures: Flag = False
    """Go on when the command after `--` fails."""
    blocks: Annotated[int | None, Parameter(group=PRECISION)] = None
    """Measured blocks; one warm-up block is added."""
    fast: Annotated[Flag, Parameter(group=PRECISION)] = False
    """Fewer blocks; about two minutes with the default plan."""
    rigorous: Annotated[Flag, Parameter(group=PRECISION)] = False
    """Many blocks, for small differences."""
    ops: int | None = None
    """Operations per trial."""
    workers: int | None = None
    """Processes that share the operations of a trial."""
    rate_per_s: Annotated[
        float | None,
        Parameter(
            name="--rate",
            help="Open loop: start this many operations per second, whether or not the last one "
            "has ended. Default: as fast as possible.",
        ),
    ] = None
    seed: Annotated[int | None, Parameter(group=PRECISION)] = None
    """Make the order of trials repeatable."""
    margins: Annotated[Words, Parameter(name="--margin", group=PRECISION)] = ()
    """The relative difference that does not matter: `2%`, or for one metric `elapsed=3%`."""
    until_ci: Annotated[str | None, Parameter(group=PRECISION)] = None
    """Go on until every 95 % interval is this narrow: `1%` is plus and minus 1 %."""
    max_time: Annotated[str | None, Parameter(group=PRECISION)] = None
    """Stop after this long: `90s`, `10m`, `1h`."""
    auid: str | None = None
    """The login uid of the load: `auto` (under which most rules can match; the default), `keep`
    the caller's, a number, or `unset`.
    """
    workload_options: Annotated[WorkloadOptions, Parameter(name="*")] = field(
        default_factory=WorkloadOptions
    )

    @property
    def pace(self) -> Pace:
        """How many blocks are wanted where no number is given; UsageError for two answers."""
        if self.fast and self.rigorous:
            raise UsageError(
                "--fast and --rigorous contradict each other", remedy="give one of them"
            )
        return "fast" if self.fast else "rigorous" if self.rigorous else "default"


@Parameter(group=COMPARED)
@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """Whether instructions are counted instead of times measured, and under which kernels."""

    count: Flag = False
    """Count instructions in an emulated guest instead of measuring times: no root, and this host's
    audit is left alone.
    """
    kernels: Kernels = ()
    """With `--count`, or where coverage is asked for: the kernels, as for `auditbench count`."""


@Parameter(group=LOAD)
@dataclass(frozen=True, slots=True, kw_only=True)
class VictimOptions:
    """An innocent load beside the noisy one."""

    workload: VictimName = None
    """A workload to run beside the noisy one, at a fixed rate and in a session of its own: its
    latency is measured alone, beside the noisy load without audit, and beside it with audit.
    """
    rate_per_s: Annotated[float | None, Parameter(name="--victim-rate")] = None
    """Its operations per second; 1,000 if the plan has no other."""


@Parameter(group=OUTPUT)
@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOptions:
    """Whether kernel stacks are sampled, and of which cells."""

    profile: Flag = False
    """After the measured trials, sample the kernel's stacks in further ones: where load, kauditd
    and consumer spend their time. Of the first cell with rules and of its reference.
    """
    cells: Annotated[Words, Parameter(name="--profile-cell")] = ()
    """The same of this cell, such as udp/rules, or of two, the second told against the first."""

    @property
    def wanted(self) -> bool:
        """Whether any cell is to be sampled."""
        return self.profile or bool(self.cells)


@Parameter(group=HOST)
@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How a run is carried out, as opposed to what it measures."""

    cpus: str | None = None
    """CPUs to run on, such as `workload=0,consumer=1`; `none` leaves it to the kernel."""
    borrow: Flag = False
    """Ask a running audit daemon to stop, and start it again afterwards."""
    dry_run: Flag = False
    """Change and measure nothing: print cells, rules, changes to the host, seed and duration."""
    wait: Flag = False
    """Wait for another run on this host to end instead of refusing."""
    results: ResultsFolder = RESULTS
    """The folder that runs are stored in."""
    label: Label = ""
    """A name for the run, such as a commit: `@NAME` wherever a run may be named."""
    argv: Annotated[tuple[str, ...], Parameter(parse=False)] = field(
        default_factory=lambda: tuple(sys.argv)
    )
    """The command that asks for it, as it is stored with the run."""


def plan_named(plan: str | None, victim: VictimOptions) -> str:
    """The plan that is meant where a command line may name none."""
    return plan or (DEFAULT_PLAN if victim.workload is None else VICTIM_PLAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request: a plan, what of it is measured and with which load, and how it is carried out."""

    plan: str = DEFAULT_PLAN
    """A built-in plan, or a .toml file."""
    subject: Subject = Subject()
    load: Load = field(default_factory=Load)
    victim: VictimOptions = VictimOptions()
    profile: ProfileOptions = ProfileOptions()
    duration: str | None = None
    """How long the one trial of each cell of a soak lasts."""
    command: tuple[str, ...] = ()
    """A command to measure as the workload."""
    instrument: Instrument = "timed"
    """Counted runs are made in a guest: what this host lacks is no fault of a rule file."""
    conduct: Conduct = field(default_factory=Conduct)
    fallback: str | None = None
    """The plan to run if audit is not available on this host."""
