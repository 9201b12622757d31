# cython: auto_pickle=False, autotestdict=False
"""The workload `command`: any command, once per operation.

Its calls are unknown, so nothing is certain about its yields. Its input and output are /dev/null
unless the output is requested; it runs in the load's own process group, so that it ends with the
load, however that ends.
"""

import cython

from workloads.parts.tallies cimport SharedTallies
from workloads.parts.load cimport Load
from workloads.parts.spawn cimport Program, program, spawn_and_wait
from workloads.running.programs import user_program


cdef int run_once(void *state) noexcept nogil:
    return spawn_and_wait(<program *>state)


@cython.final
cdef class Command(Load):
    """Runs `words` again and again."""

    cdef Program program
    cdef list words
    cdef str path

    def __init__(self, words):
        self.words = list(words)
        self.program, self.path = user_program(self.words)
        self.operation = run_once
        self.state = &self.program.what

    def prepare(self, SharedTallies shared, int worker) -> None:
        """Direct the command's exit statuses to this worker's tally."""
        Load.prepare(self, shared, worker)
        self.program.what.statuses = self.mine.statuses

    def details(self, done) -> dict[str, object]:
        """The command and its program, symbolic links followed."""
        return {"command": self.words, "program": self.path}


def build(options) -> Command:
    """The workload with the command after `--`."""
    return Command(options.command)
