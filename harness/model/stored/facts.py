"""The host of a stored run, as far as it is read again."""

from __future__ import annotations

import msgspec

from harness.model.numbers import Count


class StoredKernel(msgspec.Struct, frozen=True):
    release: str = ""
    version: str = ""
    arch: str = ""
    boot_parameters: tuple[str, ...] = ()


class StoredCpu(msgspec.Struct, frozen=True):
    model: str = ""
    online: tuple[Count, ...] = ()
    allowed: tuple[Count, ...] = ()
    clocksource: str | None = None


class StoredPlatform(msgspec.Struct, frozen=True):
    virtualisation: str | None = None
    container: str | None = None
    product: str | None = None


class StoredSoftware(msgspec.Struct, frozen=True):
    distribution: str | None = None
    libaudit: str | None = None


class StoredLoad(msgspec.Struct, frozen=True):
    memory_bytes: Count | None = None
    boot_id: str | None = None
    """The kernel's random name of the boot; None where it could not be read or was left out."""


class StoredFacts(msgspec.Struct, frozen=True):
    """The host, as far as it is read again; empty is what was not recorded."""

    hostname: str = ""
    machine: str = ""
    kernel: StoredKernel = StoredKernel()
    cpu: StoredCpu = StoredCpu()
    platform: StoredPlatform = StoredPlatform()
    software: StoredSoftware = StoredSoftware()
    load: StoredLoad = StoredLoad()
