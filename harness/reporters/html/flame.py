"""Flame graphs of sampled stacks, as SVG inside the page that needs no script.

The root is at the bottom, callers below what they call; a frame is as wide as its samples, and
neighbours are in the order of the alphabet. Places and widths are percentages and letters have a
size of their own, so that a drawing is as wide as the page and can be read on a phone: a name that
is too long for its frame is cut off by it, and the title of the frame has it in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from harness.counted import counted
from harness.model.stored.profile import USER, CellProfile, Profiles, StoredProfile
from harness.plain import plain
from harness.reporters.parts.profile import cell_name
from harness.reporters.units import duration

MOST_LEVELS = 64
LEAST_SHARE = 0.003
"""Narrower frames are not drawn: a pixel of a phone."""
LEAST_NAMED = 0.03
"""In narrower ones no letter can be read."""
_STEP_PX, _HEIGHT_PX, _LETTERS_PX = 18, 17, 13
_STEPS = (0.02, 0.1, 0.3)
"""Differences, as a share of all, from which on a frame has the next stronger colour."""


@dataclass(slots=True)
class Frame:
    """A function where it was called from, with the time per operation of two cells."""

    name: str
    value: float = 0.0
    other: float = 0.0
    inner: dict[str, Frame] = field(default_factory=dict)
    is_group: bool = False
    """Whether it is the cell, or one of its groups, and no function."""


@dataclass(frozen=True, slots=True)
class Flame:
    """One drawing with its words; `is_change` says what its colours mean."""

    title: str
    words: str
    svg: Markup
    is_change: bool = False


def flames(found: Profiles) -> tuple[Flame, ...]:
    """A drawing of each sampled cell, and one of the second against the first."""
    drawn = [_of_cell(each) for each in found.cells if each.stored.stacks]
    if found.change is not None and all(each.stored.stacks for each in found.cells):
        drawn.append(_of_change(found))
    return tuple(drawn)


def _of_cell(each: CellProfile) -> Flame:
    root = Frame(cell_name(each.cell), is_group=True)
    total = add(root, each.stored.frames)
    per_sample_ns = _per_op_ns(each.stored)

    def told(frame: Frame) -> str:
        share = f"{100 * frame.value / total:.1f} %" if total else ""
        per_op = f", {duration(frame.value * per_sample_ns)} per operation" if per_sample_ns else ""
        return f"{frame.name}: {counted(round(frame.value), 'sample')}, {share}{per_op}"

    title = f"{cell_name(each.cell)}, {each.cell.consumer}"
    words = f"{counted(round(total), 'sample')}; a frame is as wide as its share of them."
    return Flame(title, words, draw(root, title, told, _kind))


def _of_change(found: Profiles) -> Flame:
    against, cell = found.cells
    root = Frame(cell_name(cell.cell))
    total = add(root, cell.stored.frames, _per_op_ns(cell.stored))
    add(root, against.stored.frames, _per_op_ns(against.stored), other=True)

    def told(frame: Frame) -> str:
        more = frame.value - frame.other
        words = f"{duration(abs(more))} {'more' if more >= 0 else 'less'}"
        return f"{frame.name}: {duration(frame.value)} per operation, {words}"

    def colour(frame: Frame) -> str:
        more = (frame.value - frame.other) / total if total else 0.0
        step = sum(abs(more) >= least for least in _STEPS)
        return "f-same" if not step else f"f-{'more' if more > 0 else 'less'}-{step}"

    names = cell_name(cell.cell), cell_name(against.cell)
    if names[0] == names[1]:
        names = cell.cell.consumer, against.cell.consumer
    title = f"{names[0]} against {names[1]}"
    words = (
        f"As wide as the CPU time per operation under {names[0]}; the colour says how much of it "
        f"is more, or less, than under {names[1]}. Calls that only {names[1]} makes are not drawn."
    )
    return Flame(title, words, draw(root, title, told, colour), is_change=True)


def _per_op_ns(stored: StoredProfile) -> float:
    """The time of one sample, by the operations that were done; 0 where none are known."""
    return 1e9 / stored.frequency_hz / stored.ops if stored.ops else 0.0


def add(
    root: Frame,
    stacks: Mapping[tuple[str, ...], int],
    weight: float = 1.0,
    *,
    other: bool = False,
) -> float:
    """Add stacks to a tree, each sample with this weight; the weight of all."""
    total = 0.0
    for stack, samples in stacks.items():
        value = samples * weight
        total += value
        frame = root
        _weigh(frame, value, other=other)
        for level, name in enumerate(stack[:MOST_LEVELS]):
            frame = frame.inner.setdefault(name, Frame(name, is_group=level == 0))
            _weigh(frame, value, other=other)
    return total


def _weigh(frame: Frame, value: float, *, other: bool) -> None:
    if other:
        frame.other += value
    else:
        frame.value += value


def _kind(frame: Frame) -> str:
    """The colour of a frame of one cell: whose function it is. Cell and groups have none."""
    if frame.is_group:
        return "f-same"
    if frame.name == USER:
        return "f-user"
    return "f-audit" if "audit" in frame.name else "f-kernel"


def draw(
    root: Frame, title: str, told: Callable[[Frame], str], colour: Callable[[Frame], str]
) -> Markup:
    """The drawing; `told` is the title of a frame, `colour` its class."""
    placed = list(_placed(root))
    levels = max(level for _, level, _, _ in placed) + 1
    frames = Markup().join(
        _frame(frame, level, left, share, levels, told, colour)
        for frame, level, left, share in placed
    )
    label = f"Flame graph of {title}. The table of functions below has the same in numbers."
    return Markup('<svg class="flame" width="100%" height="{}" role="img" aria-label="{}">').format(
        levels * _STEP_PX, plain(label)
    ) + (frames + Markup("</svg>"))


def _placed(root: Frame) -> Iterator[tuple[Frame, int, float, float]]:
    """Each frame that is drawn: its level, and left edge and width as shares of the whole."""
    whole = root.value
    waiting = [(root, 0, 0.0)]
    while waiting:
        frame, level, left = waiting.pop()
        share = frame.value / whole if whole else 1.0
        yield frame, level, left, share
        for name in sorted(frame.inner):
            inner = frame.inner[name]
            width = inner.value / whole if whole else 0.0
            if width >= LEAST_SHARE:
                waiting.append((inner, level + 1, left))
            left += width


def _frame(
    frame: Frame,
    level: int,
    left: float,
    share: float,
    levels: int,
    told: Callable[[Frame], str],
    colour: Callable[[Frame], str],
) -> Markup:
    name = Markup('<text x="3" y="{}">{}</text>').format(_LETTERS_PX, plain(frame.name))
    return Markup(
        '<svg x="{}%" y="{}" width="{}%" height="{}"><title>{}</title>'
        '<rect class="{}" width="100%" height="100%"/>{}</svg>'
    ).format(
        f"{100 * left:.3f}",
        (levels - 1 - level) * _STEP_PX,
        f"{100 * share:.3f}",
        _HEIGHT_PX,
        plain(told(frame)),
        colour(frame),
        name if share >= LEAST_NAMED else "",
    )
