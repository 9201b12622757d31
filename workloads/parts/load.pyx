# cython: auto_pickle=False, autotestdict=False
"""The timed section: waits at the gate, repeats an operation, measures its time.

Closed loop: each operation starts when the one before has ended, and one clock reading serves
as the end of one and the start of the next. Open loop: operation k starts at its intended time
and its latency counts from there, so a stall shows in every operation it delays; the first ones
may all be due at once, a burst before the rate. Between the
first and the last clock reading there are no syscalls except the operation's own (and, in the
open loop, the sleep until an intended start). The workloads define the operations.
"""

from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport calloc, free
from posix.resource cimport RUSAGE_CHILDREN, RUSAGE_SELF, getrusage, rusage

from workloads.parts.tallies cimport count_failure, is_open
from workloads.parts.buckets cimport record
from workloads.parts.clock cimport monotonic_ns, process_cpu_ns
from workloads.parts.futex cimport futex_wait
from workloads.parts.pace cimport wait_until


cdef struct usage:
    rusage mine
    rusage children
    int64_t cpu_ns


cdef inline int64_t keep_busy(int64_t since_ns, int64_t busy_ns, tally *mine) noexcept nogil:
    # Busy from one reading of the clock to the first that is `busy_ns` later, which it returns.
    # Both readings are the loop's own, so the recorded time is all that this adds.
    cdef int64_t now = since_ns
    while now - since_ns < busy_ns:
        now = monotonic_ns()
    mine.busy_ns += now - since_ns
    return now


cdef void closed_loop(operation act, void *state, gate *entry, tally *mine,
                      const share *part) noexcept nogil:
    cdef uint64_t done = 0
    cdef int error
    cdef int64_t now, before = monotonic_ns()
    mine.start_ns = before
    while done < part.ops and not entry.stop:
        error = act(state)
        now = monotonic_ns()
        if part.busy_ns > 0:
            now = keep_busy(now, part.busy_ns, mine)
        if error != 0:
            count_failure(mine, error)
        record(&mine.latency, now - before)
        before = now
        done += 1
        mine.ops = done
        mine.end_ns = now


