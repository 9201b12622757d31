"""The answer to *scaling*: how the price per operation grows with the producers at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.counted import counted
from harness.model.result import WAITS, Result, Verdict
from harness.model.scaling import ScalingPoint
from harness.reporters.parts.scaling import (
    between_times,
    primary_comparison,
    series_label,
    series_of,
)
from harness.reporters.units import count, duration, share
from harness.reporters.words import GROWTHS, VERDICTS, metric_words

ELAPSED = "elapsed_ns_per_op"


def scaling_first(result: Result) -> str:
    """The dearest scenario of each workload by number of producers, in one sentence each."""
    by_workload: dict[str, list[list[ScalingPoint]]] = {}
    for (workload, _, _), points in series_of(result).items():
        by_workload.setdefault(workload, []).append(points)
    dearest = [max(group, key=_last_price) for group in by_workload.values()]
    sentences = [_sentence(result, points) for points in dearest]
    return " ".join(filter(None, [_nothing_to_compare(result), *sentences]))


def scaling_cells(result: Result) -> list[str]:
    """The scenarios that the first sentence leaves out, a sentence each."""
    first = scaling_first(result)
    sentences = (_sentence(result, points) for points in series_of(result).values())
    return [words for words in sentences if words not in first]


def scaling_notes(result: Result) -> list[str]:
    """Where a producer shared its CPU."""
    return list(_shared_cpus(result))


def _last_price(points: Sequence[ScalingPoint]) -> float:
    return points[-1].price_ns or 0.0


def _nothing_to_compare(result: Result) -> str:
    """Why there is but one number of producers; empty where there are several."""
    numbers = {point.producers for point in result.scaling}
    if len(numbers) > 1:
        return ""
    cpus = result.host.cpus.get("workload") or result.host.facts.cpu.allowed
    if len(cpus) == 1:
        return "One CPU here: nothing to compare."
    return f"Only {_producers(min(numbers))} measured: nothing to compare."


def _producers(number: int) -> str:
    return counted(number, "producer was", "producers were")


def _sentence(result: Result, points: Sequence[ScalingPoint]) -> str:
    """The price with most producers and with fewer, whether it grows, waiting and losses."""
    last, others = points[-1], points[:-1]
    name, label = last.cell.workload, series_label(result, points)
    if all(_verdict(result, point) == "nothing-matched" for point in points):
        return f"{name} under {label}: {VERDICTS['nothing-matched'].word}."
    at_once = " at once" if last.producers > 1 else ""
    head = (
        f"With {counted(last.producers, 'producer')}{at_once} {name} costs "
        f"{_price(result, last)} per {result.operation} under {label}"
    )
    less = [f"with {point.producers} {_price(result, point)}" for point in others]
    parts = [", ".join([head, *less]), _growth(last), _waiting(points), _losses(points)]
    return f"{'; '.join(filter(None, parts))}."


def _verdict(result: Result, point: ScalingPoint) -> Verdict:
    compared = primary_comparison(result, point.cell)
    return compared.verdict if compared is not None else "no-reference"


def _price(result: Result, point: ScalingPoint) -> str:
    """What an operation costs more, as far as that is decided."""
    found = _verdict(result, point)
    if found == "nothing-matched":
        return f"nothing ({VERDICTS[found].word})"
    if point.price_ns is None or point.price_low is None:
        return f"an {VERDICTS['inconclusive'].word} amount"
    if found == "equal":
        return f"no more (within {share(result.plan.margins.of(result.primary))})"
    more = f"{duration(abs(point.price_ns))} {'less' if point.price_ns < 0 else 'more'}"
    if result.primary != ELAPSED:
        more += f" {metric_words(result.primary)}"
    return f"{more} ({VERDICTS[found].word})" if found == "inconclusive" else more


def _growth(last: ScalingPoint) -> str:
    if last.growth is None:
        return ""
    blocks = counted(last.growth_blocks, "block")
    words = GROWTHS[last.growth]
    if last.growth_ns is None:
        return f"{words} from {blocks}"
    interval = between_times(last.growth_low, last.growth_high)
    if last.growth == "inconclusive":
        return f"{words} ({interval} in {blocks})"
    much = "" if last.growth == "equal" else f" by {duration(abs(last.growth_ns))}"
    return f"{words}{much} ({interval})"


def _waiting(points: Sequence[ScalingPoint]) -> str:
    """From which number on the producers wait for room; empty where that is not known of all."""
    if any(point.waited_share is None for point in points):
        return ""
    waiting = [point for point in points if (point.waited_share or 0.0) > WAITS]
    if not waiting:
        most = max(point.waited_share or 0.0 for point in points)
        much = f"at most {share(most)}" if most else "none"
        return f"{much} of the time is waiting for room in the backlog"
    much = ", ".join(share(point.waited_share) for point in waiting)
    numbers = f"with {_listed(waiting)}"
    if len(waiting) > 1 and waiting == list(points[-len(waiting) :]):
        numbers = f"from {waiting[0].producers} on"
    return f"{numbers}, producers wait for room in the backlog {much} of the time"


def _losses(points: Sequence[ScalingPoint]) -> str:
    lost = [
        f"with {point.producers}, events were lost in {point.trials_with_loss} of "
        f"{counted(point.trials, 'trial')}"
        for point in points
        if point.trials_with_loss
    ]
    return "; ".join(lost)


def _listed(points: Sequence[ScalingPoint]) -> str:
    return ", ".join(count(point.producers) for point in points)


def _shared_cpus(result: Result) -> Iterator[str]:
    """That the consumer runs where a producer does, as far as both are pinned."""
    cpus, consumer = result.host.cpus.get("workload", ()), result.host.cpus.get("consumer", ())
    numbers = sorted(
        {p.producers for p in result.scaling if set(consumer) & set(cpus[: p.producers])}
    )
    if numbers:
        more = " or more" if len(numbers) > 1 else ""
        yield (
            f"With {counted(numbers[0], 'producer')}{more} on {counted(len(cpus), 'CPU')} the "
            "consumer shares a CPU with one of them."
        )
