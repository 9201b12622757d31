"""The answer to *how large must the backlog be*: the two backlogs, then the lines to paste."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import counted
from harness.model.searches.size import (
    MOST_RECORDS,
    RECORD_BYTES,
    Advice,
    LongerNeed,
    SizeAnswer,
    TriedBacklog,
)
from harness.reporters.page import Grid, Heading, Line, Page, Part, columns, number
from harness.reporters.units import duration

_MIB = 1 << 20
_COLUMNS = columns("backlog", "events", "trials", "that lost", "MiB", left=0)
_FEW = 10
_LESS = (
    "Record less (`auditbench rules advise`), or take a faster consumer (`auditbench run "
    "consumers`)."
)


def size_page(answer: SizeAnswer) -> Page:
    """The answer as every medium shows it."""
    return Page("auditbench size", tuple(_parts(answer)))


def _parts(answer: SizeAnswer) -> Iterator[Part]:
    yield from (Line(words, "answer") for words in size_sentences(answer))
    if answer.advice is not None:
        yield from _advice(answer, answer.advice)
    yield from answer.cautions
    yield from _trials(answer)


def size_parts(answer: SizeAnswer | None) -> Iterator[Part]:
    """All but the answer and its cautions; nothing where no backlog was searched for."""
    if answer is None:
        return
    if answer.advice is not None:
        yield from _advice(answer, answer.advice)
    yield from _trials(answer)


def _trials(answer: SizeAnswer) -> Iterator[Part]:
    yield from map(Line, _measured(answer))
    yield from map(Line, _waited(answer))
    yield _tried(answer)
    yield from (Line(words, "note") for words in _notes(answer))


def size_sentences(answer: SizeAnswer | None) -> list[str]:
    """What was asked, answered in plain words; nothing where no backlog was searched for."""
    if answer is None:
        return []
    verdict = list(_verdict(answer))
    if answer.longer is not None:
        longer = _longer(answer, answer.longer)
        verdict = [*longer, f"For its bursts alone: {verdict[0]}", *verdict[1:]]
    return [*verdict, f"The load: {_load(answer)}."]


def _verdict(answer: SizeAnswer) -> Iterator[str]:
    lossy, clean = answer.lossy, answer.clean
    match answer.outcome:
        case "found" if lossy and clean:
            yield (
                f"The backlog must hold {_records(answer, clean)}: none of "
                f"{counted(clean.trials, 'trial')} lost anything. With {_records(answer, lossy)} "
                f"{lossy.lost} of {lossy.trials} did."
            )
        case "any" if clean:
            yield (
                f"Any backlog is enough: with {_records(answer, clean)}, the kernel's own default, "
                f"none of {counted(clean.trials, 'trial')} lost anything."
            )
        case "none" if lossy:
            yield from _none_is_enough(answer, lossy)
        case "too-slow":
            yield from _too_slow(answer)
        case "nothing-matched":
            yield (
                f"Nothing to size: no rule of {answer.rules} recorded the load "
                f"{answer.sizing.workload}. Name another --workload."
            )
        case _ if answer.untold:
            yield (
                f"Not decided: what {answer.sizing.consumer} received does not show how many "
                f"records an operation of {answer.sizing.workload} makes. Name another --consumer."
            )
        case _:
            yield "Not decided: the search did not come to its end." + _so_far(answer)


def _longer(answer: SizeAnswer, need: LongerNeed) -> Iterator[str]:
    """Where the log itself asks for more than was found."""
    busiest = f"the log's busiest {need.seconds:g} s"
    records = counted(round(need.records), "record")
    if answer.advice is not None:
        yield (
            f"The backlog must hold {records} for {busiest}: so many more come than "
            f"{answer.sizing.consumer} takes here, by arithmetic."
        )
        return
    yield (
        f"No backlog helps in {busiest}: {records} more come than {answer.sizing.consumer} takes "
        f"here, by arithmetic, and {MOST_RECORDS:,} are the most that a backlog should hold. "
        f"{_LESS}"
    )


def _so_far(answer: SizeAnswer) -> str:
    found = []
    if answer.lossy is not None:
        found.append(f"with {_records(answer, answer.lossy)} something was lost")
    if answer.clean is not None:
        trials = counted(answer.clean.trials, "trial")
        found.append(f"with {_records(answer, answer.clean)} nothing in {trials}")
    return f" So far: {', '.join(found)}." if found else ""


def _too_slow(answer: SizeAnswer) -> Iterator[str]:
    growth = answer.measured.growth_per_s or 1.0
    full_ns = MOST_RECORDS / growth * 1e9
    yield (
        f"No backlog helps: {answer.sizing.consumer} is too slow for good. At "
        f"{_number(answer.rate_ops_per_s, 'operation')} per second, without any burst, the queue "
        f"grew by {_number(growth, 'record')} per second: {MOST_RECORDS:,} would be full after "
        f"{duration(full_ns)}."
    )
    yield f"{_LESS} With waiting allowed the load is slowed down to what the consumer takes."


def _none_is_enough(answer: SizeAnswer, lossy: TriedBacklog) -> Iterator[str]:
    yield (
        f"No backlog that was tried is enough: with {_records(answer, lossy)}, the largest, "
        f"{lossy.lost} of {counted(lossy.trials, 'trial')} lost events."
    )
    if answer.sizing.pause_ms:
        yield (
            "While the consumer stands still, the kernel gives up what waits for it after about "
            "0.6 s unless it was booted with audit=1, however large the backlog is."
        )


def _load(answer: SizeAnswer) -> str:
    sizing = answer.sizing
    words = (
        f"{counted(answer.burst_ops, 'operation')} of {sizing.workload} at once, then "
        f"{_number(answer.rate_ops_per_s, 'operation')} per second, under {answer.rules}, "
        f"received by {sizing.consumer}"
    )
    if sizing.pause_ms:
        words += f", which stands still for {duration(sizing.pause_ms * 1e6)} from the burst on"
    if (log := sizing.log) is not None:
        words += (
            "; as many records as in the log, whose busiest tenth of a second has "
            f"{counted(log.tenth, 'event')}, whose busiest second {log.second:,}, and whose "
            f"busiest {duration(log.minute_s * 1e9)} {log.minute:,}"
        )
    return words


def _number(value: float, noun: str) -> str:
    """A rate with its noun: whole, or two digits of a small one."""
    return counted(round(value) if value >= _FEW else float(f"{value:.2g}"), noun)


def _records(answer: SizeAnswer, tried: TriedBacklog) -> str:
    words, events = counted(tried.backlog, "record"), answer.events(tried.backlog)
    if events is None:
        return words
    return f"{words} (the events of {counted(round(events), 'operation')})"


def _advice(answer: SizeAnswer, advice: Advice) -> Iterator[Part]:
    yield Heading("To paste into the rules")
    yield from map(Line, advice.lines)
    found = answer.clean.backlog if answer.clean is not None else 0
    yield Line(
        f"{advice.backlog:,} is {found:,} with a margin of {answer.sizing.margin:g} "
        "(`--margin`), rounded up. While it is "
        f"full it takes {advice.memory_bytes / _MIB:,.0f} MiB of the kernel's memory, and none "
        "while it is empty. Beyond it a process that makes an event waits for room, "
        f"{advice.wait_s:g} s at most, and then the event is lost. No -r: a rate limit "
        "throws away what the backlog would have held."
    )


def _measured(answer: SizeAnswer) -> Iterator[str]:
    measured = answer.measured
    if measured.made_per_s is None or measured.drain_per_s is None:
        return
    least = "at least " if measured.never_waited else ""
    words = (
        f"Measured: {_number(measured.records_per_op or 0, 'record')} per operation; the burst "
        f"makes {_number(measured.made_per_s, 'record')} per second, {answer.sizing.consumer} "
        f"takes {least}{_number(measured.drain_per_s, 'record')} per second."
    )
    if answer.computed is not None:
        words += f" By arithmetic the queue gets {_number(answer.computed, 'record')} long."
    yield words


def _waited(answer: SizeAnswer) -> Iterator[str]:
    if answer.waited_ms is None or answer.lossy is None:
        return
    trials = counted(answer.waiting_trials, "trial")
    lost = f"{answer.waiting_lost} of them lost" if answer.waiting_lost else "none of them lost"
    yield (
        f"With waiting allowed at {counted(answer.lossy.backlog, 'record')} the load waited "
        f"{duration(answer.waited_ms * 1e6)} (median of {trials}), and {lost} anything."
    )


def _tried(answer: SizeAnswer) -> Grid:
    rows = tuple(
        (
            number(f"{tried.backlog:,}", tried.backlog),
            number(f"{answer.events(tried.backlog) or 0:,.0f}", answer.events(tried.backlog)),
            number(str(tried.trials), tried.trials),
            number(str(tried.lost), tried.lost),
            number(f"{tried.backlog * RECORD_BYTES / _MIB:,.1f}", tried.backlog * RECORD_BYTES),
        )
        for tried in answer.tried
    )
    return Grid("tried", "Backlogs that were tried; no process waited for room", _COLUMNS, rows)


def _notes(answer: SizeAnswer) -> Iterator[str]:
    if answer.sizing.log is not None:
        yield (
            "A log has only what arrived: where events were lost or had to wait, the load itself "
            "was larger."
        )
    yield (
        f"`auditbench plot {answer.run} --kind timeline -o queue.svg` draws the queue in burst and "
        "recovery."
    )
