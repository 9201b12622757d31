"""The readers of single sources on made-up `/proc` trees, and their differences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.host.cpu import read_frequency_khz
from harness.host.netlink_sockets import read_audit_sockets
from harness.host.proc import (
    TICK_NS,
    read_load_average,
    read_machine_cpu,
    read_memory_bytes,
    read_pressure,
)
from harness.host.process_cpu import read_process_cpu
from harness.host.tree import HostTree
from harness.metrics.audit import audit_delta, kauditd_pid, socket_drops
from harness.metrics.catalog import METRICS
from harness.metrics.machine import cpu_delta, memory_delta, pressure_delta, read_machine
from tests.support.made_up_host import MadeUpHost, audit_status


@pytest.fixture
def host(tmp_path: Path) -> MadeUpHost:
    return MadeUpHost(tmp_path)


def process(
    host: MadeUpHost, pid: int, *, name: str = "worker", flags: int = 0, **more: int
) -> None:
    """A process with two threads; `run` is the ns of the first, the second has 1000."""
    values = {"user": 10, "system": 5, "start": 777, "run": 50_000_000, **more}
    host.process(pid, name)
    host.write(
        f"/proc/{pid}/stat",
        f"{pid} ({name}) S 1 {pid} 0 0 -1 {flags} 0 0 0 0 {values['user']} {values['system']} "
        f"3 2 20 0 2 0 {values['start']} 9000000 250 0\n",
    )
    host.write(
        f"/proc/{pid}/status", "voluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t7\n"
    )
    host.write(f"/proc/{pid}/task/{pid}/schedstat", f"{values['run']} 600 9\n")
    host.write(f"/proc/{pid}/task/{pid + 1}/schedstat", "1000 50 1\n")


def test_process_adds_its_threads(host: MadeUpHost) -> None:
    process(host, 40)
    found = read_process_cpu(40, host.tree)
    assert found is not None
    assert (found.run_ns, found.wait_ns) == (50_001_000, 650)
    assert (found.user_ns, found.system_ns) == (10 * TICK_NS, 5 * TICK_NS)
    assert (found.children_user_ns, found.children_system_ns) == (3 * TICK_NS, 2 * TICK_NS)
    assert found.start_ticks == 777


def test_process_with_brackets_and_spaces_in_its_name(host: MadeUpHost) -> None:
    process(host, 40, name="a) S (b 1 2 3")
    found = read_process_cpu(40, host.tree)
    assert found is not None
    assert found.user_ns == 10 * TICK_NS


def test_process_without_scheduler_statistics(host: MadeUpHost) -> None:
    process(host, 40)
    for thread in (40, 41):
        host.write(f"/proc/40/task/{thread}/schedstat", "0 0 0\n")
    found = read_process_cpu(40, host.tree)
    assert found is not None
    assert found.run_ns is None
    assert found.delta(found)["run_ns"] is None


def test_process_that_is_gone(host: MadeUpHost) -> None:
    assert read_process_cpu(41, host.tree) is None


def test_process_difference(host: MadeUpHost) -> None:
    process(host, 40)
    before = read_process_cpu(40, host.tree)
    process(host, 40, run=80_000_000, user=12)
    after = read_process_cpu(40, host.tree)
    assert before is not None
    assert after is not None
    delta = after.delta(before)
    assert delta["run_ns"] == 30_000_000
    assert delta["user_ns"] == 2 * TICK_NS
    assert delta["system_ns"] == 0


def test_a_reused_pid_is_another_process(host: MadeUpHost) -> None:
    process(host, 40)
    before = read_process_cpu(40, host.tree)
    process(host, 40, start=999)
    after = read_process_cpu(40, host.tree)
    assert before is not None
    assert after is not None
    with pytest.raises(ValueError, match="not the process"):
        after.delta(before)


def test_kauditd_is_a_kernel_thread_not_a_namesake(host: MadeUpHost) -> None:
    process(host, 30, name="kauditd")
    process(host, 35, name="kauditd", flags=0x00208040)
    assert kauditd_pid(host.tree) == 35


def test_no_kauditd(host: MadeUpHost) -> None:
    process(host, 30, name="kauditd")
    assert kauditd_pid(host.tree) is None


def test_machine_cpu_difference(host: MadeUpHost) -> None:
    before = read_machine_cpu(host.tree)
    host.change("/proc/stat", "cpu  1000 0 500 8000 10 0 20 5", "cpu  1100 0 550 8000 9 0 30 8")
    host.change("/proc/stat", "cpu1 400 0 200 4000 5 0 10 2", "cpu1 500 0 250 4000 4 0 20 5")
    host.change("/proc/stat", "ctxt 7000", "ctxt 7500")
    after = read_machine_cpu(host.tree)
    assert before is not None
    assert after is not None
    delta = cpu_delta(after, before)
    assert delta["user_ns"] == 100 * TICK_NS
    assert delta["softirq_ns"] == 10 * TICK_NS
    assert delta["steal_ns"] == 3 * TICK_NS
    assert delta["busy_ns"] == 160 * TICK_NS
    assert delta["iowait_ns"] == 0  # it ran backwards
    assert delta["context_switches"] == 500
    assert delta["cpus"] == {
        "0": {"busy_ns": 0, "steal_ns": 0},
        "1": {"busy_ns": 160 * TICK_NS, "steal_ns": 3 * TICK_NS},
    }


def test_pressure_difference_in_ns(host: MadeUpHost) -> None:
    before = read_pressure(host.tree)
    host.change("/proc/pressure/cpu", "total=2000", "total=2500")
    after = read_pressure(host.tree)
    delta = pressure_delta(after, before)
    assert delta is not None
    assert delta["cpu_some_ns"] == 500_000
    assert delta["cpu_full_ns"] == 0
    assert len(delta) == 6


def test_load_and_memory(host: MadeUpHost) -> None:
    load = read_load_average(host.tree)
    memory = read_memory_bytes(host.tree)
    assert load is not None
    assert (load.one_minute, load.running, load.tasks) == (0.10, 1, 200)
    assert memory["MemAvailable"] == 4000 * 1024
    assert memory_delta(memory, {**memory, "SUnreclaim": 0}) == {
        "available_bytes": 0,
        "slab_unreclaimable_bytes": 80 * 1024,
    }


def test_frequency_of_cpufreq_then_of_cpuinfo(host: MadeUpHost) -> None:
    assert read_frequency_khz(host.tree) == dict.fromkeys(range(4), 2_400_000)
    for cpu in range(4):
        host.remove(f"/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_cur_freq")
    assert read_frequency_khz(host.tree) == dict.fromkeys(range(4), 2_400_500)


def test_socket_drops_since(host: MadeUpHost) -> None:
    host.audit_socket(700, port=4000, groups=1, drops=5)
    before = read_audit_sockets(host.tree)
    host.change("/proc/net/netlink", "5        700", "9        700")
    host.audit_socket(701, port=4001, drops=2)
    after = read_audit_sockets(host.tree)
    assert [(row["port_id"], row["drops"]) for row in socket_drops(after, before)] == [
        (4000, 4),
        (4001, 2),
    ]


def test_audit_counters_wrap_and_convert() -> None:
    before = audit_status(lost=2**32 - 2, backlog_wait_time_actual=100)
    delta = audit_delta(before, audit_status(lost=3, backlog_wait_time_actual=350), hz=250)
    assert (delta.lost, delta.waited_jiffies, delta.waited_ms) == (5, 250, 1000.0)


def test_audit_counters_of_an_old_kernel() -> None:
    old = audit_status(backlog_wait_time_actual=None)
    delta = audit_delta(old, old, hz=250)
    assert (delta.waited_jiffies, delta.waited_ms) == (None, None)
    assert audit_delta(audit_status(), audit_status(), hz=None).waited_ms is None


def test_machine_snapshot_is_json(host: MadeUpHost) -> None:
    process(host, 35, name="kauditd", flags=0x00208040)
    process(host, 40)
    before = read_machine([40, 99], host.tree)
    process(host, 35, name="kauditd", flags=0x00208040, run=50_000_700)
    after = read_machine([40, 99], host.tree)
    delta = after.delta(before)
    assert delta.kauditd_cpu_ns == 700
    document = json.loads(json.dumps(delta.as_document()))
    assert document["processes"]["99"] is None
    assert document["processes"]["40"]["run_ns"] == 0
    assert document["cpu"]["steal_ns"] == 0
    assert delta.steal_share == 0


def test_kauditd_in_ticks_where_the_scheduler_tells_nothing(host: MadeUpHost) -> None:
    def kauditd(system: int) -> None:
        process(host, 35, name="kauditd", flags=0x00208040, system=system)
        for thread in (35, 36):
            host.write(f"/proc/35/task/{thread}/schedstat", "0 0 0\n")

    kauditd(5)
    before = read_machine((), host.tree)
    kauditd(8)
    assert read_machine((), host.tree).delta(before).kauditd_cpu_ns == 3 * TICK_NS


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    tree = HostTree(tmp_path)
    delta = read_machine([1], tree).delta(read_machine([1], tree))
    assert delta.kauditd_cpu_ns is None
    assert delta.cpu is None
    assert delta.pressure is None
    assert delta.steal_share is None
    assert delta.processes == {"1": None}


def test_the_live_machine_can_be_read() -> None:
    before = read_machine([1])
    delta = read_machine([1]).delta(before)
    assert delta.elapsed_ns > 0
    assert delta.cpu is not None
    json.dumps(delta.as_document())


def test_metrics_say_their_unit_in_their_name() -> None:
    for metric in METRICS.values():
        if metric.unit != "1":
            unit = {"%": "percent", "MHz": "mhz", "B": "bytes"}.get(metric.unit, metric.unit)
            assert f"_{unit}" in metric.name
        assert metric.summary
