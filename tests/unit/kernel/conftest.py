"""A made-up kernel, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.kernel.client import AuditClient
from tests.fakes.fake_kernel import FakeKernel
from tests.support.patience import PATIENCE_S


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[FakeKernel]:
    with FakeKernel(tmp_path / "audit") as fake:
        yield fake


@pytest.fixture
def client(kernel: FakeKernel) -> Iterator[AuditClient]:
    with AuditClient(kernel.connect, timeout_s=PATIENCE_S) as connection:
        yield connection