cdef void batched_loop(operation act, void *state, gate *entry, tally *mine,
                       const share *part) noexcept nogil:
    cdef uint64_t done = 0, step, _i
    cdef int error
    cdef int64_t now, before = monotonic_ns()
    mine.start_ns = before
    while done < part.ops and not entry.stop:
        step = min(part.batch, part.ops - done)
        for _i in range(step):
            error = act(state)
            if error != 0:
                count_failure(mine, error)
        now = monotonic_ns()
        if part.busy_ns > 0:
            now = keep_busy(now, part.busy_ns * <int64_t>step, mine)
        record(&mine.latency, (now - before) // <int64_t>step)
        before = now
        done += step
        mine.ops = done
        mine.end_ns = now


cdef inline int64_t due_ns(const gate *entry, const share *part, uint64_t done) noexcept nogil:
    # A token bucket: `burst` operations of all workers at once, then one per period.
    cdef uint64_t place = done * part.stride + part.first
    cdef uint64_t after = place - part.burst + 1 if place >= part.burst else 0
    return entry.base_ns + <int64_t>(<double>after * part.period_ns)


cdef void open_loop(operation act, void *state, gate *entry, tally *mine,
                    const share *part) noexcept nogil:
    cdef uint64_t done = 0
    cdef int error
    cdef int64_t now, due
    while done < part.ops:
        due = due_ns(entry, part, done)
        now = wait_until(entry, due, &mine.spun_ns)
        if entry.stop:
            break
        if done == 0:
            mine.start_ns = now
        mine.behind_ns = max(mine.behind_ns, now - due)
        error = act(state)
        now = monotonic_ns()
        if part.busy_ns > 0:
            now = keep_busy(now, part.busy_ns, mine)
        if error != 0:
            count_failure(mine, error)
        record(&mine.latency, now - due)
        if now - due > mine.longest_ns:
            mine.longest_ns, mine.longest_end_ns = now - due, now
        done += 1
        mine.ops = done
        mine.end_ns = now


cdef void chunked_loop(operation act, void *state, int64_t *took_ns, uint64_t chunks,
                       uint64_t ops, tally *mine) noexcept nogil:
    cdef uint64_t chunk, _i
    cdef int error
    cdef int64_t before
    for chunk in range(chunks):
        before = monotonic_ns()
        for _i in range(ops):
            error = act(state)
            if error != 0:
                count_failure(mine, error)
        took_ns[chunk] = monotonic_ns() - before
        mine.ops += ops


cdef void read_usage(usage *read) noexcept nogil:
    getrusage(RUSAGE_SELF, &read.mine)
    getrusage(RUSAGE_CHILDREN, &read.children)
    read.cpu_ns = process_cpu_ns()


cdef inline int64_t user_ns(const rusage *read) noexcept nogil:
    return <int64_t>read.ru_utime.tv_sec * 1000000000 + read.ru_utime.tv_usec * 1000


cdef inline int64_t system_ns(const rusage *read) noexcept nogil:
    return <int64_t>read.ru_stime.tv_sec * 1000000000 + read.ru_stime.tv_usec * 1000


cdef void charge(tally *mine, const usage *before, const usage *after) noexcept nogil:
    # The worker's own total comes from the nanosecond clock; getrusage only splits it.
    cdef int64_t total = after.cpu_ns - before.cpu_ns
    mine.cpu_user_ns = min(total, user_ns(&after.mine) - user_ns(&before.mine))
    mine.cpu_system_ns = total - mine.cpu_user_ns
    mine.children_user_ns = user_ns(&after.children) - user_ns(&before.children)
    mine.children_system_ns = system_ns(&after.children) - system_ns(&before.children)
    mine.voluntary_switches = after.mine.ru_nvcsw - before.mine.ru_nvcsw
    mine.involuntary_switches = after.mine.ru_nivcsw - before.mine.ru_nivcsw
    mine.children_voluntary_switches = after.children.ru_nvcsw - before.children.ru_nvcsw
    mine.children_involuntary_switches = after.children.ru_nivcsw - before.children.ru_nivcsw
    mine.max_rss_bytes = after.mine.ru_maxrss * 1024


cdef class Load:
    """A workload ready to run. Subclasses set the operation in C and describe themselves."""

    def __cinit__(self, *args, **kwargs):
        self.batch = 1

    def prepare(self, SharedTallies shared, int worker) -> None:
        """Set up in the worker process, before the session begins and the clock runs."""
        self.mine = shared.tally_of(worker)

    def begin(self) -> list[int]:
        """Start, in the session and before `ready`, what acts beside the worker; its processes."""
        return []

    def measured(self) -> dict[str, object]:
        """Parts of the result that the workload knows better than the tallies; after `run`."""
        return {}

    def helpers(self) -> tuple[int, ...]:
        """Children of the supervisor that end by themselves after it."""
        return ()

    def clean_up(self) -> None:
        """Remove, in the supervisor, the workload's leftovers; called once at the end."""

    def yields(self, usual) -> dict[str, float]:
        """Calls per operation that are certain, by syscall name; other names are unknown.

        `usual` are the catalog's, which hold for default options.
        """
        return dict(usual)

    def details(self, long long done) -> dict[str, object]:
        """Details of this workload's set-up and of the `done` operations."""
        return {}

    def planned_ops(self, wanted: int | None, default_ops: int) -> int:
        """The number of operations to do if the user `wanted` so many, or gave no number."""
        return default_ops if wanted is None else wanted

    def share_of(self, long long ops, int worker, int workers) -> int:
        """The number of `ops` operations that this worker does."""
        return ops // workers + (worker < ops % workers)

    def run(self, SharedTallies shared, int worker, long long ops, double rate_per_s=0,
            long long busy_ns=0, long long burst=1) -> None:
        """Wait for the gate, then do `ops` operations; all workers together at `rate_per_s`,
        the first `burst` of them at once.

        After each operation the worker is busy for `busy_ns`, which counts as part of it.

        The results are in `shared`. Meanwhile it holds no GIL and makes no syscalls of its own.
        """
        cdef share part
        cdef usage before, after
        part.ops = <uint64_t>ops
        part.first = <uint64_t>worker
        part.stride = <uint64_t>shared.workers
        part.period_ns = 1e9 / rate_per_s if rate_per_s > 0 else 0.0
        part.burst = <uint64_t>max(burst, 1)
        part.batch = <uint64_t>self.batch
        part.busy_ns = busy_ns
        self.mine = shared.tally_of(worker)
        with nogil:
            while not is_open(shared.gate):
                futex_wait(&shared.gate.go, 0)
            read_usage(&before)
            self.perform(shared.gate, &part)
            read_usage(&after)
            charge(self.mine, &before, &after)

    def time_chunks(self, SharedTallies shared, int worker, long long chunks,
                    long long ops) -> list[int]:
        """The times in ns of `chunks` stretches of `ops` operations, one after the other.

        For a clock that counts instructions: two readings per stretch, and nothing between them
        but the operations, so that stretches of 0 operations show what the readings cost.
        Failures are counted in `shared`. MemoryError where there is no room for the times.
        """
        cdef int64_t *took_ns = <int64_t *>calloc(max(chunks, 1), sizeof(int64_t))
        if took_ns == NULL:
            raise MemoryError("no room for the times of the chunks")
        self.mine = shared.tally_of(worker)
        try:
            with nogil:
                chunked_loop(self.operation, self.state, took_ns, <uint64_t>max(chunks, 0),
                             <uint64_t>max(ops, 0), self.mine)
            return [took_ns[chunk] for chunk in range(chunks)]
        finally:
            free(took_ns)

    cdef void perform(self, gate *entry, const share *part) noexcept nogil:
        if part.period_ns > 0:
            open_loop(self.operation, self.state, entry, self.mine, part)
        elif part.batch > 1:
            batched_loop(self.operation, self.state, entry, self.mine, part)
        else:
            closed_loop(self.operation, self.state, entry, self.mine, part)
