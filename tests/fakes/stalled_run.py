"""A run whose consumer stands still while a producer waits for the backlog: to be killed.

    python -m tests.fakes.stalled_run STATE_DIR

On the running kernel. Only the syscalls of the one producer are recorded. Says
`stalled CONSUMER PRODUCER` once the producer sleeps in the kernel.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.kernel.lease.lease import take_lease
from harness.model.state import AuditState
from tests.kernel.conftest import field_rule

CONSUMER = """
import os, signal, time
from harness.kernel.client import AuditClient
from harness.model.state import AuditState
client = AuditClient()
client.register()
print(flush=True)
time.sleep(600)
"""
PRODUCER = """
import os, sys
print(flush=True)
sys.stdin.readline()
while True:
    os.getppid()
"""
WAIT_JIFFIES = 20_000  # a minute or more: nobody would wait for its end


def start(code: str) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def slow(rules: tuple[bytes, ...]) -> AuditState:
    return AuditState(
        enabled=1, failure=0, backlog_limit=20, backlog_wait_time=WAIT_JIFFIES, rules=rules
    )


def main() -> None:
    with take_lease(command="stalled run", state_dir=Path(sys.argv[1])) as lease:
        lease.apply(slow(()))
        consumer = start(CONSUMER)
        lease.register_child(consumer.pid)
        producer = start(PRODUCER)
        lease.register_child(producer.pid)
        everything = field_rule(4, 2, [(0, producer.pid)])
        everything = everything[:12] + b"\xff" * 256 + everything[268:]
        lease.apply(slow((everything,)))
        consumer.send_signal(signal.SIGSTOP)
        assert producer.stdin is not None
        producer.stdin.write(b"\n")
        producer.stdin.flush()
        while state_of(producer.pid) != "D":
            time.sleep(0.001)
        print("stalled", consumer.pid, producer.pid, flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main()
