"""Static tables: names, kinds, and what calls imply, in Python and in Cython."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from consumer.event import implied, kinds
from consumer.receiving.netlink import user_messages_filter
from consumer.text.names import TYPE_NAMES, type_name, type_number
from consumer.text.syscalls import syscall_names
from tests.support.programs import compiler

CONSUMER = Path(__file__).parents[3] / "consumer"


def test_names_of_types() -> None:
    assert (type_name(1300), type_name(1320), type_name(1425)) == (
        "SYSCALL",
        "EOE",
        "MAC_TASK_CONTEXTS",
    )
    assert type_name(1299) == "UNKNOWN[1299]"
    for number, name in TYPE_NAMES.items():
        assert type_number(name) == number
        assert type_number(name.lower()) == number
    assert type_number("1327") == 1327
    assert type_number("UNKNOWN[4000]") == 4000
    assert type_number("NONSENSE") is None


def test_names_of_system_calls() -> None:
    for arch, execve, connect in (
        (0xC000003E, 59, 42),
        (0x40000003, 11, 362),
        (0xC00000B7, 221, 203),
    ):
        assert syscall_names(arch)[execve] == "execve"
        assert syscall_names(arch)[connect] == "connect"
    assert syscall_names(0) == {}


@pytest.mark.parametrize("arch", implied.IMPLIED)
def test_implied_calls_are_the_calls_they_are_meant_to_be(arch: int) -> None:
    meant = {
        implied.EXECVE: {"execve", "execveat"},
        implied.ADDRESS_IN: {"connect", "bind"},
        implied.ADDRESS_OUT: {"accept", "accept4", "getsockname", "getpeername"},
        implied.FD_PAIR: {"pipe", "pipe2", "socketpair"},
        implied.MMAP: {"mmap", "mmap2"},
        implied.OPENAT2: {"openat2"},
        implied.CAPSET: {"capset"},
        implied.SOCKETCALL: {"socketcall"},
        implied.MQ_SENDRECV: {"mq_timedsend", "mq_timedreceive"},
        implied.MQ_OPEN | implied.HIDDEN_NAME: {"mq_open"},
        implied.HIDDEN_NAME: {"mq_unlink"},
    }
    for number, rule in implied.IMPLIED[arch].items():
        assert syscall_names(arch)[number] in meant[rule]


def constants(path: Path, prefix: str) -> dict[str, int]:
    found = re.findall(rf"^    {prefix}(\w+) = (1 << \d+)", path.read_text(), re.MULTILINE)
    return {name: 1 << int(value.split()[-1]) for name, value in found}


def test_cython_knows_the_same_rules() -> None:
    rules = constants(CONSUMER / "record/syscall.pxd", "IMPLIES_")
    assert len(rules) == 11
    assert rules == {name: getattr(implied, name) for name in rules}


def test_cython_knows_the_same_kinds() -> None:
    seen = constants(CONSUMER / "event/event.pxd", "SEEN_")
    once = {type_name(number): kinds.KINDS[number] for number in kinds.ONCE_PER_EVENT}
    assert once.items() <= seen.items()
    for name in ("EXECVE", "PATH", "AUXILIARY", "URINGOP", "LOGIN", "ALONE", "USER", "CONTEXTS"):
        assert seen[name] == getattr(kinds, name)
    assert len(set(seen.values())) == len(seen)


@pytest.mark.parametrize(
    ("message_type", "passes"),
    [
        (2, True),
        (1099, False),
        (1100, True),
        (1199, True),
        (1200, False),
        (1300, False),
        (3, False),
    ],
)
def test_the_discard_filter(message_type: int, passes: bool) -> None:
    """Interprets the BPF program on a message header."""
    header = b"\0\0\0\0" + message_type.to_bytes(2, "little") + bytes(10)
    program = user_messages_filter()
    code = [
        (
            int.from_bytes(program[i : i + 2], "little"),
            program[i + 2],
            program[i + 3],
            int.from_bytes(program[i + 4 : i + 8], "little"),
        )
        for i in range(0, len(program), 8)
    ]
    accumulator = index = pc = 0
    while True:
        operation, when_true, when_false, operand = code[pc]
        pc += 1
        match operation:
            case 0x30:
                accumulator = header[operand]
            case 0x64:
                accumulator <<= operand
            case 0x07:
                index = accumulator
            case 0x4C:
                accumulator |= index
            case 0x15:
                pc += when_true if accumulator == operand else when_false
            case 0x35:
                pc += when_true if accumulator >= operand else when_false
            case 0x25:
                pc += when_true if accumulator > operand else when_false
            case 0x06:
                assert bool(operand) == passes
                return


SCAN_CHECK = """
#include "scan.h"
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    unsigned char block[64];
    uint64_t spaces, equals;
    for (int round = 0; round < 200000; round++) {
        for (int i = 0; i < 64; i++) {
            int chance = rand() & 7;
            block[i] = chance == 0 ? ' ' : chance == 1 ? '=' : (unsigned char)rand();
        }
        scan_block(block, &spaces, &equals);
        for (int i = 0; i < 64; i++)
            if ((spaces >> i & 1) != (block[i] == ' ') || (equals >> i & 1) != (block[i] == '='))
                return 1;
    }
    return 0;
}
"""


@pytest.mark.parametrize("portable", [False, True])
def test_masks(portable: bool, tmp_path: Path) -> None:
    (tmp_path / "check.c").write_text(SCAN_CHECK)
    flags = ["-DSCAN_PORTABLE"] if portable else []
    command = [compiler(), "-O2", *flags, f"-I{CONSUMER / 'c'}", "check.c", "-o", "check"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "check"], check=False).returncode == 0
