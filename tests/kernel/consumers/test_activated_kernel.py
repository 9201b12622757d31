"""A program that gets an audit socket as from systemd."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from harness.consumers.foreign import activated
from tests.support.command import ROOT

pytestmark = pytest.mark.kernel

ASKS = """
import json, os, socket
given = socket.socket(fileno=3)
print(json.dumps({
    "count": os.environ["LISTEN_FDS"],
    "mine": int(os.environ["LISTEN_PID"]) == os.getpid(),
    "protocol": given.proto,
    "credentials": given.getsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED),
    "buffer": given.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF),
    "name": given.getsockname(),
}))
"""


def test_the_program_has_the_socket_as_its_first() -> None:
    words = [sys.executable, "-P", "-m", activated.__name__, sys.executable, "-c", ASKS]
    said = json.loads(subprocess.check_output(words, cwd=ROOT))
    assert (said["count"], said["mine"], said["protocol"]) == ("1", True, 9)
    assert said["credentials"] == 1
    assert said["buffer"] >= activated.RECEIVE_BUFFER_BYTES
    assert said["name"][1] == activated.GROUP
