"""The clock of a guest counts instructions: a loop of known length is found."""

from __future__ import annotations

import marshal
import subprocess
import time
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

import pytest

from harness.guest.boot import Guest
from harness.guest.contents import AGENT, PYTHON_PATH, contents
from harness.guest.cpio import file, write_archive
from harness.guest.kernels.images import KernelImage
from harness.guest.kernels.memory import open_in_memory
from tests.support.patience import PATIENCE_S
from tests.support.programs import compiler

LOOP = r"""
void loop(unsigned long rounds) {
    __asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(rounds) : : "cc");
}
"""
"""Two instructions a round."""
ROUNDS = 50_000
TRIALS = 51
IN_THE_AGENTS_PLACE = f"""
import ctypes, json, os, time
from statistics import median
loop = ctypes.CDLL("{PYTHON_PATH}/loop.so").loop
loop.argtypes = [ctypes.c_ulong]
time.sleep(30)
def took(rounds):
    times = []
    for _ in range({TRIALS}):
        before = time.monotonic_ns()
        loop(rounds)
        times.append(time.monotonic_ns() - before)
    return median(times)
took(10)
found = took(2 * {ROUNDS}) - took({ROUNDS})
line = os.open("/auditbench/line", os.O_WRONLY | os.O_NOCTTY)
os.write(line, json.dumps({{"event": "loop", "instructions": found}}).encode() + b"\\n")
time.sleep(1)
ctypes.CDLL(None).reboot(0x01234567)
"""


def test_a_loop_of_known_length_is_found(kernel: KernelImage, tmp_path: Path) -> None:
    (tmp_path / "loop.c").write_text(LOOP)
    built = tmp_path / "loop.so"
    command = [compiler(), "-O1", "-shared", "-fPIC", "-o", str(built), str(tmp_path / "loop.c")]
    subprocess.run(command, check=True)
    code = marshal.dumps(compile(IN_THE_AGENTS_PLACE, "loop", "exec"))
    agent = f"{PYTHON_PATH}/{AGENT.replace('.', '/')}.pyc".encode()
    entries = contents(("syscalls",))
    assert agent in entries
    entries[agent] = file(MAGIC_NUMBER + bytes(12) + code)
    entries[f"{PYTHON_PATH}/loop.so".encode()] = file(built.read_bytes(), 0o755)
    found = answer_of(kernel, write_archive(entries))
    assert found["instructions"] == pytest.approx(2 * ROUNDS, rel=0.001)


def answer_of(kernel: KernelImage, root: bytes) -> dict[str, Any]:
    """The one line that a guest says."""
    with (
        open_in_memory(kernel.data, "kernel") as kernel_fd,
        open_in_memory(root, "root") as root_fd,
        Guest(kernel, root_fd, kernel_fd, seed=1) as guest,
    ):
        until = time.monotonic() + PATIENCE_S
        while guest.read_line() and time.monotonic() < until:
            guest.read_console()
            if answers := guest.answers():
                return answers[0]
            time.sleep(0.05)
        pytest.fail(str(guest.failure("ended without a word")))
