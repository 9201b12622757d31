"""A plan as written in TOML, with everything it may contain. docs/plans.md shows one.

The file is read and checked here; `harness.run.plan.plan` combines it with the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from harness import renamed
from harness.errors import UsageError
from harness.files.caller import why
from harness.files.reading import read_text, toml_of
from harness.model.question import Question
from harness.model.reference import DEFAULT_MARGIN
from harness.model.run import Scenario
from harness.model.state import AuditLimits
from harness.model.stored.published import Published
from harness.model.stored.soak import Soak
from harness.run.request import OutputForm
from harness.scenarios.catalog import PLANS, plan_path

Kind = Literal["kernel", "replay"]
AUTO = "auto"
"""The login uid under which most rules can match."""
WorkerNumbers = Annotated[
    list[Annotated[int, msgspec.Meta(ge=1, lt=2**16)]], msgspec.Meta(min_length=1)
]
Rate = Annotated[int, msgspec.Meta(gt=0, le=10**9)]
Percent = Annotated[float, msgspec.Meta(gt=0, le=100)]
Margin = Annotated[float, msgspec.Meta(gt=0, lt=1)]


class BlockCounts(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The number of blocks that count (the warm-up is added) at each pace."""

    default: int = 20
    fast: int = 8
    rigorous: int = 40


class Limits(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[invalid]` of a plan: limits of disturbance above which a trial is not used; None: no limit.

    Percent of the trial's duration: time stolen from all CPUs, time in which tasks waited (PSI).
    `slowdown_percent` is of the CPU's full speed.
    """

    steal_percent: Percent | None = None
    pressure_cpu_percent: Percent | None = None
    pressure_memory_percent: Percent | None = None
    pressure_io_percent: Percent | None = None
    slowdown_percent: Annotated[float, msgspec.Meta(gt=0, le=1000)] | None = None
    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    """How often a trial above a limit is repeated immediately."""

    def given(self) -> dict[str, float]:
        """The limits that are set, by metric."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        values.pop("retries")
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class CellKnobs(AuditLimits):
    """One `[[cells]]` of a plan: a scenario under a name of its own, with other limits.

    None leaves the scenario's value.
    """

    name: str
    scenario: str
    consumer: str | None = None
    rcvbuf_bytes: Annotated[int, msgspec.Meta(ge=4096, lt=2**30)] | None = None
    enobufs: bool = False
    rate_per_s: Rate | None = None
    stop_after_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    stop_for_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    workloads: list[str] = field(default_factory=list)
    """The only workloads to measure it with; empty is all of the plan's."""
    options: dict[str, str | int] = field(default_factory=dict)
    """Options of the workload, as on its command line, without the dashes."""

    def workload_options(self) -> dict[str, str]:
        """The same, by the names in the workloads' catalog."""
        return {name.replace("-", "_"): str(value) for name, value in self.options.items()}

    def is_for(self, workload: str) -> bool:
        """Whether it is measured with this workload."""
        return not self.workloads or workload in self.workloads

    def bind(self, scenario: Scenario) -> Scenario:
        """The scenario under this cell's name, with its knobs."""
        other = ("scenario", "options", "workloads")
        wanted = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in other}
        return replace(
            scenario,
            workload_options=self.workload_options(),
            limited_by_plan=any(value is not None for value in self.given().values()),
            **{name: value for name, value in wanted.items() if value is not None},
        )


class VictimKnobs(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[victim]` of a plan: an innocent load in a session of its own beside the noisy one.

    It starts `rate_per_s` operations per second for `seconds` in each trial.
    """

    workload: str
    rate_per_s: Rate = 1000
    seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 3.0


class OwnConsumerKnobs(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One `[[own_consumers]]` of a plan: a program that no adapter of auditbench knows, by its
    command; or `NAME@LABEL`, a build of a consumer, by its program.
    """

    name: str
    command: str = ""
    program: str = ""
    output: str = "-"
    form: OutputForm | None = None
    mapping: dict[str, str] = {}


class PlanFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A plan as written in TOML."""

    summary: str
    workloads: list[str]
    scenarios: list[str] = []
    consumers: tuple[str, ...] = ("assemble",)
    kind: Kind = "kernel"
    question: Question = "cost"
    """What its answer is to."""
    reference: str | None = None
    reference_consumer: str | None = None
    aa_cell: bool = False
    """Whether the reference is measured a second time in every block."""
    first: list[str] = []
    blocks: BlockCounts = BlockCounts()
    ops: dict[str, int] = {}
    margin: Margin = DEFAULT_MARGIN
    margins: dict[str, Margin] = {}
    invalid: Limits = Limits()
    backwards: bool = False
    """Each block's order back to front: with the same seed, whether the order matters."""
    workers: int | WorkerNumbers | Literal["cpus"] = 1
    """One number, or several to compare; `cpus` is 1, 2, 4 … up to the CPUs of the load."""
    auid: str = AUTO
    cells: list[CellKnobs] = []
    victim: VictimKnobs | None = None
    soak: Soak | None = None
    """One long trial per cell instead of blocks."""
    published: tuple[Published, ...] = ()
    """What others found, each redone by a cell of the plan."""
    own_consumers: list[OwnConsumerKnobs] = []


def _text(name: str, path: Path) -> str:
    """Read a built-in plan directly, a plan of the user with the user's rights."""
    return path.read_text(encoding="utf-8") if name in PLANS else read_text(path, named=True)


def _refuse_gone(written: Mapping[str, Any], path: Path) -> None:
    """UsageError for a part that plans no longer have."""
    for word, remedy in renamed.GONE_KEYS.items():
        if word in written:
            raise UsageError(f"{path}: [{word}] is not measured any more", remedy=remedy)


def _refuse_unknown_knobs(written: Mapping[str, Any]) -> None:
    """ValueError for a word that no cell has, in a plan that is one otherwise."""
    known = {each.name for each in fields(CellKnobs)}
    for place, cell in enumerate(written.get("cells", ())):
        for word in sorted(cell.keys() - known):
            raise ValueError(f"Object contains unknown field `{word}` - at `$.cells[{place}]`")


def load_plan_file(name: str) -> PlanFile:
    """Read a built-in plan or a plan file; UsageError if it is not a plan."""
    path = plan_path(name)
    try:
        written = renamed.plan_file(toml_of(_text(name, path)))
        _refuse_gone(written, path)
        plan = msgspec.convert(written, PlanFile)
        _refuse_unknown_knobs(written)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({why(error)})") from None
    except RecursionError:
        raise UsageError(
            f"{path} is not a plan: it is nested too deep", remedy="docs/plans.md shows one"
        ) from None
    except ValueError as error:
        raise UsageError(
            f"{path} is not a plan: {error}", remedy="docs/plans.md shows one"
        ) from None
    names = [*plan.scenarios, *(cell.name for cell in plan.cells)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UsageError(
            f"{path} has two scenarios or cells called {min(twice)!r}",
            remedy="give each a name of its own",
        )
    return plan
