"""The length of a jiffy, by the clock and by the kernel's configuration."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pytest

from harness.kernel.jiffies import (
    hz_of_coarse_clock,
    hz_of_configuration,
    jiffies_to_ms,
    kernel_hz,
)

TEXT = b"CONFIG_HZ_250=y\n# CONFIG_HZ_1000 is not set\nCONFIG_HZ=250\n"


@pytest.mark.parametrize("hz", [24, 100, 250, 300, 1000])
def test_the_coarse_clock_ticks_once_per_jiffy(monkeypatch: pytest.MonkeyPatch, hz: int) -> None:
    tick_ns = (1_000_000_000 + hz // 2) // hz  # as the kernel rounds it
    monkeypatch.setattr(time, "clock_getres", lambda _clock: tick_ns / 1e9)
    assert hz_of_coarse_clock() == hz


@pytest.mark.parametrize("resolution_s", [1e-9, 0.0, 1.0])
def test_a_clock_that_is_not_coarse_says_nothing(
    monkeypatch: pytest.MonkeyPatch, resolution_s: float
) -> None:
    monkeypatch.setattr(time, "clock_getres", lambda _clock: resolution_s)
    assert hz_of_coarse_clock() is None


def test_no_such_clock_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_clock: int) -> float:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(time, "clock_getres", refuse)
    assert hz_of_coarse_clock() is None


def test_the_compressed_configuration(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "config.gz").write_bytes(gzip.compress(TEXT))
    assert hz_of_configuration(tmp_path) == 250


@pytest.mark.parametrize("name", ["boot/config-{}", "lib/modules/{}/config"])
def test_the_configuration_of_the_running_release(tmp_path: Path, name: str) -> None:
    path = tmp_path / name.format(os.uname().release)
    path.parent.mkdir(parents=True)
    path.write_bytes(TEXT)
    assert hz_of_configuration(tmp_path) == 250


def test_damaged_and_missing_configurations_are_passed_over(tmp_path: Path) -> None:
    assert hz_of_configuration(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "config.gz").write_bytes(gzip.compress(TEXT)[:20])
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / f"config-{os.uname().release}").write_bytes(b"CONFIG_HZ_250=y\n")
    assert hz_of_configuration(tmp_path) is None


def test_both_ways_agree_on_this_host() -> None:
    """Where it has its kernel's configuration; else the clock is held to what kernels can have."""
    by_file = hz_of_configuration()
    assert kernel_hz() == by_file if by_file else kernel_hz() in (100, 250, 300, 1000)


def test_jiffies_are_milliseconds_by_the_tick() -> None:
    assert jiffies_to_ms(15_000, 250) == 60_000
