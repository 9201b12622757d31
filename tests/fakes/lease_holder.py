"""A run that takes a lease and keeps changing the audit state: to be killed by tests.

    python -m tests.fakes.lease_holder STATE_DIR [--kernel SOCKET] [--enable] [--child]
                                        [--borrow] [--wait] [--once] [--fork]

On the running kernel, or on a FakeKernel by its socket. Says `leased GUARD_PID [CHILD_PID]` on
stdout, then `step` after each state applied. Nothing here records anything real: the rules
filter on a pid that no process has, and `enabled` becomes 1 only with --enable.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import time
from pathlib import Path

from harness.errors import AuditbenchError
from harness.kernel.client import SocketFactory
from harness.kernel.lease.lease import Lease, take_lease
from harness.model.state import AuditState
from tests.fakes.fake_kernel import connect_to, rule
from tests.support.guards import guard_pid

NOBODY = 2**22  # above the largest pid


def states(enable: bool) -> list[AuditState]:
    """Different in every setting, and in rules kept, added, removed and reordered."""
    a, b, c, task = (rule(NOBODY + n) for n in range(1, 5))
    task = rule(NOBODY + 5, filter_list=1)
    enabled = int(enable)
    return [
        AuditState(enabled=enabled, failure=0, backlog_limit=8192, rules=(a, b)),
        AuditState(enabled=0, backlog_wait_time=1, rate_limit=500, rules=(c, a, b)),
        AuditState(enabled=enabled, backlog_wait_time=0, failure=0, rules=(task, b, a, c)),
        AuditState(enabled=enabled, backlog_limit=0, rate_limit=7),
        AuditState(enabled=0, backlog_limit=9, backlog_wait_time=100, failure=0, rules=(b,)),
    ]


def start_child(lease: Lease) -> str:
    """A registered child that does not end by itself; its pid."""
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; time.sleep(600)"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    lease.register_child(child.pid)
    child.returncode = 0  # left to the lease: no warning about it when we end
    return str(child.pid)


def fork_orphan() -> str:
    """A forked child that outlives us and would hold open whatever it inherits; its pid."""
    pid = os.fork()
    if pid == 0:
        for descriptor in range(3):
            os.close(descriptor)
        time.sleep(600)
        os._exit(0)
    return str(pid)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state_dir", type=Path)
    parser.add_argument("--kernel", type=Path)
    for flag in ("enable", "child", "borrow", "wait", "once", "fork", "check"):
        parser.add_argument(f"--{flag}", action="store_true")
    options = parser.parse_args()
    factory: SocketFactory | None = None
    if options.kernel:
        factory = lambda: connect_to(options.kernel)  # noqa: E731
    try:
        with take_lease(
            command="lease holder",
            borrow=options.borrow,
            wait=options.wait,
            state_dir=options.state_dir,
            socket_factory=factory,
        ) as lease:
            for line in lease.repaired:
                print("repaired", line, flush=True)
            pids = [start_child(lease)] if options.child else []
            pids += [fork_orphan()] if options.fork else []
            print("leased", guard_pid(lease), *pids, flush=True)
            for state in itertools.cycle(states(options.enable)):
                lease.apply(state)
                print("step", flush=True)
                if options.check:
                    for finding in lease.check():
                        print("finding", finding.kind, guard_pid(lease), flush=True)
                if options.once:
                    break
    except AuditbenchError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 5
    return 0


if __name__ == "__main__":
    sys.exit(main())
