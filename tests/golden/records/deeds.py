"""Makes system calls of many kinds, so that an audited kernel shows every sort of event.

Started by record.py with a loginuid that its rules select; waits for a line on stdin.
"""

# Each os call is the one system call that is wanted.
# ruff: noqa: PTH100, PTH102, PTH104, PTH108, PTH116, PTH211
from __future__ import annotations

import ctypes
import mmap
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
LOOPBACK = "127.0.0.1"


def run(*command: str) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def commands() -> None:
    """Command lines: short, odd, split over records, longer than a record."""
    run("/bin/true")
    run("/bin/sh", "-c", "exit 3")
    run("/bin/true", "a b", "", 'quote"d', "\u00fcn\u00ef", "x" * 200)
    run("/bin/true", "X" * 7499)
    run("/bin/true", "Y" * 7600, "z")
    run("/bin/true", *[f"p{number}" for number in range(2048)])
    run("/bin/true", "s p" * 2048)
    run("/bin/true", "m" * 3000, "n n" * 1500, "o" * 9000, "tail")
    run("/bin/true", "A" * 60000)
    with suppress(OSError):
        os.execv("/nonexistent/program", ["x"])
    script = Path("script")
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    run("./script", "arg")


def files() -> None:
    """Names of files: parents, children, hex names, names that are not there."""
    os.mkdir("sub dir")
    Path("file").touch()
    os.rename("file", "file2")
    os.link("file2", "file3")
    os.symlink("file2", "sym")
    os.unlink("file3")
    fd = os.open("file2", os.O_RDWR)
    os.fchmod(fd, 0o644)
    os.write(fd, b"x" * 5000)
    mmap.mmap(fd, 4096).close()
    for name in ("nope", "sub dir/\u00fc", "a" * 255):
        with suppress(OSError):
            os.stat(name)
    how = struct.pack("QQQ", 0, 0, 0)
    for name in (b"file2", b"nope"):
        LIBC.syscall(437, -100, name, how, 24)


def sockets() -> None:
    """Addresses of all families, and calls that never read one."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.connect((LOOPBACK, 9))
    with suppress(OSError):
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).connect(("::1", 9))
    path = os.path.abspath("sock")
    for listener in (socket.socket(socket.AF_UNIX), socket.socket()):
        listener.bind(path if listener.family == socket.AF_UNIX else (LOOPBACK, 0))
        listener.listen()
        for wants_address in (True, False):
            client = socket.socket(listener.family)
            client.connect(listener.getsockname())
            if wants_address:
                listener.accept()[0].getpeername()
            else:
                LIBC.accept(listener.fileno(), None, None)
    socket.socket(socket.AF_UNIX).bind("\0abs tract\0x")
    with suppress(OSError):
        socket.socket(socket.AF_UNIX).connect("/no/such")
    with suppress(OSError):
        socket.socket().connect((LOOPBACK, 1))
    udp.sendto(b"x", (LOOPBACK, 9))
    address = ctypes.create_string_buffer(128)
    for fd, length in (
        (-1, 16),
        (0, 16),
        (udp.fileno(), 0),
        (udp.fileno(), 200),
        (udp.fileno(), 3),
    ):
        LIBC.connect(fd, address, length)
        LIBC.bind(fd, address, length)
    LIBC.connect(udp.fileno(), ctypes.c_void_p(8), 16)


def special() -> None:
    """Calls with a record of their own."""
    os.pipe()
    socket.socketpair()
    LIBC.pipe(ctypes.c_void_p(8))
    header, data = struct.pack("Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
    LIBC.capget(header, data)
    LIBC.capset(header, data)
    with suppress(OSError):
        rt = ctypes.CDLL("librt.so.1", use_errno=True)
        queue = rt.mq_open(b"/deeds", os.O_RDWR | os.O_CREAT, 0o600, None)
        rt.mq_send(queue, b"hello", 5, 1)
        rt.mq_receive(queue, ctypes.create_string_buffer(9000), 9000, None)
        rt.mq_unlink(b"/deeds")
        rt.mq_unlink(b"/deeds")
        rt.mq_open(b"/de/eds", os.O_RDWR | os.O_CREAT, 0o600, None)
    LIBC.msgctl(LIBC.msgget(0, 0o1600), 0, None)


def processes() -> None:
    """A signal to another process, a normal end, a crash."""
    for end in (lambda: time.sleep(30), lambda: None, lambda: os.kill(os.getpid(), signal.SIGSEGV)):
        child = os.fork()
        if child == 0:
            end()
            os._exit(0)
        time.sleep(0.01)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


def ring() -> None:
    """io_uring: an open and a failing close within the call, an open by a worker."""
    parameters = ctypes.create_string_buffer(120)
    fd = LIBC.syscall(425, 4, parameters)
    if fd < 0:
        return
    offsets = struct.unpack_from("<8I", parameters, 40)
    queue = mmap.mmap(fd, offsets[6] + 16, flags=mmap.MAP_SHARED, offset=0)
    entries = mmap.mmap(fd, 256, flags=mmap.MAP_SHARED, offset=0x10000000)
    name = ctypes.create_string_buffer(b"file2")
    where = ctypes.addressof(name)
    for index, (operation, target, address, flags) in enumerate(
        ((18, -100, where, 0), (18, -100, where, 16), (19, 999, 0, 0))
    ):
        entry = struct.pack("<BBHiQQIIQ", operation, flags, 0, target, 0, address, 0, 0, index)
        entries[index * 64 : index * 64 + 64] = entry + bytes(24)
        place = offsets[6] + 4 * index
        queue[place : place + 4] = struct.pack("<I", index)
    queue[offsets[1] : offsets[1] + 4] = struct.pack("<I", 3)
    LIBC.syscall(426, fd, 3, 3, 1, None, 0)
    time.sleep(0.05)


if __name__ == "__main__":
    Path("/proc/self/loginuid").write_text(sys.argv[1])
    sys.stdin.readline()
    os.chdir(tempfile.mkdtemp())
    for deed in (commands, files, sockets, special, processes, ring):
        deed()
