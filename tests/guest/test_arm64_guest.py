"""`auditbench count` in a guest that is another machine: the same product, compiled for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.guest.kernels.images import KernelImage
from harness.model.count import INSTRUCTIONS
from tests.support.command import auditbench

NAMES = ("mount", "umount2", "swapon", "swapoff", "reboot", "acct", "unshare", "setns", "bpf",
         "chroot", "init_module")  # fmt: skip
"""Calls that both machines have, and the load does not make."""


@pytest.fixture(scope="module")
def run(arm64_kernel: KernelImage, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of two boots, as its JSON document."""
    folder = tmp_path_factory.mktemp("arm64")
    lines = [f"-a always,exit -F arch=b64 -S {name} -k k\n" for name in NAMES]
    for count in (1, len(lines)):
        (folder / f"of-{count}.rules").write_text("".join(lines[:count]))
    (folder / "records.rules").write_text("-a always,exit -F arch=b64 -S connect -k k\n")
    (folder / "Image").write_bytes(arm64_kernel.data)
    rules = sorted(path.name for path in folder.glob("*.rules"))
    done = auditbench(
        *("count", "--kernel", "./Image", "--workload", "syscalls", "connect", "--json"),
        *("--scenario", "no-rules", "disabled", "--rules", *rules),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def estimates(run: dict[str, Any], workload: str, metric: str = INSTRUCTIONS) -> dict[str, float]:
    """One metric of a load by scenario."""
    return {
        row["scenario"]: row["estimate"]
        for row in run["rows"]
        if (row["workload"], row["metric"]) == (workload, metric)
    }


def test_the_guest_was_the_other_machine(run: dict[str, Any], arm64_kernel: KernelImage) -> None:
    (guest,) = run["guests"]
    assert guest["machine"] == "aarch64"
    assert guest["kernel"] == arm64_kernel.release
    assert guest["kernel"].endswith("arm64")
    assert run["complete"]


def test_two_boots_of_it_agree(run: dict[str, Any]) -> None:
    found = [row for row in run["rows"]
             if (row["workload"], row["metric"]) == ("syscalls", INSTRUCTIONS)]  # fmt: skip
    assert len(found) >= 5
    for row in found:
        assert abs(row["boots"][0] - row["boots"][1]) <= 0.1


def test_the_price_of_audit_is_in_the_same_order_as_on_this_machine(run: dict[str, Any]) -> None:
    found = estimates(run, "syscalls")
    assert 300 < found["no-audit"] < 600
    assert found["no-rules"] > found["no-audit"] + 100
    assert found["disabled"] > found["no-rules"] + 50, "disabled again is dearer than no rules"
    assert found["of-1"] > found["disabled"] + 50
    slope = (found[f"of-{len(NAMES)}"] - found["of-1"]) / (len(NAMES) - 1)
    assert slope == pytest.approx(9, abs=1), "each further rule that does not match"


def test_rules_name_the_calls_of_that_machine(run: dict[str, Any]) -> None:
    """A connect is another number there; its events came, decoded by the consumer of there."""
    found = estimates(run, "connect")
    assert found["records"] > found["no-rules"] + 10_000
    assert estimates(run, "connect", "events_per_op")["records"] == pytest.approx(1)
    assert estimates(run, "connect", "records_per_op")["records"] == pytest.approx(4)
