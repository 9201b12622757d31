# cython: auto_pickle=False, autotestdict=False
"""The memory that the supervisor and its workers share.

One gate (go, stop) and one tally per worker, in an anonymous shared mapping made before the
workers are forked. It counts; what the counts mean is put together in `running/report.py`.
"""

import cython

from libc.errno cimport errno
from libc.stdint cimport UINT64_MAX
from libc.string cimport memset
from posix.mman cimport MAP_ANONYMOUS, MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, mmap, munmap

from workloads.parts.buckets cimport BUCKETS, record
from workloads.parts.clock cimport monotonic_ns
from workloads.parts.futex cimport futex_wait, futex_wake_all

GATE_BYTES = 4096


@cython.final
cdef class SharedTallies:
    """`workers` tallies and a gate, shared with every process forked after this was made."""

    def __cinit__(self, int workers):
        cdef char *memory
        if workers < 1:
            raise ValueError("tallies need at least one worker")
        self.workers = workers
        self.size_bytes = <size_t>GATE_BYTES + workers * sizeof(tally)
        memory = <char *>mmap(NULL, self.size_bytes, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0)
        if memory == <char *>MAP_FAILED:
            raise OSError(errno, "no shared memory for the workers' tallies")
        self.gate = <gate *>memory
        self.tallies = <tally *>(memory + <size_t>GATE_BYTES)
        for worker in range(workers):
            self.tallies[worker].latency.min_ns = UINT64_MAX

    def __dealloc__(self):
        if self.gate != NULL:
            munmap(self.gate, self.size_bytes)

    cdef tally *tally_of(self, int worker) except NULL:
        if not 0 <= worker < self.workers:
            raise IndexError(f"no worker {worker}")
        return &self.tallies[worker]

    def touch(self, int worker) -> None:
        """Fault in the pages of one tally, so that the timed section does not."""
        cdef tally *mine = self.tally_of(worker)
        memset(mine, 0, sizeof(tally))
        mine.latency.min_ns = UINT64_MAX

    def release(self, long long delay_ns=0) -> int:
        """Let all workers run; open loops begin `delay_ns` from now. Return that moment."""
        self.gate.base_ns = monotonic_ns() + delay_ns
        open_gate(self.gate)
        futex_wake_all(&self.gate.go)
        return self.gate.base_ns

    def await_release(self) -> None:
        """Sleep until the workers may run."""
        with nogil:
            while not is_open(self.gate):
                futex_wait(&self.gate.go, 0)

    def stop(self) -> None:
        """Ask all workers to end after their current operation."""
        self.gate.stop = 1
        open_gate(self.gate)
        futex_wake_all(<unsigned int *>&self.gate.stop)
        futex_wake_all(&self.gate.go)

    @property
    def stopped(self) -> bool:
        return self.gate.stop != 0

    def note_speed_before(self, int worker, long long probe_ns, long long waited_ns) -> None:
        """Note the CPU's speed when the worker was ready, and how long it waited for that."""
        cdef tally *mine = self.tally_of(worker)
        mine.probe_before_ns, mine.speed_wait_ns = probe_ns, waited_ns

    def note_speed_after(self, int worker, long long probe_ns) -> None:
        """Note the CPU's speed when the worker had done its share."""
        self.tally_of(worker).probe_after_ns = probe_ns

    def add_sample(self, int worker, long long elapsed_ns) -> None:
        """Record one latency, as the timed section does."""
        record(&self.tally_of(worker).latency, elapsed_ns)

    def counters(self, int worker) -> dict[str, int]:
        """The tally's plain numbers under their names in the struct."""
        cdef tally *mine = self.tally_of(worker)
        return {
            "start_ns": mine.start_ns,
            "end_ns": mine.end_ns,
            "ops": mine.ops,
            "failures": mine.failures,
            "behind_ns": mine.behind_ns,
            "longest_ns": mine.longest_ns,
            "longest_end_ns": mine.longest_end_ns,
            "spun_ns": mine.spun_ns,
            "busy_ns": mine.busy_ns,
            "probe_before_ns": mine.probe_before_ns,
            "probe_after_ns": mine.probe_after_ns,
            "speed_wait_ns": mine.speed_wait_ns,
            "cpu_user_ns": mine.cpu_user_ns,
            "cpu_system_ns": mine.cpu_system_ns,
            "children_user_ns": mine.children_user_ns,
            "children_system_ns": mine.children_system_ns,
            "voluntary_switches": mine.voluntary_switches,
            "involuntary_switches": mine.involuntary_switches,
            "children_voluntary_switches": mine.children_voluntary_switches,
            "children_involuntary_switches": mine.children_involuntary_switches,
            "max_rss_bytes": mine.max_rss_bytes,
            "latency_total_ns": mine.latency.total_ns,
            "latency_min_ns": mine.latency.min_ns,
            "latency_max_ns": mine.latency.max_ns,
        }

    def errors(self, int worker) -> dict[int, int]:
        """Failed operations by error number."""
        cdef tally *mine = self.tally_of(worker)
        return {error: mine.errors[error] for error in range(ERRNOS) if mine.errors[error]}

    def statuses(self, int worker) -> dict[int, int]:
        """Spawned programs that did not exit with 0: by exit code, by minus the signal."""
        cdef tally *mine = self.tally_of(worker)
        return {
            status if status < 256 else 256 - status: mine.statuses[status]
            for status in range(STATUSES) if mine.statuses[status]
        }

    def buckets(self, int worker) -> list[tuple[int, int]]:
        """The filled latency buckets as (index, count)."""
        cdef tally *mine = self.tally_of(worker)
        return [
            (index, mine.latency.buckets[index])
            for index in range(BUCKETS) if mine.latency.buckets[index]
        ]
