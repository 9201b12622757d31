"""The kinds of machine that a guest can be: this one, and those that are emulated beside it.

A guest of another machine needs a Python and compiled modules of its own (`foreign.py`); kernel,
rules and loads are chosen for it by the same words.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import Final

from harness.errors import HostUnfitError

CPU_CLOCK_HZ: Final = 1_000_000_000
"""Of the clock that a guest reads: one step for each instruction."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of machine, `name` as `uname -m` has it.

    `debian` is what Debian calls it; `install` installs the program `emulator`.
    `options` make the emulator that machine, and `parameters` are the kernel's there; `console` is
    its first serial port, and `line` major and minor number of the second, which `line_options` add
    with the chardev of that name.
    """

    name: str
    debian: str
    emulator: str
    install: str
    options: tuple[str, ...]
    parameters: str
    console: str
    line: tuple[int, int]
    line_options: tuple[str, ...]


X86_64: Final = Machine(
    name="x86_64",
    debian="amd64",
    emulator="qemu-system-x86_64",
    install="install it: apt-get install --no-install-recommends qemu-system-x86 (Debian, Ubuntu), "
    "dnf install qemu-system-x86-core (Fedora), zypper install qemu-x86 (SUSE), "
    "pacman -S qemu-system-x86 (Arch)",
    options=("-machine", "q35", "-cpu", "max"),
    parameters="",
    console="ttyS0",
    line=(4, 65),
    line_options=("-serial", "chardev:line"),
)
AARCH64: Final = Machine(
    name="aarch64",
    debian="arm64",
    emulator="qemu-system-aarch64",
    install="install it: apt-get install --no-install-recommends qemu-system-arm (Debian, Ubuntu), "
    "dnf install qemu-system-aarch64-core (Fedora), zypper install qemu-arm (SUSE), "
    "pacman -S qemu-system-aarch64 (Arch)",
    # `max` has SVE, whose state makes calls dearer or cheaper by what the load did before.
    options=("-machine", "virt", "-cpu", f"neoverse-n1,cntfrq={CPU_CLOCK_HZ}"),
    # Else each call draws a random number for its stack, and every 48th makes new ones for all.
    parameters="randomize_kstack_offset=off ",
    console="ttyAMA0",
    line=(4, 64),
    line_options=("-device", "pci-serial,chardev=line"),
)
MACHINES: Final = {machine.name: machine for machine in (X86_64, AARCH64)}


def native_machine() -> Machine:
    """This machine as a guest; HostUnfitError where guests of its kind are not made."""
    if platform.machine() != X86_64.name:
        raise HostUnfitError(
            f"guests are started on x86_64, and this machine is {platform.machine()}",
            remedy="count on an x86_64 machine",
        )
    return X86_64


def python_version() -> str:
    """The first two numbers of this Python's version: compiled modules are for them alone."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
