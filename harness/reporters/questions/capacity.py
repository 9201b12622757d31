"""The answer to *how much can it take*: two rates for each, then bursts, pauses and recovery."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.counted import counted
from harness.model.searches.capacity import (
    GRACE_S,
    LIMITS,
    NO_LOSS,
    OVERLOAD_S,
    WIDTH,
    Busy,
    CapacityAnswer,
    CapacityOf,
    Most,
    RateBracket,
    Retrial,
    TriedValue,
)
from harness.reporters.page import Fold, Grid, Heading, Line, Page, Part, columns, number, text
from harness.reporters.units import NOTHING, count, duration, share

_BRACKETS = columns("rules", "consumer", "at most lost", "none above", "lost at", "apart", left=2)
_TRIED = columns("rules", "consumer", "rate", "reached", "events", "lost", "late", "share", left=2)
_ABSORBED = columns("rules", "consumer", "backlog", "burst", "pause", "recovery", left=2)
_MS = 1e6
_FULL = 0.95
_NO_OVERLOAD = 1.05
_NO_MORE = 0.0005
"""A smaller difference would be shown as 0.0 %."""


def capacity_page(answer: CapacityAnswer) -> Page:
    """The answer as every medium shows it."""
    return Page("auditbench capacity", tuple(_parts(answer)))


def _parts(answer: CapacityAnswer) -> Iterator[Part]:
    yield from (Line(words, "answer") for words in capacity_sentences(answer))
    yield from answer.cautions
    yield from capacity_parts(answer)


def capacity_parts(answer: CapacityAnswer | None) -> Iterator[Part]:
    """All but the answer and its cautions; nothing where no capacity was searched for."""
    if answer is None:
        return
    for each in answer.found:
        if each.brackets:
            yield Heading(_who(answer, each))
            yield from map(Line, _details(each))
    yield _brackets(answer)
    yield _absorbed(answer)
    yield Fold("Every rate that was tried", (_tried(answer),))
    yield Line(_NOTE, "note")


_NOTE = (
    "A rate is found when nothing is lost at it and something is at another, no more than "
    f"{WIDTH:.0%} away as asked for; no process waits for room meanwhile. What comes through "
    f"later than {GRACE_S:g} s after the load's end was queued and counts as lost, so that a "
    "larger backlog makes no larger rate."
)


def capacity_sentences(answer: CapacityAnswer | None) -> list[str]:
    """What was asked, answered in plain words: a sentence for each rules and consumer."""
    if answer is None:
        return []
    return [_sentence(answer, each) for each in answer.found]


def _who(answer: CapacityAnswer, each: CapacityOf) -> str:
    several = len(answer.search.rules) > 1
    return f"{each.consumer} under {each.rules}" if several else each.consumer


def _sentence(answer: CapacityAnswer, each: CapacityOf) -> str:
    who, load = f"{each.consumer} under {each.rules}", answer.search.workload
    match each.outcome:
        case "nothing-matched":
            return f"Nothing to measure: no rule of {each.rules} recorded the load {load}."
        case "failed":
            return f"{who}: not measured: {each.failure}."
        case "open" if each.records_per_op is None and each.fastest_per_s is not None:
            return (
                f"{who}: not decided: what it received does not show how many records an "
                f"operation of {load} makes. Name another --consumer."
            )
        case "open":
            return f"{who}: not decided: the search did not come to its end."
    return _found(who, load, each)


def _found(who: str, load: str, each: CapacityOf) -> str:
    found = each.without_loss
    assert found is not None
    again = " Tried again, the rate without loss lost events." if each.contradicted else ""
    if found.low is None:
        return f"{who} loses {load} at {per_second(found.high)}, the lowest rate that is tried."
    if each.crossed:
        return (
            f"{who}: not decided: {per_second(found.low)} of {load} came through without loss, but "
            f"where {count(found.high)} were asked for the load came to fewer, and some were "
            f"lost.{again}"
        )
    if each.outrun:
        return (
            f"{who} takes at least {per_second(found.low)} of {load} without loss; how much more "
            "is not decided: the load came to no more then, but to "
            f"{count(each.saturated_per_s)} with waiting allowed.{again}"
        )
    if found.high is None:
        return (
            f"{who} takes at least {per_second(found.low)} of {load} without loss: the load goes "
            f"no faster.{again}"
        )
    limit = LIMITS[each.limit] if each.limit else "not known"
    return (
        f"{who} takes {per_second(found.low)} of {load} without loss, and loses at "
        f"{count(found.high)}. The limit is {limit}.{_disagreement(each)}{again}"
    )


def _disagreement(each: CapacityOf) -> str:
    """What the trial with waiting says against the two rates; empty where they agree."""
    if each.agrees is not False or each.beyond is None:
        return ""
    if each.varies:
        mean = per_second(each.saturated_per_s)
        return f" Its speed varies: in the mean, with waiting allowed, {mean} come through."
    than = "more" if each.beyond > 0 else "less"
    return f" It is not sure: with waiting allowed {abs(each.beyond):.0%} {than} came through."


def per_second(value: float | None) -> str:
    """A rate of the load."""
    if value is None:
        return NOTHING
    return f"{counted(round(value), 'operation')} per second"


def _details(each: CapacityOf) -> Iterator[str]:
    for bracket in each.brackets:
        if not bracket.allowed or bracket.low is None:
            continue
        words = f"With at most {share(bracket.allowed)} lost: "
        if bracket.high is not None:
            yield f"{words}{per_second(bracket.low)}, more at {count(bracket.high)}."
        elif each.outcome != "load":
            yield f"{words}at least {per_second(bracket.low)}: the load goes no faster."
    if words := _busy(each.busy):
        where = "lost" if each.outcome == "found" else "fastest"
        yield f"Busy at the rate that was {where}, of one CPU: {words}."
    yield from _saturated(each)
    yield from _burst(each)
    yield from _pause(each)
    yield from _recovery(each)
    yield from map(_retrial, each.retrials)


def _busy(busy: Busy) -> str:
    consumer = f"the consumer ({busy.process})" if busy.process else "the consumer"
    named = (
        ("the load", busy.load),
        ("kauditd", busy.kauditd),
        (consumer, busy.consumer),
    )
    words = [f"{name} {value:.0%}" for name, value in named if value is not None]
    if busy.disk is not None:
        words.append(f"waiting for the disk {busy.disk:.0%} of the time")
    if (busy.all_cpus or 0.0) >= _FULL:
        words.append("and all CPUs had no room left, so that the load took from the others")
    return ", ".join(words)


def _saturated(each: CapacityOf) -> Iterator[str]:
    if each.saturated_per_s is None or each.beyond is None:
        return
    words = f"With waiting allowed {per_second(each.saturated_per_s)} come through"
    if not each.saturated_waited:
        yield f"{words}; the load never had to wait."
    elif abs(each.beyond) < _NO_MORE:
        yield f"{words}: between the two rates."
    else:
        than = "above" if each.beyond > 0 else "below"
        agrees = "they agree" if each.agrees else "they do not agree"
        yield f"{words}, {abs(each.beyond):.1%} {than} the two rates: {agrees} within 10 %."
        if each.varies:
            yield (
                "The rate that loses, tried again, lost events again: what takes the events is "
                "slower at times than in the mean, and loses then."
            )


def _burst(each: CapacityOf) -> Iterator[str]:
    most = each.burst
    if most is None:
        return
    backlog = counted(each.backlog, "record")
    if not most.decided:
        ends = _so_far(most, lambda end: counted(end.value, "operation"))
        yield f"The largest burst that a backlog of {backlog} absorbs is not decided: {ends}."
        return
    if most.lossy is None and most.clean is not None:
        yield (
            f"A backlog of {backlog} absorbs every burst that was tried, up to "
            f"{counted(most.clean.value, 'operation')} at once."
        )
        return
    yield _between(most, f"The largest burst that a backlog of {backlog} absorbs", "operation")


def _between(most: Most, what: str, noun: str) -> str:
    clean, lossy = most.clean, most.lossy
    if clean is None:
        return f"{what}: none; {counted(lossy.value, noun) if lossy else NOTHING} lost events."
    words = f"{what}: {counted(clean.value, noun)}"
    if lossy is not None:
        words += f"; of {lossy.value:,} some were lost"
    return words + (f" (by arithmetic {count(most.computed)})." if most.computed else ".")


def _pause(each: CapacityOf) -> Iterator[str]:
    most = each.pause
    if most is None or each.pause_rate is None:
        return
    what = f"The longest pause of the consumer survived at {per_second(each.pause_rate)}"
    clean, lossy = _ms(most.clean), _ms(most.lossy)
    if not most.decided:
        yield f"{what} is not decided: {_so_far(most, _ms)}."
    elif most.lossy is None:
        yield f"{what}: {clean}, the longest that is tried."
    elif most.clean is None:
        yield f"{what}: none; events were lost in {lossy}."
    else:
        computed = duration(most.computed * _MS) if most.computed else NOTHING
        yield f"{what}: {clean}; events were lost in {lossy} (by arithmetic {computed})."


def _so_far(most: Most, words: Callable[[TriedValue], str]) -> str:
    """What is known where the search did not come to its end."""
    ends = [
        f"in {end.lost} of {counted(end.trials, 'trial')} with {words(end)}"
        for end in (most.lossy, most.clean)
        if end is not None
    ]
    return f"events were lost {' and '.join(ends)}"


def _ms(tried: TriedValue | None) -> str:
    return NOTHING if tried is None else duration(tried.value * _MS)


def _recovery(each: CapacityOf) -> Iterator[str]:
    if each.recovery_factor is None:
        return
    if each.recovery_ms is None and each.recovery_factor >= _NO_OVERLOAD:
        yield "No recovery is to be seen: which rate is taken for good is not known."
        return
    if each.recovery_ms is None or each.recovery_factor < _NO_OVERLOAD:
        yield (
            f"The load makes no more than {share(each.recovery_factor)} of that rate: no recovery "
            "from more is to be seen."
        )
        return
    words = (
        f"After {share(each.recovery_factor)} of that rate for {OVERLOAD_S:g} s the queue is empty "
        f"again in {duration(each.recovery_ms * _MS)}"
    )
    if each.recovery_computed_ms is not None:
        words += f" (by arithmetic {duration(each.recovery_computed_ms * _MS)})"
    if each.recovery_lost:
        words += f"; {each.recovery_lost} of {counted(each.recovery_trials, 'trial')} lost events"
    yield words + "."


def _retrial(retrial: Retrial) -> str:
    words = f"Tried again for {retrial.seconds:.3g} s: {per_second(float(retrial.rate))} "
    if not retrial.pressed:
        words += f"(the load came to {count(retrial.reached_per_s)}) "
    if not retrial.lost and not retrial.late:
        return words + "lost nothing."
    parts = []
    if retrial.lost:
        parts.append(f"lost {counted(retrial.lost, 'event')}")
    if retrial.late:
        parts.append(f"left {counted(retrial.late, 'event')} queued")
    return f"{words}{' and '.join(parts)} ({share(retrial.share)})."


def _brackets(answer: CapacityAnswer) -> Grid:
    rows = tuple(
        (
            text(each.rules),
            text(each.consumer),
            number(
                "none" if bracket.allowed == NO_LOSS else share(bracket.allowed), bracket.allowed
            ),
            number(count(bracket.low), bracket.low),
            number(_lost_at(bracket), bracket.high),
            number(share(bracket.width), bracket.width),
        )
        for each in answer.found
        for bracket in each.brackets
    )
    return Grid("capacity", "Operations per second", _BRACKETS, rows)


def _lost_at(bracket: RateBracket) -> str:
    return "–" if bracket.high is None else count(bracket.high)


def _absorbed(answer: CapacityAnswer) -> Grid:
    rows = tuple(
        (
            text(each.rules),
            text(each.consumer),
            number(count(each.backlog), each.backlog),
            number(count(each.burst.clean.value), each.burst.clean.value)
            if each.burst and each.burst.clean
            else number(NOTHING, None),
            number(_ms(each.pause.clean), each.pause.clean.value)
            if each.pause and each.pause.clean
            else number(NOTHING, None),
            number(
                NOTHING if each.recovery_ms is None else duration(each.recovery_ms * _MS),
                each.recovery_ms,
            ),
        )
        for each in answer.found
        if each.burst is not None
    )
    return Grid(
        "absorbed", "Absorbed without loss: burst, pause; time to empty the queue", _ABSORBED, rows
    )


def _tried(answer: CapacityAnswer) -> Grid:
    rows = tuple(
        (
            text(each.rules),
            text(each.consumer),
            number(count(trial.rate), trial.rate),
            number(count(trial.reached_per_s), trial.reached_per_s),
            number(count(trial.offered), trial.offered),
            number(count(trial.lost), trial.lost),
            number(count(trial.late), trial.late),
            number(share(trial.share), trial.share),
        )
        for each in answer.found
        for trial in each.tried
    )
    return Grid("rates", "Rates that were tried; no process waited for room", _TRIED, rows)
