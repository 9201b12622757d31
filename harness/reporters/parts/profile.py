"""Where kernel time goes, from sampled stacks: in words, then a row per cell and group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from harness.counted import agreeing, counted
from harness.model.result import Result
from harness.model.run import Cell
from harness.model.stored.profile import (
    USER,
    CellProfile,
    Extra,
    Place,
    ProfileChange,
    ProfiledGroup,
    Profiles,
)
from harness.reporters.page import (
    DATA,
    WIDE,
    Box,
    Column,
    Fold,
    Grid,
    Heading,
    Line,
    Part,
    number,
    text,
)
from harness.reporters.units import NOTHING, count, duration

TITLE = "Where the time goes"
_POSSESSIVE = {"load": "the load's", "kauditd": "kauditd's", "consumer": "the consumer's"}
_COLUMNS = (
    Column("workload", left=True, media=DATA),
    Column("cell", left=True),
    Column("of", left=True),
    Column("samples"),
    Column("in the kernel", media=WIDE),
    Column("kernel per operation"),
    Column("in audit"),
    Column("most of it in", left=True, is_value=True),
)
_FUNCTIONS = (
    Column("cell", left=True),
    Column("of", left=True),
    Column("function", left=True),
    Column("samples"),
    Column("of its samples"),
    Column("itself"),
)
MOST_TIMES = 10
"""A multiple beyond which a percentage is no longer plain words."""
MOST_FUNCTIONS = 30
"""Of each group of a cell, in the folded table."""
_NOTHING, _ALL = 0.01, 0.99
_TOO_FEW = "too few samples to say"


def profile_parts(result: Result) -> Iterator[Part]:
    """What was sampled; nothing where no cell was."""
    found = result.profiles
    if not found.cells:
        return
    yield Heading(TITLE)
    for place, words in enumerate(profile_sentences(found)):
        yield Line(words, "plain" if place else "answer")
    rows = tuple(_row(cell, group) for cell in found.cells for group in cell.groups)
    yield Grid("profile", "CPU time in the kernel, by whose it is", _COLUMNS, rows)
    yield Line(_note(found), "note")
    functions = tuple(row for cell in found.cells for row in _function_rows(cell))
    table = Grid(
        "functions", "Functions with what they call, and by themselves", _FUNCTIONS, functions
    )
    yield Fold("Sampled functions", (table,))


def profile_sentences(found: Profiles) -> list[str]:
    """Where the time of one cell goes, or that which one cell takes beyond another."""
    if (change := found.change) is not None:
        told = [_change(change, extra) for extra in change.extras if not _is_short(extra)]
        short = [extra.group for extra in change.extras if _is_short(extra)]
        return [*told, *_too_few(short, " and ".join(_told_apart(change)))]
    sentences = []
    for each in found.cells:
        groups = [group for group in each.groups if group.samples]
        sentences += [_single(each, group) for group in groups if group.places.main is not None]
        few = [group.group for group in groups if group.places.main is None]
        sentences += _too_few(few, cell_name(each.cell))
    return sentences


def cell_name(cell: Cell) -> str:
    """A cell, without its consumer."""
    return f"{cell.workload} × {cell.scenario}"


def place_words(place: Place) -> str:
    """A share with half its interval: `61 % ± 4`."""
    half = 50 * (place.high - place.low)
    around = f"{half:.0f}" if half >= 1 else "1"
    return f"{100 * place.share:.0f} % ± {around}"


def _is_short(extra: Extra) -> bool:
    return extra.ratio is None and extra.places.main is None


def _too_few(groups: Sequence[str], where: str) -> list[str]:
    if not groups:
        return []
    whose = " and ".join(_POSSESSIVE[group] for group in groups)
    return [f"Of {whose} kernel time under {where}: {_TOO_FEW}."]


def _change(change: ProfileChange, extra: Extra) -> str:
    """What a group takes beyond the other cell, in one sentence."""
    whose = _POSSESSIVE[extra.group]
    one, other = _told_apart(change)
    if extra.ratio is None or extra.low is None or extra.high is None:
        return f"{_beyond(extra, one)}, none under {other}; of it {_places(extra)}."
    interval = f"{_percent(extra.low)} to {_percent(extra.high)}"
    if extra.low <= 1 <= extra.high:
        return (
            f"No difference of {whose} kernel time is shown between {one} and {other} ({interval})."
        )
    if extra.high < 1:
        who = _named(extra.group)
        less = f"{100 * (1 - extra.ratio):.0f} % less kernel time under {one}"
        return f"{who[:1].upper()}{who[1:]} takes {less} than under {other} ({interval})."
    more = f"{100 * (extra.ratio - 1):,.0f} % more kernel time under {one} than under {other}"
    head = f"Of {whose} {more} ({interval})"
    if extra.places.main is None:
        return f"{head}: {_TOO_FEW} where."
    if extra.ratio > MOST_TIMES:
        return f"{_beyond(extra, one)} beyond that under {other}; of it {_places(extra)}."
    return f"{head}, {_places(extra)}."


def _beyond(extra: Extra, cell: str) -> str:
    who = _named(extra.group)
    time = duration(extra.ns_per_op)
    return f"{who[:1].upper()}{who[1:]} takes {time} per operation in the kernel under {cell}"


def _named(group: str) -> str:
    return group if group == "kauditd" else f"the {group}"


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+,.0f} %".replace("-", "−")


def _told_apart(change: ProfileChange) -> tuple[str, str]:
    """The names of the two cells, as far as they differ."""
    one, other = change.cell, change.against
    if one.workload != other.workload:
        return cell_name(one), cell_name(other)
    if one.scenario != other.scenario:
        return one.scenario, other.scenario
    return one.consumer, other.consumer


def _single(each: CellProfile, group: ProfiledGroup) -> str:
    whose = _POSSESSIVE[group.group]
    return f"Of {whose} kernel time under {cell_name(each.cell)}, {_places(group)}."


def _places(told: Extra | ProfiledGroup) -> str:
    """The share in audit, unless that goes without saying, then the function that holds most."""
    places = told.places
    assert places.main is not None
    main, audit = places.main, places.audit
    inner = ", ".join(f"{place.function} {100 * place.share:.0f} %" for place in places.inner)
    calls = f" ({inner})" if inner else ""
    is_known = told.group != "load" and audit is not None and audit.share > _ALL
    if audit is None or audit.share < _NOTHING or is_known:
        return f"{place_words(main)} is in {main.function}{calls}"
    head = f"{place_words(audit)} is in functions of audit"
    return f"{head}, {place_words(main)} in {main.function}{calls}"


def _row(each: CellProfile, group: ProfiledGroup) -> tuple[Box, ...]:
    places = group.places
    inside = group.kernel_samples / group.samples if group.samples else None
    main = NOTHING if not group.samples else _TOO_FEW
    if places.main is not None:
        main = f"{places.main.function} {place_words(places.main)}"
    return (
        text(each.cell.workload),
        text(each.cell.scenario),
        text(group.group),
        number(count(group.samples), group.samples),
        number(NOTHING if inside is None else f"{100 * inside:.0f} %", inside),
        number(duration(group.kernel_ns_per_op), group.kernel_ns_per_op),
        number(
            NOTHING if places.audit is None else place_words(places.audit),
            None if places.audit is None else places.audit.share,
        ),
        text(main),
    )


def _function_rows(each: CellProfile) -> Iterator[tuple[Box, ...]]:
    """The functions of each group with most samples."""
    everything = each.stored.frames
    for group in each.groups:
        total: Counter[str] = Counter()
        itself: Counter[str] = Counter()
        for stack, samples in everything.items():
            if stack[0] == group.group:
                itself[stack[-1]] += samples
                for name in set(stack[1:]):
                    total[name] += samples
        ranked = sorted(total.items(), key=lambda found: (-found[1], found[0]))
        for name, samples in ranked[:MOST_FUNCTIONS]:
            share, own = samples / group.samples, itself[name] / group.samples
            yield (
                text(cell_name(each.cell)),
                text(group.group),
                text("in user mode" if name == USER else name),
                number(count(samples), samples),
                number(f"{100 * share:.1f} %", share),
                number(f"{100 * own:.1f} %", own),
            )


def _note(found: Profiles) -> str:
    """How it was sampled, what is missing, and how to read it."""
    stored = [each.stored for each in found.cells]
    trials = counted(sum(each.trials for each in stored), "further trial")
    verb = agreeing(sum(each.trials for each in stored), "was", "were")
    rate = ", ".join(dict.fromkeys(f"{each.frequency_hz:,}" for each in stored))
    parts = [
        f"Kernel stacks, sampled at {rate} Hz on each CPU in {trials} that {verb} made "
        "after the measured ones: sampling takes time of its own, so nothing of them is compared "
        "or counted elsewhere.",
        "A share has what a function calls in it; ± is the 95 % interval of sampling alone. The "
        "clock sees CPU time: waiting is not in it.",
    ]
    told = (
        (sum(each.lost_samples for each in stored), "sample", "lost by the kernel"),
        (sum(each.left_out_samples for each in stored), "sample", "of rare stacks left out"),
        (sum(each.throttled for each in stored), "pause", "of the clock made by the kernel"),
        (sum(each.failed_trials for each in stored), "trial", "failed and not used"),
    )
    parts += [f"{counted(amount, what)} {how}." for amount, what, how in told if amount]
    return " ".join(parts)
