"""A kernel and an emulator for tests that boot a guest; where they cannot be had, a reason."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from harness.errors import AuditbenchError
from harness.guest.kernels.images import KernelImage, find_kernel, find_kernels
from harness.guest.kernels.packages import OF_PYTHON
from harness.guest.machines import python_version
from harness.kernel.client import AuditClient
from tests.kernel.turn import Turn
from tests.support.programs import NOT_SERVED, program

Found = TypeVar("Found")
REQUIRED = os.environ.get("AUDITBENCH_REQUIRE_GUEST") == "1"
"""On a machine that can fetch a kernel, for which these tests are there, none is skipped."""


@contextmanager
def host_audit() -> Iterator[AuditClient]:
    """The host's audit, for a moment that no other test has it; skips where it cannot be had."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    turn = Turn()
    try:
        with AuditClient() as client:
            if reason := turn.take(client):
                pytest.skip(reason)
            yield client
    except AuditbenchError as error:
        pytest.skip(str(error))
    finally:
        turn.give_back()


@pytest.fixture(scope="session")
def kernel() -> KernelImage:
    """The kernel that this distribution installs, from the cache or fetched."""
    program("qemu-system-x86_64")
    return fetched(lambda: find_kernel(None))


@pytest.fixture(scope="session")
def arm64_kernel() -> KernelImage:
    """A kernel of another machine, and what compiles the loads for a guest with it."""
    for name in ("qemu-system-aarch64", "aarch64-linux-gnu-gcc"):
        program(name)
    if (version := python_version()) not in OF_PYTHON:
        pytest.skip(f"Debian's Python was never {version}: {NOT_SERVED}")
    (kernel,) = fetched(lambda: find_kernels(["arm64/6.12"])).values()
    return kernel


def fetched(find: Callable[[], Found]) -> Found:
    """What an archive serves, from the cache or fetched; skips where it cannot be had."""
    if platform.machine() != "x86_64":
        pytest.skip(f"guests start on x86_64, this machine is {platform.machine()}: {NOT_SERVED}")
    if shutil.which("apt-get") is None:
        pytest.skip(f"kernels come from a Debian archive: {NOT_SERVED}")
    try:
        return find()
    except AuditbenchError as error:
        if REQUIRED:
            pytest.fail(f"{error} (AUDITBENCH_REQUIRE_GUEST=1: a kernel must be had)")
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def image(kernel: KernelImage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file that every user can read."""
    path = tmp_path_factory.mktemp("kernel") / "bzImage"
    path.write_bytes(kernel.data)
    path.chmod(0o644)
    return path
