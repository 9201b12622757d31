"""What some rule files no longer record of what another does: one guest per kernel for all of them.

What can be known to be wrong is said when a question is made, what takes a kernel when those are
found, and the rest takes a minute.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.answers.compare.count import find_kernel_name
from harness.answers.gate import GateRules
from harness.errors import UsageError, one_of
from harness.guest.boot import GuestFailedError, emulator_version
from harness.guest.kernels.images import KernelImage, find_kernels, require_native
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.model.cover import Coverage, Covered, RuleAt
from harness.model.gate import BlindCheck, Limit
from harness.model.rules.coverage_change import ChangedOperation, CoverageChange
from harness.renamed import hint
from harness.run.count import counted_plan
from harness.run.gate import only_needed
from harness.run.lifecycle.borrow import Say
from harness.run.lifecycle.signals import stop_signals
from harness.run.request import Load, Request
from harness.run.rules.cover import cover_under

RuleFiles = Mapping[str, Sequence[LoadedRule]]
"""The rules of each file, by what a verb calls the file; the first is BASE."""


@dataclass(slots=True)
class CoverageQuestion:
    """Rule files to hold against the first, under kernels that are named as `--kernel` does.

    Raises UsageError for kernels of another machine; nothing is fetched yet.
    """

    files: RuleFiles
    kernels: tuple[str, ...]
    _images: Mapping[str, KernelImage] = field(default_factory=dict)
    _emulator: str = ""

    def __post_init__(self) -> None:
        require_native(
            self.kernels, remedy="name one such as 6.12, or with ab --count add --no-cover"
        )

    def find(self) -> tuple[str, ...]:
        """Find the emulator and the kernels; the names of these.

        UsageError without an emulator, HostUnfitError where a kernel cannot be had.
        """
        self._emulator = emulator_version()
        self._images = find_kernels(self.kernels)
        return tuple(self._images)

    def ask(self, say: Say) -> Iterator[CoverageChange]:
        """Each file but the first against it, under each kernel that was found.

        A guest that fails is a doubt of that kernel's.
        """
        base, *heads = self.files
        with stop_signals():
            for kernel, image in self._images.items():
                try:
                    found = cover_under(list(self.files.values()), image, self._emulator, say)
                except GuestFailedError as error:
                    # What was measured before is not lost for that.
                    changes = [_unknown(error.what)] * len(heads)
                else:
                    changes = [change_in(found, place) for place in range(1, len(self.files))]
                for head, change in zip(heads, changes, strict=True):
                    yield replace(change, kernel=kernel, base=base, head=head)


def scenario_files(request: Request, reference: str | None) -> dict[str, str]:
    """The rule files of a request, by the names of the scenarios that are made of them."""
    load = request.load
    read = Load(ignore_lock=load.ignore_lock, skip_missing=load.skip_missing)
    asked = replace(request, load=read, command=())
    plan = counted_plan(only_needed(asked, GateRules((), reference)))
    scenarios = (each for group in plan.scenarios.values() for each in group)
    return {each.name: each.file for each in scenarios if each.file}


def gated_files(limits: Sequence[Limit], reference: str | None, names: Sequence[str]) -> list[str]:
    """The rule files that limits on coverage need, the reference first.

    UsageError where a limit or the reference is about anything else; a kernel may be named too.
    """
    first = limits[0].text
    if reference is None or reference not in names:
        given = f"--reference {reference}" if reference else "no --reference"
        raise UsageError(
            f"--fail {first!r} compares two rule files, and {given} is one of them",
            remedy="give --rules BASE HEAD --reference BASE",
        )
    heads = [name for name in names if name != reference]
    for limit in limits:
        _require_files(limit, heads)
    chosen = {name for limit in limits for name in _heads_of(limit, heads)}
    return [reference, *(name for name in heads if name in chosen)]


def _require_files(limit: Limit, heads: Sequence[str]) -> None:
    if not heads:
        raise UsageError(
            f"--fail {limit.text!r} compares two rule files, and there is one",
            remedy="give --rules BASE HEAD --reference BASE",
        )
    for name in limit.scope:
        if name not in heads and not name[0].isdigit():
            raise UsageError(
                f"--fail {limit.text!r}: {name!r} is no rule file beside the reference",
                remedy=hint(name) or one_of(name, heads),
            )


def _heads_of(limit: Limit, heads: Sequence[str]) -> list[str]:
    named = [name for name in limit.scope if name in heads]
    return named or list(heads)


def require_kernels(
    limits: Sequence[Limit], heads: Collection[str], kernels: Sequence[str]
) -> None:
    """UsageError where a limit names what is neither one of these rule files nor of the kernels."""
    for limit in limits:
        for name in limit.scope:
            if name not in heads and find_kernel_name(name, kernels) is None:
                raise UsageError(
                    f"--fail {limit.text!r}: there is no kernel {name!r} here",
                    remedy=one_of(name, kernels),
                )


def blind_checks(
    limits: Sequence[Limit], changes: Sequence[CoverageChange]
) -> tuple[BlindCheck, ...]:
    """Each limit on each change that it is for."""
    kernels = list(dict.fromkeys(change.kernel for change in changes))
    return tuple(
        BlindCheck(limit, change)
        for limit in limits
        for change in changes
        if all(
            name == change.head or find_kernel_name(name, kernels) == change.kernel
            for name in limit.scope
        )
    )


def _unknown(doubt: str) -> CoverageChange:
    """The change where nothing could be found out."""
    return CoverageChange("", "", "", recorded=0, lost=(), gained=(), doubts=(doubt,))


def change_in(coverage: Coverage, head: int) -> CoverageChange:
    """The file at a place against the first of a coverage."""
    pairs = [replace(row, seen=(row.seen[0], row.seen[head])) for row in coverage.rows]
    turned = [replace(row, seen=row.seen[::-1]) for row in pairs]
    rules = (coverage.rules[0], coverage.rules[head])
    doubts = () if coverage.trustworthy else tuple(
        caution.what for caution in coverage.cautions if caution.name in ("lost", "not-made")
    )  # fmt: skip
    return CoverageChange(
        kernel=coverage.guest.kernel,
        base=coverage.files[0],
        head=coverage.files[head],
        recorded=len({(row.operation, row.entry) for row in pairs if row.seen[0].is_recorded}),
        lost=tuple(_changed(pairs, *rules)),
        gained=tuple(_changed(turned, *rules[::-1])),
        doubts=doubts,
        cautions=coverage.cautions,
    )


def _changed(
    rows: Sequence[Covered], before: Sequence[RuleAt], after: Sequence[RuleAt]
) -> Iterator[ChangedOperation]:
    """What the first of two answers says is recorded, and the second not.

    What could not be made under the second file is no loss.
    """
    ways: dict[tuple[str, str], list[Covered]] = {}
    for row in rows:
        if row.is_blinded and row.seen[-1].verdict != "not-made":
            ways.setdefault((row.operation, row.entry), []).append(row)
    groups: dict[tuple[str, tuple[str, ...]], list[Covered]] = {}
    for (operation, _), found in ways.items():
        logins = tuple(row.login for row in found)
        groups.setdefault((operation, logins), []).extend(found)
    for (operation, logins), group in groups.items():
        yield ChangedOperation(
            operation,
            logins,
            tuple(dict.fromkeys(row.entry for row in group)),
            _at((row.seen[0].rule for row in group), before),
            _at((row.seen[-1].rule for row in group), after),
        )


def _at(places: Iterator[int | None], rules: Sequence[RuleAt]) -> tuple[RuleAt, ...]:
    return tuple(rules[place] for place in dict.fromkeys(places) if place is not None)
