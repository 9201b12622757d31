"""A kernel and an emulator for tests that boot a guest; where they cannot be had, a reason."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

import pytest

from harness.errors import AuditbenchError
from harness.guest.kernels.images import KernelImage, find_kernel
from tests.support.programs import NOT_SERVED, program

REQUIRED = os.environ.get("AUDITBENCH_REQUIRE_GUEST") == "1"
"""On a machine that can fetch a kernel, for which these tests are there, none is skipped."""


@pytest.fixture(scope="session")
def kernel() -> KernelImage:
    """The kernel that this distribution installs, from the cache or fetched."""
    if platform.machine() != "x86_64":
        pytest.skip(f"guests are x86_64, this machine is {platform.machine()}: {NOT_SERVED}")
    if shutil.which("apt-get") is None:
        pytest.skip(f"kernels come from a Debian archive: {NOT_SERVED}")
    program("qemu-system-x86_64")
    try:
        return find_kernel(None)
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
