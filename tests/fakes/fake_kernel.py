"""A fake kernel audit socket: for states a real host cannot, or should not, be put into.

It speaks the control protocol on a UNIX SEQPACKET socket, so that several processes (harness,
guard) can talk to it. In a test:

    with FakeKernel(tmp_path / "audit") as kernel:
        kernel.settings["enabled"] = 2
        AuditClient(kernel.connect).status()

and the whole command line, in a process of its own:

    python -m tests.fakes.fake_kernel --locked --state-dir DIR -- status

Nothing in production code knows of it: it is handed in as a socket factory, or put in the
place of `harness.kernel.netlink.open_audit_socket`.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import os
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

GET, SET, ADD, DEL, LIST, SET_FEATURE, GET_FEATURE = 1000, 1001, 1011, 1012, 1013, 1018, 1019
ERROR, DONE = 2, 3
HEADER = struct.Struct("=IHHII")
FIELDS = {
    0x01: "enabled",
    0x02: "failure",
    0x04: "pid",
    0x08: "rate_limit",
    0x10: "backlog_limit",
    0x20: "backlog_wait_time",
}
PREPEND = 0x10


def connect_to(path: Path | str) -> socket.socket:
    """A connection to the fake kernel that listens at `path`, from any process."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    sock.connect(str(path))
    return sock


def rule(number: int, filter_list: int = 4, strings: bytes = b"", mask: int = 1) -> bytes:
    """A rule payload that differs from others by `number` (a pid it filters on)."""
    payload = bytearray(1040)
    struct.pack_into("=3I", payload, 0, filter_list, 2, 1)
    struct.pack_into("=I", payload, 12, mask)
    struct.pack_into("=I", payload, 524, number)
    struct.pack_into("=I", payload, 780, 0x40000000)
    struct.pack_into("=I", payload, 1036, len(strings))
    return bytes(payload) + strings


