# cython: auto_pickle=False, autotestdict=False
"""The workload `shells`: posix_spawn of `/bin/sh -c :`, or of another program, and its end.

With execve watched, every operation is exactly one execve event. The program's standard input,
output and error are /dev/null. Exit statuses other than 0 are counted separately from failures.
"""

import cython

from workloads.parts.tallies cimport SharedTallies
from workloads.parts.load cimport Load
from workloads.parts.spawn cimport Program, program, spawn_and_wait
from workloads.running.programs import program_yields, shell_path, shell_program, user_program


cdef int spawn_once(void *state) noexcept nogil:
    return spawn_and_wait(<program *>state)


@cython.final
cdef class Shells(Load):
    """Spawns `words`, or the plain shell if there are none."""

    cdef Program program
    cdef str path

    def __init__(self, list words):
        if words:
            self.program, self.path = user_program(words)
        else:
            self.program, self.path = shell_program(":"), None
        self.operation = spawn_once
        self.state = &self.program.what

    def prepare(self, SharedTallies shared, int worker) -> None:
        """Direct the program's exit statuses to this worker's tally."""
        Load.prepare(self, shared, worker)
        self.program.what.statuses = self.mine.statuses

    def yields(self, usual) -> dict[str, float]:
        """The usual yields for the shell; for other programs those that are known."""
        return dict(usual) if self.path is None else program_yields(usual, self.path)

    def details(self, done) -> dict[str, object]:
        """The program's path, symbolic links followed (as an exe filter needs it)."""
        return {"program": self.path or shell_path()}


def build(options) -> Shells:
    """The workload with `--program PATH [-- ARGUMENTS]`, or with the shell."""
    return Shells([options.program, *options.command] if options.program else [])
