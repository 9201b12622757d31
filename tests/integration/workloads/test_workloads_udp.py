"""Datagrams: that they arrive where they should, and nowhere else."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.loads import controlled_load, load_command, refused_load, run_load
from tests.support.privilege import WITHOUT_CAPABILITIES, unprivileged
from tests.support.programs import program

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@contextmanager
def receiver(address: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A sink of our own that reads."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sink:
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sink.bind((address, 0))
        sink.settimeout(0.2)
        yield sink


def drain(sink: socket.socket) -> list[bytes]:
    received = []
    try:
        while True:
            received.append(sink.recv(100))
    except TimeoutError:
        return received


@pytest.mark.parametrize("workload", ["udp", "mixed", "osquery-stress"])
def test_every_datagram_arrives(workload: str) -> None:
    with receiver() as sink:
        found = run_load(workload, "--ops", 64, "--port", sink.getsockname()[1])
        assert drain(sink) == [b"hello"] * found["ops"]
    assert (found["ops"], found["details"]["sink"]) == (64, "taken")


def test_ipv6() -> None:
    with receiver("::1") as sink:
        port = sink.getsockname()[1]
        found = run_load("udp", "--ops", 20, "--address", "::1", "--port", port)
        assert len(drain(sink)) == found["ops"] == 20


def test_the_sink_is_bound_before_the_session_and_goes_with_the_load() -> None:
    place = ("127.0.0.9", 45454)
    words = ["udp", "--ops", 5, "--address", place[0], "--port", place[1]]
    with (
        controlled_load(*words) as load,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        with pytest.raises(OSError, match="in use"):
            other.bind(place)
        load.say("go")
        details = load.listen()["details"]
        assert (details["address"], details["port"], details["sink"]) == (*place, "own")
        load.process.wait()
        other.bind(place)


def test_a_sink_that_is_not_read_drops_and_nothing_fails() -> None:
    found = run_load("udp", "--ops", 5000)
    assert (found["failures"], found["details"]["sink"]) == (0, "own")


def test_another_machine_only_when_told_so() -> None:
    code, line = refused_load("udp", "--address", "192.0.2.1", "--ops", 1)
    assert code == 2
    assert "not an address of this machine" in line
    assert "--port" in line


@pytest.mark.parametrize("address", ["localhost", "1.2.3", "300.1.1.1", "::x"])
def test_names_are_not_looked_up(address: str) -> None:
    code, line = refused_load("udp", "--address", address)
    assert code == 2
    assert "is not an IP address" in line


def test_an_unknown_interface_lists_the_known() -> None:
    code, line = refused_load("udp", "--interface", "nope0")
    assert code == 2
    assert "nope0" in line
    assert "lo" in line


def test_on_an_interface() -> None:
    with receiver() as sink:
        words = ["--interface", "lo", "--port", sink.getsockname()[1]]
        found = run_load("udp", "--ops", 10, *words)
        assert len(drain(sink)) == 10
    assert found["yields"]["setsockopt"] == 1
    assert found["details"]["interface"] == "lo"


def test_an_unknown_namespace() -> None:
    code, line = refused_load("udp", "--netns", "nope")
    assert code == 2
    assert "there is no network namespace nope" in line


def test_a_file_that_is_no_namespace(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    code, line = refused_load("udp", "--netns", file)
    assert code == 2 if os.geteuid() == 0 else 4
    assert "\n" not in line


def test_a_namespace_needs_privilege() -> None:
    done = subprocess.run(
        [*unprivileged(WITHOUT_CAPABILITIES),
         *load_command("udp", "--netns", "/proc/self/ns/net", "--ops", 1)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert "needs root" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def namespace() -> Iterator[str]:
    """A network namespace for as long as a process holds it, with a name as `ip netns` gives them.

    `ip netns` itself mounts, which a changed root does not allow.
    """
    program("ip")
    held = [program("unshare"), "--net", "sh", "-c", "echo made && exec cat"]
    with subprocess.Popen(held, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        if holder.stdout.readline() != b"made\n":
            pytest.skip("network namespaces cannot be made here")
        name = Path("/run/netns", f"auditbench-{os.getpid()}")
        name.parent.mkdir(exist_ok=True)
        name.symlink_to(f"/proc/{holder.pid}/ns/net")
        try:
            yield name.name
        finally:
            name.unlink()
            holder.kill()


def within(namespace: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in the namespace."""
    command = [program("nsenter"), f"--net=/run/netns/{namespace}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@AS_ROOT
def test_in_a_namespace(namespace: str) -> None:
    code, line = refused_load("udp", "--netns", namespace, "--ops", 5)
    assert code == 2
    assert "cannot be reached" in line
    assert within(namespace, "ip", "link", "set", "lo", "up").returncode == 0
    found = run_load("udp", "--netns", namespace, "--ops", 500)
    assert (found["ops"], found["failures"]) == (500, 0)
    shown = within(namespace, "cat", "/proc/net/snmp").stdout
    names, values = (line.split()[1:] for line in shown.splitlines() if line.startswith("Udp: "))
    udp = dict(zip(names, map(int, values), strict=True))
    assert udp["OutDatagrams"] == 500
    assert udp["InDatagrams"] + udp["RcvbufErrors"] <= 500
    assert udp["NoPorts"] == 0


@AS_ROOT
def test_on_an_interface_in_a_namespace_nothing_leaves(namespace: str) -> None:
    for words in (
        "link add veth0 type veth peer name veth1",
        "addr add 198.51.100.1/24 dev veth0",
        "link set veth1 up",
        "link set veth0 up",
        "link set lo up",
    ):
        assert within(namespace, "ip", *words.split()).returncode == 0
    before = sent_packets(namespace)
    found = run_load("udp", "--netns", namespace, "--interface", "veth0", "--ops", 300)
    assert found["failures"] == 0
    assert found["details"]["address"] == "198.51.100.1"
    assert sent_packets(namespace) - before < 300


def sent_packets(namespace: str) -> int:
    """UDP datagrams are not all that an interface sends, but they would be 300."""
    shown = within(namespace, "cat", "/proc/net/dev").stdout
    (line,) = [line for line in shown.splitlines() if line.strip().startswith("veth0:")]
    return int(line.split(":")[1].split()[9])
