"""A small service of the tests' own: a server that answers lines, and a client that counts."""

from __future__ import annotations

import sys
from pathlib import Path

SERVER = """
import os, socket, sys
server = socket.create_server(("ADDRESS", int(sys.argv[1])), backlog=64)
open(sys.argv[2], "w").write(f"{os.getpid()} {os.getcwd()} {os.getuid()}")
os.close(os.open("/etc/hostname", os.O_RDONLY)) if os.path.exists("/etc/hostname") else None
while True:
    peer, _ = server.accept()
    while line := peer.recv(100):
        peer.sendall(line)
    peer.close()
"""
CLIENT = """
import socket, sys, time
address, port, ops = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
start = time.monotonic_ns()
for _ in range(ops):
    before = time.monotonic_ns()
    with socket.create_connection((address, port)) as peer:
        peer.sendall(b"x")
        peer.recv(100)
    print("took", time.monotonic_ns() - before)
    time.sleep(PAUSE)
print("done", ops, "in", (time.monotonic_ns() - start) / 1e9, "s")
"""
FILE = """
summary = "a server of a few lines of Python"
operation = "connect, one byte there and back, close"
ops = 40
noisy = "accept4"

[files]
"server.py" = '''{server}'''
"client.py" = '''{client}'''

[server]
command = ["{python}", "server.py", "{{port}}", "{where}"]

[client]
command = ["{python}", "client.py", "{{address}}", "{{port}}", "{{ops}}"]
timeout_s = 60

[output]
ops = 'done (\\d+) in'
elapsed = 'in ([\\d.]+) s'
samples = '^took (\\d+)$'
unit = "ns"
"""


def own_service(
    folder: Path,
    *,
    name: str = "mine",
    address: str = "127.0.0.1",
    pause_s: float = 0,
) -> Path:
    """Write the file of the service into a folder; its server leaves pid, folder and uid there.

    `pause_s` is the client's pause after each operation; an `address` of more than the loopback is
    one that must be refused.
    """
    path = folder / f"{name}.toml"
    path.write_text(
        FILE.format(
            server=SERVER.replace("ADDRESS", address),
            client=CLIENT.replace("PAUSE", str(pause_s)),
            python=sys.executable,
            where=folder / f"{name}.where",
        )
    )
    return path


def server_of(folder: Path, name: str = "mine") -> tuple[int, Path, int]:
    """The pid, the working directory and the uid of the server that started last."""
    pid, where, uid = (folder / f"{name}.where").read_text().split()
    return int(pid), Path(where), int(uid)
