"""Evaluation of the latency histograms: merging of workers, percentiles, JSON.

The Python twin of `buckets.pxd`, which fills them inside the timed section. A percentile is
the upper end of its bucket (as HDR histograms report it), but never above the maximum, so it
is at most 1/128 too high and never too low.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SUB_BUCKET_BITS = 7
SUB_BUCKETS = 1 << SUB_BUCKET_BITS

Bucket = tuple[int, int]  # (index, count)


def bucket_of(value_ns: int) -> int:
    """The index of the bucket that holds `value_ns`."""
    if value_ns < SUB_BUCKETS:
        return value_ns
    shift = value_ns.bit_length() - 1 - SUB_BUCKET_BITS
    return (shift << SUB_BUCKET_BITS) + (value_ns >> shift)


def bucket_lower_ns(index: int) -> int:
    """The smallest value that bucket `index` holds."""
    if index < SUB_BUCKETS:
        return index
    shift = (index >> SUB_BUCKET_BITS) - 1
    return (SUB_BUCKETS + (index & (SUB_BUCKETS - 1))) << shift


def bucket_upper_ns(index: int) -> int:
    """The largest value that bucket `index` holds."""
    return bucket_lower_ns(index + 1) - 1


def merge(histograms: Iterable[Sequence[Bucket]]) -> list[Bucket]:
    """Add up the buckets of several workers; the result is sorted by index."""
    counts: dict[int, int] = {}
    for buckets in histograms:
        for index, count in buckets:
            counts[index] = counts.get(index, 0) + count
    return sorted(counts.items())


def percentile_ns(buckets: Sequence[Bucket], per_mille: int, max_ns: int) -> int:
    """The value below or at which `per_mille` of 1000 samples lie; 0 without samples."""
    samples = sum(count for _, count in buckets)
    wanted = max(1, -(-samples * per_mille // 1000))  # the nearest rank, rounded up
    seen = 0
    for index, count in buckets:
        seen += count
        if seen >= wanted:
            return min(bucket_upper_ns(index), max_ns)
    return 0


def summary(
    buckets: Sequence[Bucket], *, total_ns: int, min_ns: int, max_ns: int
) -> dict[str, object]:
    """The `latency` object of a result; all zeros where nothing was sampled."""
    samples = sum(count for _, count in buckets)
    return {
        "count": samples,
        "min_ns": min_ns if samples else 0,
        "max_ns": max_ns if samples else 0,
        "mean_ns": total_ns / samples if samples else 0.0,
        "p50_ns": percentile_ns(buckets, 500, max_ns),
        "p90_ns": percentile_ns(buckets, 900, max_ns),
        "p99_ns": percentile_ns(buckets, 990, max_ns),
        "p999_ns": percentile_ns(buckets, 999, max_ns),
        "buckets": [[bucket_lower_ns(index), count] for index, count in buckets],
    }