class FakeKernel:
    """The kernel's side. What is set on it before or during a test is what it answers by.

    settings, lost, backlog, daemon (a pid, 0 for none), daemon_alive, features,
    feature_lock, rules: its state. status_bytes: how much of struct audit_status it knows.
    refuse: (request type, field or None) -> errno. refused_rules: payload -> errno.
    answers: request type -> datagrams sent instead of the right ones. silent: request types
    that get no answer. data_first: data before the acknowledgement. delay_s: before each
    answer. log: what it was asked to change, in words, in order.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._folder = None if path else tempfile.TemporaryDirectory(prefix="fake-audit-")
        self.path = path or Path(self._folder.name) / "audit"  # type: ignore[union-attr]
        self.settings = {
            "enabled": 0,
            "failure": 1,
            "rate_limit": 0,
            "backlog_limit": 64,
            "backlog_wait_time": 15000,
        }
        self.lost = 0
        self.backlog = 0
        self.backlog_wait_time_actual = 0
        self.daemon = 0
        self.daemon_alive = True
        self.feature_bitmap = 0x7F
        self.features = 0
        self.feature_lock = 0
        self.rules: list[bytes] = []
        self.status_bytes = 44
        self.refuse: dict[tuple[int, str | None], int] = {}
        self.refused_rules: dict[bytes, int] = {}
        self.answers: dict[int, list[bytes]] = {}
        self.silent: set[int] = set()
        self.data_first = False
        self.delay_s = 0.0
        self.log: list[str] = []
        self.requests: list[tuple[int, bytes]] = []
        self._lock = threading.RLock()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    # --- the test's side -------------------------------------------------------------------

    def __enter__(self) -> FakeKernel:
        self._listener.bind(str(self.path))
        self._listener.listen(64)
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Be gone, as no real kernel ever is; a second time does nothing."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        while self._threads:  # the first of them, which adds the others, is joined first
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._threads.pop(0).join()
        self._listener.close()
        if self._folder:
            self._folder.cleanup()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def connect(self) -> socket.socket:
        """A connection: hand this method to AuditClient or take_lease as the socket factory."""
        return connect_to(self.path)

    def state(self) -> tuple[dict[str, int], list[bytes], int]:
        """Settings, rules and features now: for comparing before with after."""
        with self._lock:
            return dict(self.settings), self._listed(), self.features

    # --- the kernel's side -----------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while datagram := connection.recv(1 << 20):
                for answer in self._receive(datagram):
                    connection.send(answer)

    def _receive(self, datagram: bytes) -> list[bytes]:
        answers: list[bytes] = []
        offset = 0
        while offset < len(datagram):
            length, kind, flags, sequence, _ = HEADER.unpack_from(datagram, offset)
            payload = datagram[offset + 16 : offset + length]
            assert flags == 5, "requests must ask for an acknowledgement, and for nothing else"
            assert sequence != 0
            time.sleep(self.delay_s)
            with self._lock:
                self.requests.append((kind, payload))
                answers += self._answer(kind, payload, sequence)
            offset += (length + 3) & ~3
        return answers

    def _answer(self, kind: int, payload: bytes, sequence: int) -> list[bytes]:
        if kind in self.silent:
            return []
        if kind in self.answers:
            return [
                HEADER.pack(*HEADER.unpack_from(answer)[:3], sequence, 0) + answer[16:]
                for answer in self.answers[kind]
            ]
        error, data = self._execute(kind, payload)
        acknowledgement = message(ERROR, struct.pack("=i", error) + bytes(16), sequence)
        rest = [message(*item, sequence=sequence) for item in data] if error == 0 else []
        return [*rest, acknowledgement] if self.data_first else [acknowledgement, *rest]

    def _execute(self, kind: int, payload: bytes) -> tuple[int, list[tuple[int, bytes]]]:
        refused = self.refuse.get((kind, None))
        if refused:
            return -refused, []
        if kind == GET:
            return 0, [(GET, self._status())]
        if kind == SET:
            return self._set(payload), []
        if kind == ADD:
            return self._add(payload), []
        if kind == DEL:
            return self._delete(payload), []
        if kind == LIST:
            return 0, [(LIST, listed) for listed in self._listed()] + [(DONE, b"")]
        if kind == GET_FEATURE:
            words = (1, 0xFFFFFFFF, self.features, self.feature_lock)
            return 0, [(GET_FEATURE, struct.pack("=4I", *words))]
        if kind == SET_FEATURE:
            return self._set_features(payload), []
        if 1100 <= kind <= 1199:
            self.log.append(f"message {payload.rstrip(bytes(1)).decode()}")
            if self.settings["enabled"] and self.daemon and not self.daemon_alive:
                self.daemon = 0  # its delivery fails, and the kernel notices
            return 0, []
        return -errno.EINVAL, []

    def _status(self) -> bytes:
        settings = self.settings
        words = (
            0,
            settings["enabled"],
            settings["failure"],
            self.daemon,
            settings["rate_limit"],
            settings["backlog_limit"],
            self.lost,
            self.backlog,
            self.feature_bitmap,
            settings["backlog_wait_time"],
            self.backlog_wait_time_actual,
        )
        return struct.pack("=11I", *words)[: self.status_bytes]

    def _set(self, payload: bytes) -> int:
        words = struct.unpack("=11I", payload)
        name = FIELDS.get(words[0])
        if name is None:
            return -errno.EINVAL  # the client sends one bit per message
        value = words[[0x01, 0x02, 0x04, 0x08, 0x10, 0, 0, 0, 0x20].index(words[0]) + 1]
        refused = self.refuse.get((SET, name))
        if refused:
            return -refused
        if name == "pid":
            return self._register(value)
        if self.settings["enabled"] == 2:
            return -errno.EPERM
        if name in ("enabled", "failure") and value > 2:
            return -errno.EINVAL
        if name == "backlog_wait_time" and (self.status_bytes < 40 or value > 150_000):
            return 0 if self.status_bytes < 40 else -errno.EINVAL
        self.settings[name] = value
        self.log.append(f"{name}={value}")
        return 0

    def _register(self, pid: int) -> int:
        if pid and self.daemon and self.daemon_alive:
            return -errno.EEXIST
        self.daemon, self.daemon_alive = pid, True
        self.log.append(f"pid={'self' if pid else 0}")
        return 0

    def _listed(self) -> list[bytes]:
        return sorted(self.rules, key=lambda payload: payload[0])

    def _normalised(self, payload: bytes) -> bytes:
        """As the real one lists a rule: no prepend flag, no syscall class bits (2032..2047)."""
        return bytes([payload[0] & ~PREPEND]) + payload[1:266] + bytes(2) + payload[268:]

    def _add(self, payload: bytes) -> int:
        listed = self._normalised(payload)
        if self.settings["enabled"] == 2:
            return -errno.EPERM
        if len(payload) < 1040:
            return -errno.EINVAL
        if listed in self.refused_rules:
            return -self.refused_rules[listed]
        prepend = bool(payload[0] & PREPEND)
        if listed in self.rules and not prepend:
            return -errno.EEXIST
        self.rules.insert(0 if prepend else len(self.rules), listed)
        self.log.append(f"add {identify(listed)}{' prepend' if prepend else ''}")
        return 0

    def _delete(self, payload: bytes) -> int:
        if self.settings["enabled"] == 2:
            return -errno.EPERM
        if payload[0] & PREPEND or self._normalised(payload) not in self.rules:
            return -errno.ENOENT
        self.rules.remove(self._normalised(payload))
        self.log.append(f"del {identify(payload)}")
        return 0

    def _set_features(self, payload: bytes) -> int:
        _, mask, features, lock = struct.unpack("=4I", payload)
        wanted = (self.features & ~mask) | (features & mask)
        if (wanted ^ self.features) & self.feature_lock:
            return -errno.EPERM
        self.features = wanted
        self.feature_lock |= lock & mask
        self.log.append(f"features={wanted}")
        return 0


def message(kind: int, payload: bytes, sequence: int = 0) -> bytes:
    """One netlink message, framed."""
    return HEADER.pack(16 + len(payload), kind, 0, sequence, 0) + payload


def identify(payload: bytes) -> int:
    """The number that `rule` made the payload with."""
    return int(struct.unpack_from("=I", payload, 524)[0])


def main(arguments: list[str]) -> None:
    """Run the auditbench command line against a fake kernel in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--locked", action="store_true", help="enabled is 2")
    parser.add_argument("--panics", action="store_true", help="failure is 2")
    parser.add_argument("--daemon", action="store_true", help="a live daemon is registered")
    parser.add_argument("--unknown-answer", action="store_true", help="answers nobody knows")
    parser.add_argument("--state-dir", type=Path, help="instead of /run/auditbench")
    parser.add_argument("command", nargs="*", help="what follows `auditbench`")
    options = parser.parse_args(arguments)
    with FakeKernel() as kernel:
        kernel.settings["enabled"] = 2 if options.locked else 0
        kernel.settings["failure"] = 2 if options.panics else 1
        if options.unknown_answer:
            kernel.answers = {GET: [message(4242, b"?")]}
        if options.daemon:
            kernel.daemon = os.getppid()
        install(kernel, options.state_dir)
        sys.argv = ["auditbench", *options.command]
        importlib.import_module("harness.cli").main()


def install(kernel: FakeKernel, folder: Path | None) -> None:
    """Put the fake in the place of the kernel for this whole process."""

    def replace(module: str, name: str, value: object) -> None:
        vars(importlib.import_module(f"harness.kernel.{module}"))[name] = value

    for module in ("lease", "restore", "daemon", "borrow"):
        replace(f"lease.{module}", "is_live_daemon", lambda pid, proc=None: kernel.daemon_alive)
    replace("netlink", "open_audit_socket", kernel.connect)
    if folder is not None:
        replace("lease.state_dir", "DEFAULT_STATE_DIR", folder)


if __name__ == "__main__":
    main(sys.argv[1:])
