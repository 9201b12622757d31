"""Counting leaves this host's audit alone: its state is the same to the last counter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from harness.kernel.client import AuditClient
from tests.guest.conftest import host_audit
from tests.support.patience import PATIENCE_S
from tests.support.privilege import AS_NOBODY, unprivileged


@pytest.fixture
def client() -> Iterator[AuditClient]:
    """The host's audit, which nobody else changes meanwhile."""
    with host_audit() as client:
        yield client


def state(client: AuditClient) -> dict[str, Any]:
    """Everything that the kernel says of its audit: settings, counters, features, rules."""
    return {
        **asdict(client.status()),
        "features": client.features(),
        "rules": client.list_rules(),
    }


def test_the_state_is_equal_before_and_after(
    client: AuditClient, image: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    before = state(client)
    done = subprocess.run(
        [
            *unprivileged(AS_NOBODY),
            *(sys.executable, "-P", "-m", "harness", "count", "--kernel", str(image)),
            *("--workload", "connect", "--scenario", "rules"),
        ],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Events per operation" in done.stdout, "the guest's audit recorded"
    assert state(client) == before
