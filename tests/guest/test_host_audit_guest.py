"""Counting leaves this host's audit alone: its state is the same to the last counter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from harness.kernel.client import AuditClient
from tests.guest.conftest import host_audit
from tests.support.guests.nobody import run_as_nobody


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
    words = ("count", "--kernel", str(image), "--workload", "connect", "--scenario", "rules")
    done = run_as_nobody(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "Events per operation" in done.stdout, "the guest's audit recorded"
    assert state(client) == before
