"""Instructions counted in a guest agree with callgrind's within 0.1 %.

    python benchmarks/validity/instructions.py     (apt-get install valgrind gcc qemu-system-x86)

The same function of C runs in a guest, where the clock counts instructions, and here under
`valgrind --tool=callgrind`, which counts the instructions of the function by simulation. It sorts a
fixed table of numbers: branches, memory, no system call. Once with N rounds and once with 2 N: what
calling it and reading the clock cost falls out of the difference. No root and no audit are needed.
"""

from __future__ import annotations

import marshal
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validity.live import finish, guarded, options
from harness.errors import UsageError
from harness.guest.boot import Guest
from harness.guest.contents import AGENT, PYTHON_PATH, contents
from harness.guest.cpio import file, write_archive
from harness.guest.kernels.images import find_kernel
from harness.guest.kernels.memory import open_in_memory

MOST_DIFFERENCE = 0.001
ROUNDS = (20, 40)
TRIALS = 51
WORK = r"""
static unsigned int table[64];
unsigned int work(unsigned long rounds) {
    unsigned int seed = 1, sum = 0;
    for (unsigned long round = 0; round < rounds; round++) {
        for (int i = 0; i < 64; i++) table[i] = seed = seed * 1664525u + 1013904223u;
        for (int i = 1; i < 64; i++) {
            unsigned int value = table[i];
            int at = i;
            while (at > 0 && table[at - 1] > value) { table[at] = table[at - 1]; at--; }
            table[at] = value;
        }
        sum += table[seed % 64];
    }
    return sum;
}
"""
MAIN = r"""
#include <stdio.h>
#include <stdlib.h>
unsigned int work(unsigned long rounds);
int main(int count, char **words) { (void)count; printf("%u\n", work(atol(words[1]))); return 0; }
"""
IN_THE_AGENTS_PLACE = f"""
import ctypes, json, os, time
from statistics import median
work = ctypes.CDLL("{PYTHON_PATH}/work.so").work
work.argtypes, work.restype = [ctypes.c_ulong], ctypes.c_uint
time.sleep(30)
def took(rounds):
    times = []
    for _ in range({TRIALS}):
        before = time.monotonic_ns()
        work(rounds)
        times.append(time.monotonic_ns() - before)
    return median(times)
took({ROUNDS[0]})
found = {{str(rounds): took(rounds) for rounds in {ROUNDS}}}
line = os.open("/dev/ttyS1", os.O_WRONLY | os.O_NOCTTY)
os.write(line, json.dumps({{"event": "work", "took": found}}).encode() + b"\\n")
time.sleep(1)
ctypes.CDLL(None).reboot(0x01234567)
"""


def main() -> int:
    """Run the proof; 0 where the claim holds."""
    given = options((__doc__ or "").splitlines()[0], runs=False).parse_args()
    for name in ("valgrind", "gcc"):
        if shutil.which(name) is None:
            raise UsageError(f"{name} is not installed", remedy=f"apt-get install {name}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _build(folder)
        by_callgrind = _difference({n: _by_callgrind(folder, n) for n in ROUNDS})
        by_guest = _difference(_by_guest((folder / "work.so").read_bytes()))
    share = by_guest / by_callgrind - 1
    print(f"callgrind {by_callgrind:,.0f}  guest {by_guest:,.0f}  {100 * share:+.4f} %")
    report: dict[str, Any] = {"callgrind": by_callgrind, "guest": by_guest}
    claim = f"the guest differs by {100 * share:+.4f} %, at most {100 * MOST_DIFFERENCE} %"
    return finish(report, given.output, holds=abs(share) <= MOST_DIFFERENCE, claim=claim)


def _build(folder: Path) -> None:
    """The same machine code as a library for the guest and in a program for valgrind."""
    (folder / "work.c").write_text(WORK)
    (folder / "main.c").write_text(MAIN)
    library, program = folder / "work.so", folder / "program"
    gcc = ["gcc", "-O1", "-fPIC"]
    subprocess.run([*gcc, "-shared", "-o", library, folder / "work.c"], check=True)
    link = [folder / "main.c", library, f"-Wl,-rpath,{folder}"]
    subprocess.run([*gcc, "-o", program, *link], check=True)


def _by_callgrind(folder: Path, rounds: int) -> float:
    """The instructions that callgrind counts in one call."""
    out = folder / f"callgrind.{rounds}"
    command = ["valgrind", "--tool=callgrind", "--toggle-collect=work",
               f"--callgrind-out-file={out}", str(folder / "program"), str(rounds)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    found = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
    if found is None:
        raise UsageError("callgrind wrote no total", remedy=f"look at `{' '.join(command)}`")
    return float(found[1])


def _by_guest(library: bytes) -> dict[int, float]:
    """The instructions that the clock of a guest counts, by the number of rounds."""
    code = marshal.dumps(compile(IN_THE_AGENTS_PLACE, "work", "exec"))
    entries = contents(("syscalls",))
    agent = f"{PYTHON_PATH}/{AGENT.replace('.', '/')}.pyc".encode()
    entries[agent] = file(MAGIC_NUMBER + bytes(12) + code)
    entries[f"{PYTHON_PATH}/work.so".encode()] = file(library, 0o755)
    kernel = find_kernel(None)
    with (
        open_in_memory(kernel.data, "kernel") as kernel_fd,
        open_in_memory(write_archive(entries), "root") as root_fd,
        Guest(kernel, root_fd, kernel_fd, seed=1) as guest,
    ):
        os.set_blocking(guest.line.fileno(), False)
        while guest.read_line():
            guest.read_console()
            if answers := guest.answers():
                return {int(rounds): took for rounds, took in answers[0]["took"].items()}
            time.sleep(0.05)
        raise guest.failure("ended without a word")


def _difference(by_rounds: dict[int, float]) -> float:
    return by_rounds[ROUNDS[1]] - by_rounds[ROUNDS[0]]


if __name__ == "__main__":
    sys.exit(guarded(main))
