"""Reading what a client wrote: how many operations it did, how long, and how late they were."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from workloads.errors import EXIT_UNTRUSTWORTHY, WorkloadError
from workloads.parts.latency import bucket_of, merge, summary
from workloads.services.file import NS, Output

LAST_WORDS = 200
"""How much of an output an error quotes, in characters."""
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")
_BELOW_0 = "a time of the client is below 0: correct [output]"


@dataclass(frozen=True, slots=True)
class Measured:
    """What a client says: `latency` is None where it says nothing of single operations."""

    ops: int
    elapsed_ns: int
    failures: int = 0
    latency: dict[str, object] | None = field(default=None)


def read_output(
    output: Output, text: str, samples: Iterable[str], *, asked: int, took_ns: int
) -> Measured:
    """What the client's `text` says; `samples` are the lines that hold single operations.

    `asked` operations were asked for, and the client's process took `took_ns`. WorkloadError if
    something that the file promises is not found.
    """
    ops = _whole("ops", output.ops, text) if output.ops else asked
    if ops < 1:
        raise _missing("ops", text, "the client did nothing")
    elapsed_ns = took_ns
    if output.elapsed:
        elapsed_ns = round(_number("elapsed", output.elapsed, text) * NS[output.elapsed_unit])
    elif output.per_second:
        rate = _number("per_second", output.per_second, text)
        elapsed_ns = round(ops / rate * 1e9) if rate > 0 else 0
    if elapsed_ns <= 0:
        raise _missing("the time", text, "it is not above 0")
    return Measured(ops, elapsed_ns, _failures(output, text), _latency(output, text, samples, ops))


def _latency(
    output: Output, text: str, samples: Iterable[str], ops: int
) -> dict[str, object] | None:
    if output.samples:
        return _of_samples(output, samples)
    keys = {"p50": output.p50, "p99": output.p99, "p999": output.p999}
    given = {key: pattern for key, pattern in keys.items() if pattern}
    if not given:
        return None
    found = {
        f"{key}_ns": round(_number(key, pattern, text) * NS[output.unit])
        for key, pattern in given.items()
    }
    if min(found.values()) < 0:
        raise WorkloadError(_BELOW_0, exit_code=EXIT_UNTRUSTWORTHY)
    return {"count": ops, **found, "buckets": []}


def _of_samples(output: Output, lines: Iterable[str]) -> dict[str, object]:
    pattern = re.compile(output.samples)
    matches = (pattern.search(line) for line in lines)
    values = [round(_float(match[1]) * NS[output.unit]) for match in matches if match is not None]
    if not values:
        raise WorkloadError(
            "no line of the client matches samples in [output]: correct it",
            exit_code=EXIT_UNTRUSTWORTHY,
        )
    if min(values) < 0:
        raise WorkloadError(_BELOW_0, exit_code=EXIT_UNTRUSTWORTHY)
    buckets = merge([[(bucket_of(value), 1) for value in values]])
    return summary(buckets, total_ns=sum(values), min_ns=min(values), max_ns=max(values))


def _failures(output: Output, text: str) -> int:
    if not output.failures:
        return 0
    found: Sequence[str] = re.findall(output.failures, text)
    return sum(max(round(_float(number)), 0) for number in found)


def _whole(key: str, pattern: str, text: str) -> int:
    return round(_number(key, pattern, text))


def _number(key: str, pattern: str, text: str) -> float:
    match = re.search(pattern, text)
    if match is None:
        raise _missing(key, text, "its pattern in [output] matches nothing")
    return _float(match[1])


def _float(text: str | None) -> float:
    try:
        value = float(_without_commas(text or ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e18:
        raise WorkloadError(
            f"the client wrote {str(text)[:40]!r} where a number should stand: correct [output]",
            exit_code=EXIT_UNTRUSTWORTHY,
        )
    return value


def _without_commas(text: str) -> str:
    """The number without commas between thousands; any other comma stays, and makes it none: 0,5
    is no 5.
    """
    return text.replace(",", "") if _THOUSANDS.fullmatch(text) else text


def _missing(what: str, text: str, why: str) -> WorkloadError:
    said = " ".join(text.split())[-LAST_WORDS:]
    return WorkloadError(
        f"the client's output does not say {what} ({why}); it ends with: {said or 'nothing'}",
        exit_code=EXIT_UNTRUSTWORTHY,
    )
