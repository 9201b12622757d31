"""What clients write, as they really wrote it, becomes throughput and latency."""

from __future__ import annotations

import re

import pytest

from workloads.errors import WorkloadError
from workloads.services.file import Output, read_service
from workloads.services.output import Measured, read_output

REDIS = """
SET: rps=0.0 (overall: 0.0) avg_msec=nan (overall: nan)
SET: rps=47328.0 (overall: 47328.0) avg_msec=0.251 (overall: 0.251)
====== SET ======
  100000 requests completed in 2.11 seconds
  20 parallel clients
  3 bytes payload
  keep alive: 1
  multi-thread: no

Latency by percentile distribution:
0.000% <= 0.063 milliseconds (cumulative count 1)
50.000% <= 0.263 milliseconds (cumulative count 50213)
99.805% <= 1.111 milliseconds (cumulative count 99806)
99.902% <= 1.447 milliseconds (cumulative count 99903)
100.000% <= 4.007 milliseconds (cumulative count 100000)

Cumulative distribution of latencies:
99.996% <= 3.103 milliseconds (cumulative count 99996)

Summary:
  throughput summary: 47326.08 requests per second
  latency summary (msec):
          avg       min       p50       p95       p99       max
        0.270     0.056     0.263     0.399     0.551     4.007
"""
WRK = """
Running 2s test @ http://127.0.0.1:34567/
  1 threads and 16 connections
  46052 requests in 2.02s, 37.55MB read
Requests/sec:  22808.41
requests 46052
elapsed_us 2019080
failures 3
p99_us 49498
p50_us 503
p999_us 71269
"""
PGBENCH = """
pgbench (15.18)
transaction type: <builtin: TPC-B (sort of)>
number of transactions actually processed: 1000/1000
number of failed transactions: 0 (0.000%)
latency average = 4.725 ms
tps = 819.832738 (without initial connection time)
"""
DD = """
1000000+0 records in
1000000+0 records out
512000000 bytes (512 MB, 488 MiB) copied, 0.491823 s, 1.0 GB/s
"""
MEMASLAP = """
read_bytes: 39992000
object_bytes: 4352000

Run time: 0.9s Ops: 40000 TPS: 46084 Net_rate: 51.6M/s
"""


def read(name: str, text: str, *, asked: int = 7, lines: tuple[str, ...] = ()) -> Measured:
    output = read_service(name).file.output
    return read_output(output, text, lines or text.splitlines(), asked=asked, took_ns=10**9)


def test_redis_benchmark() -> None:
    found = read("redis", REDIS, asked=100_000)
    assert found.ops == 100_000
    assert found.elapsed_ns == pytest.approx(100_000 / 47326.08 * 1e9)
    assert found.latency == {
        "count": 100_000, "p50_ns": 263_000, "p99_ns": 551_000, "p999_ns": 1_447_000, "buckets": [],
    }  # fmt: skip


def test_redis_benchmark_of_few_operations_has_no_line_for_the_last_thousandth() -> None:
    text = REDIS.replace("99.902%", "99.219%").replace("99.996%", "99.000%")
    found = read("redis", text)
    assert found.latency is not None
    assert found.latency["p999_ns"] == 4_007_000


def test_wrk_with_its_report() -> None:
    found = read("nginx", WRK)
    assert (found.ops, found.elapsed_ns, found.failures) == (46_052, 2_019_080_000, 3)
    assert found.latency is not None
    values = [found.latency[f"{name}_ns"] for name in ("p50", "p99", "p999")]
    assert values == [503_000, 49_498_000, 71_269_000]


def test_pgbench_with_its_log_of_transactions() -> None:
    lines = tuple(f"0 {number} {number * 10} 0 1700000000 1" for number in range(1, 1001))
    found = read("postgresql", PGBENCH, lines=lines)
    assert (found.ops, found.failures) == (1_000, 0)
    assert found.elapsed_ns == pytest.approx(1_000 / 819.832738 * 1e9)
    assert found.latency is not None
    assert found.latency["count"] == 1_000
    for name, value_ns in (("p50_ns", 5_000_000), ("p99_ns", 9_900_000), ("p999_ns", 9_990_000)):
        assert value_ns <= found.latency[name] <= value_ns * 129 / 128  # type: ignore[operator]


def test_dd_and_memaslap_tell_no_latency() -> None:
    found = read("dd", DD)
    assert (found.ops, found.elapsed_ns, found.latency) == (1_000_000, 491_823_000, None)
    found = read("memcached", MEMASLAP)
    assert (found.ops, found.latency) == (40_000, None)
    assert found.elapsed_ns == pytest.approx(40_000 / 46_084 * 1e9)


def test_without_patterns_it_is_what_was_asked_for_and_the_time_of_the_process() -> None:
    found = read_output(Output(), "", (), asked=7, took_ns=123)
    assert found == Measured(7, 123)


@pytest.mark.parametrize(
    ("text", "ops"), [("1,234", 1234), ("1,234,567.0", 1_234_567), ("12.9", 13), ("1e3", 1000)]
)
def test_commas_between_thousands_are_none_of_the_number(text: str, ops: int) -> None:
    output = Output(ops=r"did (\S+)")
    assert read_output(output, f"did {text}", (), asked=1, took_ns=1).ops == ops


@pytest.mark.parametrize(
    ("output", "text", "words"),
    [
        (Output(ops=r"did (\d+)"), "it broke", "matches nothing); it ends with: it broke"),
        (Output(ops=r"did (\d+)"), "did 0", "did nothing"),
        (Output(ops=r"did (\S+)"), "did many", "'many' where a number should stand"),
        (Output(ops=r"did (\S+)"), "did inf", "'inf' where a number should stand"),
        (Output(elapsed=r"in (\S+)"), "in -3", "not above 0"),
        (Output(per_second=r"at (\S+)"), "at 0", "not above 0"),
        (Output(p99=r"p99 (\S+)"), "", "does not say p99"),
        (Output(samples=r"took (\d+)"), "took long", "no line of the client matches samples"),
        (Output(samples=r"took (\S+)"), "took -1", "below 0"),
        (Output(p99=r"p99 (\S+)"), "p99 -1", "below 0"),
        (Output(p99=r"p99 (\S+)"), "p99 0,5", "'0,5' where a number should stand"),
        (Output(ops=r"did (\S+)"), "did 1,00", "'1,00' where a number should stand"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_never_made_up(output: Output, text: str, words: str) -> None:
    with pytest.raises(WorkloadError, match=re.escape(words)) as caught:
        read_output(output, text, text.splitlines(), asked=5, took_ns=1)
    assert caught.value.exit_code == 3
