"""Where kernel time goes, from sampled stacks: of one cell, and of one beyond another.

Samples are counts of a clock; intervals are those of counting (Wilson's for a share, the delta
method for a share of a difference) and know nothing of how trials differ from each other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.model.stored.profile import (
    GROUPS,
    USER,
    CellProfile,
    Extra,
    Group,
    Place,
    Places,
    ProfileChange,
    ProfiledGroup,
    Profiles,
    StoredProfile,
)

FEWEST_SAMPLES = 100
"""Below so many in the kernel the interval of a share of a half is wider than ±10 points."""
WIDEST = 0.25
"""A share of a difference whose interval reaches further than this from it says nothing."""
_Z = 1.959964
MOST, MOST_OF_DIFFERENCE = 1 / 3, 2 / 3
"""The innermost function that holds so much is where the time goes; what it calls splits it. A
difference has less around it that is no part of the answer.
"""
MOST_INNER, LEAST_INNER = 3, 0.02
_AUDIT = "audit"

Stacks = Mapping[tuple[str, ...], int]
ShareOf = Callable[[Callable[[tuple[str, ...]], bool]], Place | None]


def profiles(stored: Sequence[StoredProfile]) -> Profiles:
    """What is said of the profiles of a run; the second is told against the first."""
    cells = tuple(CellProfile(each.cell, each, tuple(_groups(each))) for each in stored)
    if len(stored) != 2 or not all(each.ops for each in stored):
        return Profiles(cells)
    against, cell = stored
    extras = [_extra(group, cell, against) for group in GROUPS]
    told = tuple(extra for extra in extras if extra is not None)
    return Profiles(cells, ProfileChange(cell.cell, against.cell, told))


def kernel_stacks(profile: StoredProfile, group: Group) -> Counter[tuple[str, ...]]:
    """The stacks of a group that are in the kernel, without the group's name."""
    return Counter(
        {
            stack[1:]: samples
            for stack, samples in profile.frames.items()
            if stack[0] == group and stack[1] != USER
        }
    )


def _groups(profile: StoredProfile) -> Iterable[ProfiledGroup]:
    everything = profile.frames
    for group in GROUPS:
        samples = sum(n for stack, n in everything.items() if stack[0] == group)
        kernel = kernel_stacks(profile, group)
        total = kernel.total()
        per_op = _ns(total, profile) if profile.ops else None
        yield ProfiledGroup(group, samples, total, per_op, _places(kernel))


def _ns(samples: float, profile: StoredProfile) -> float:
    """CPU time per operation."""
    return samples / profile.frequency_hz / profile.ops * 1e9


def _places(stacks: Counter[tuple[str, ...]]) -> Places:
    from scipy.stats import binomtest

    total = stacks.total()
    if total < FEWEST_SAMPLES:
        return Places()

    def share(holds: Callable[[tuple[str, ...]], bool]) -> Place:
        held = sum(n for stack, n in stacks.items() if holds(stack))
        interval = binomtest(held, total).proportion_ci(method="wilson")
        return Place("", held / total, float(interval.low), float(interval.high))

    return _where(stacks, share, MOST)


def _extra(group: Group, cell: StoredProfile, against: StoredProfile) -> Extra | None:
    more, less = kernel_stacks(cell, group), kernel_stacks(against, group)
    n, m = more.total(), less.total()
    if not n and not m:
        return None
    extra = _ns(n, cell) - _ns(m, against)
    if max(n, m) < FEWEST_SAMPLES:
        return Extra(group, extra, None, None, None, Places())
    if not n or not m:
        # From nothing, or to nothing: there is no ratio, and all of it is the difference.
        return Extra(group, extra, None, None, None, _places(more))
    ratio = _ns(n, cell) / _ns(m, against)
    spread = math.exp(_Z * math.sqrt(1 / n + 1 / m))
    low, high = ratio / spread, ratio * spread
    places = _places_of_difference(more, less, cell, against) if low > 1 else Places()
    return Extra(group, extra, ratio, low, high, places)


def _places_of_difference(
    more: Counter[tuple[str, ...]],
    less: Counter[tuple[str, ...]],
    cell: StoredProfile,
    against: StoredProfile,
) -> Places:
    def share(holds: Callable[[tuple[str, ...]], bool]) -> Place | None:
        held, rest = _split(more, holds), _split(less, holds)
        inside = _ns(held[0], cell) - _ns(rest[0], against)
        outside = _ns(held[1], cell) - _ns(rest[1], against)
        spread = [
            held[part] * _ns(1, cell) ** 2 + rest[part] * _ns(1, against) ** 2 for part in (0, 1)
        ]
        whole = inside + outside
        error = math.sqrt(outside**2 * spread[0] + inside**2 * spread[1]) / whole**2
        found = inside / whole
        if _Z * error > WIDEST:
            return None
        return Place("", found, found - _Z * error, found + _Z * error)

    weights = {
        stack: _ns(more[stack], cell) - _ns(less[stack], against) for stack in more.keys() | less
    }
    return _where(weights, share, MOST_OF_DIFFERENCE)


def _split(stacks: Stacks, holds: Callable[[tuple[str, ...]], bool]) -> tuple[int, int]:
    held = sum(n for stack, n in stacks.items() if holds(stack))
    return held, sum(stacks.values()) - held


def _where(weights: Mapping[tuple[str, ...], float], share: ShareOf, most: float) -> Places:
    """The innermost function that holds most of the weight, and what it calls."""
    path: tuple[str, ...] = ()
    total = sum(weights.values())
    while True:
        children = _children(weights, path)
        best = max(children, key=lambda name: (children[name], name), default=None)
        if best is None or children[best] < most * total:
            break
        path = (*path, best)
    main = _place(path, share) if path else None
    inner = sorted(children.items(), key=lambda each: (-each[1], each[0]))[:MOST_INNER]
    told = (_place((*path, name), share) for name, weight in inner if weight > LEAST_INNER * total)
    audit = share(lambda stack: any(_AUDIT in name for name in stack))
    return Places(main, tuple(place for place in told if place is not None), audit)


def _children(weights: Mapping[tuple[str, ...], float], path: tuple[str, ...]) -> dict[str, float]:
    """The weight of each function that the last one of a path calls."""
    found: dict[str, float] = {}
    depth = len(path)
    for stack, weight in weights.items():
        if len(stack) > depth and stack[:depth] == path:
            found[stack[depth]] = found.get(stack[depth], 0.0) + weight
    return found


def _place(path: tuple[str, ...], share: ShareOf) -> Place | None:
    found = share(lambda stack: stack[: len(path)] == path)
    return None if found is None else Place(path[-1], found.share, found.low, found.high)
