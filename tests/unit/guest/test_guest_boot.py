"""A guest that dies: what is told of it, and that nothing is left. The emulator is a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.guest.kernels.images import KernelImage
from harness.guest.together import Boot, run_guests


def failure_of(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> dict[str, str]:
    """What is told of a guest whose console says these lines before it ends."""
    emulator = folder / "qemu-system-x86_64"
    emulator.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines))
    emulator.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    ((_, answer),) = run_guests([Boot(KernelImage("x", "6.1", b"kernel"), b"root", 1)])
    assert answer["event"] == "failed"
    return answer


def test_one_without_room_for_its_root_says_that_it_was_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = failure_of(
        tmp_path,
        monkeypatch,
        "[ 1.60] Initramfs unpacking failed: write error",
        "[ 1.65] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)",
        *(f"[ 1.66] trace {number}" for number in range(9)),
    )
    assert "ended before it was done; its console ends: [ 1.60] Initramfs" in said["message"]
    assert "512 MiB" in said["remedy"]
    assert "rule files" in said["remedy"]


def test_one_that_dies_of_something_else_is_tried_under_another_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = failure_of(tmp_path, monkeypatch, "[ 1.6] Kernel panic - not syncing: Fatal exception")
    assert said["message"].endswith("[ 1.6] Kernel panic - not syncing: Fatal exception")
    assert "another kernel" in said["remedy"]
