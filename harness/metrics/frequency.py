"""The CPUs' clock frequency at one moment, as far as the machine shows it."""

from __future__ import annotations

import re

from harness.host.tree import HostTree

_CPU = "/sys/devices/system/cpu"


def read_frequency_khz(tree: HostTree | None = None) -> dict[int, int]:
    """CPU number to kHz: of cpufreq, else what `/proc/cpuinfo` says; empty where neither does.

    In a virtual machine the latter is a constant.
    """
    tree = tree or HostTree()
    found = {}
    for name in tree.names(_CPU):
        if re.fullmatch(r"cpu\d+", name):
            khz = tree.number(f"{_CPU}/{name}/cpufreq/scaling_cur_freq")
            if khz is not None:
                found[int(name[3:])] = khz
    return found or _from_cpuinfo(tree.text("/proc/cpuinfo") or "")


def _from_cpuinfo(cpuinfo: str) -> dict[int, int]:
    number, found = None, {}
    for key, value in re.findall(r"^(processor|cpu MHz)\s*:\s*([\d.]+)$", cpuinfo, re.MULTILINE):
        if key == "processor":
            number = int(value)
        elif number is not None:
            found[number] = round(float(value) * 1000)
    return found
