"""`auditbench count` in a real guest, by a user without root and without capabilities on audit."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest

from harness.guest.boot import Guest
from harness.guest.kernels.images import KernelImage
from harness.guest.kernels.memory import open_in_memory
from harness.model.count import COUNTED_METRICS, INSTRUCTIONS, OF_RULES
from tests.support.command import assert_one_line, auditbench
from tests.support.guests.nobody import start_as_nobody
from tests.support.patience import PATIENCE_S
from tests.support.schemas import schema

ONE = "-D\n-b 8192\n-a always,exit -F arch=b64 -S mount -k a\n"
TWO = ONE + "-a always,exit -F arch=b64 -S umount2 -k b\n"
PATHS = ONE + (
    "-w /no-such/folder/file -p wa -k c\n"
    "-a always,exit -F arch=b64 -S all -F dir=/no-such/tree -F perm=wa -k d\n"
    "-a always,exit -F arch=b64 -S execve -F exe=/no-such/bin/tool -k e\n"
)
RECORDED = "-D\n-b 8192\n-r 1\n-a always,exit -F arch=b64 -S getppid -k f\n"
"""More than the one record in a second that it lets through."""
LEAST_APART = 0.1
"""Instructions, as far as two boots at rest may differ."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of nobody's with rule files in it."""
    folder = tmp_path_factory.mktemp("count")
    for name, text in {"one": ONE, "two": TWO, "paths": PATHS, "recorded": RECORDED}.items():
        (folder / f"{name}.rules").write_text(text)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o777 if path.is_dir() else 0o644)
    return folder


def start(place: Path, image: Path, *words: str) -> subprocess.Popen[str]:
    """`auditbench count` as nobody where we are root, else as who we are."""
    return start_as_nobody(place, "count", "--kernel", str(image), *words)


@pytest.fixture(scope="module")
def run(place: Path, image: Path) -> dict[str, Any]:
    """One run of two boots, as its JSON document."""
    files = ["one.rules", "two.rules", "paths.rules", "recorded.rules"]
    words = ("--workload", "syscalls", "--json", "--label", "a test")
    started = start(place, image, "--rules", *files, *words)
    output, errors = started.communicate(timeout=PATIENCE_S)
    # One scenario loses events, which is said and no result.
    assert started.returncode == 3, errors
    document = json.loads(output)
    assert isinstance(document, dict)
    return document


def estimates(run: dict[str, Any], metric: str = INSTRUCTIONS) -> dict[str, float]:
    """One metric by scenario; instructions per operation if none is named."""
    return {row["scenario"]: row["estimate"] for row in run["rows"] if row["metric"] == metric}


def test_every_row_says_what_it_is(run: dict[str, Any], kernel: KernelImage) -> None:
    assert run["complete"]
    assert run["guests"][0]["kernel"] == kernel.release
    assert run["guests"][0]["sha256"] == kernel.sha256
    for row in run["rows"]:
        assert (row["kernel"], row["workload"]) == (kernel.release, "syscalls")
        assert row["metric"] in (*COUNTED_METRICS, *OF_RULES)
        assert len(row["boots"]) == 2


def test_two_boots_agree(run: dict[str, Any]) -> None:
    assert run["floor"] <= LEAST_APART
    for row in run["rows"]:
        if row["metric"] == INSTRUCTIONS:
            assert abs(row["boots"][0] - row["boots"][1]) <= LEAST_APART


def test_the_price_of_audit_is_in_the_order_that_is_known(run: dict[str, Any]) -> None:
    found = estimates(run)
    assert found["never-enabled"] == pytest.approx(found["no-audit"], abs=1)
    assert 250 < found["never-enabled"] < 450
    assert found["no-rules"] > found["never-enabled"] + 100
    assert found["disabled"] > found["no-rules"] + 20, "disabled again is dearer than no rules"
    assert found["one"] > found["no-rules"] + 200
    assert 2 < found["two"] - found["one"] < 60, "the slope of one further rule"


def test_loading_and_deleting_rules_is_counted(run: dict[str, Any]) -> None:
    """A rule takes the kernel some thousand instructions, and each one takes them again."""
    for metric in OF_RULES:
        found = estimates(run, metric)
        assert found.keys() >= {"one", "two", "paths"}
        assert found["one"] > 3_000
        assert 1.5 < found["two"] / found["one"] < 2.5
        assert found["paths"] > found["two"], "it has twice as many rules"


def test_paths_that_rules_name_are_there(run: dict[str, Any]) -> None:
    assert "paths" in estimates(run)
    assert not [w for w in run["warnings"] if "No such file" in w["what"]]


def test_a_scenario_that_loses_events_is_left_out_and_said(run: dict[str, Any]) -> None:
    assert "recorded" not in estimates(run)
    (said,) = [w for w in run["warnings"] if w["name"] == "invalid-trials"]
    assert "syscalls × recorded" in said["what"]
    assert "events were lost (the kernel lost" in said["what"]


def test_a_counted_run_is_shown_again_and_compared(run: dict[str, Any], place: Path) -> None:
    shown = auditbench("show", "latest", "--json", cwd=place)
    assert json.loads(shown.stdout) == run
    assert shown.returncode == 3
    table = auditbench("show", "latest", cwd=place)
    assert "instructions per operation" in table.stdout
    assert "no-rules" in table.stdout
    compared = auditbench("compare", "latest:no-rules", ":disabled", cwd=place)
    assert compared.returncode == 1
    assert compared.stdout.startswith("Worse: syscalls × no-rules → disabled +")
    refused = auditbench("compare", "latest:no-rules", ":recorded", cwd=place)
    assert_one_line(refused, 3, "recorded was not counted in")


def test_the_hosts_audit_was_never_asked_for(run: dict[str, Any], place: Path) -> None:
    (environment,) = place.glob("results/*/*/environment.json")
    stored = json.loads(environment.read_text())
    jsonschema.validate(stored, schema("environment"))
    assert stored["audit_before"] is None
    assert stored["label"] == "a test"


def emulators_of(pid: int) -> list[int]:
    """The emulators that a process has started."""
    children = psutil.Process(pid).children(recursive=True)
    return [child.pid for child in children if child.name().startswith("qemu")]


def await_emulators(started: subprocess.Popen[str]) -> list[int]:
    """Wait until guests run."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and started.poll() is None:
        if found := emulators_of(started.pid):
            return found
        time.sleep(0.05)
    pytest.fail(f"no guest was started: {started.communicate()}")


def has_ended(pid: int) -> bool:
    """Whether a process has ended, waiting for it."""
    try:
        psutil.Process(pid).wait(PATIENCE_S)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 5), (signal.SIGTERM, 5), (signal.SIGKILL, -9)]
)
def test_whatever_ends_it_no_guest_and_no_file_is_left(
    place: Path, image: Path, number: signal.Signals, code: int, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    before = set(tmp_path.iterdir())
    started = start(place, image, "--results", str(tmp_path / "results"))
    guests = await_emulators(started)
    started.send_signal(number)
    started.communicate(timeout=PATIENCE_S)
    assert started.returncode == code
    assert all(map(has_ended, guests))
    assert set(tmp_path.iterdir()) - before <= {tmp_path / "results"}


def test_a_guest_that_cannot_go_on_is_told_with_the_end_of_its_console(
    kernel: KernelImage,
) -> None:
    """Its root is no archive, so that its kernel panics for want of a first program."""
    with (
        open_in_memory(kernel.data, "kernel") as kernel_fd,
        open_in_memory(b"no archive", "root") as root_fd,
        Guest(kernel, root_fd, kernel_fd, seed=1) as guest,
    ):
        until = time.monotonic() + PATIENCE_S
        while guest.read_line() and time.monotonic() < until:
            guest.read_console()
            time.sleep(0.05)
        said = str(guest.failure("ended before it was done"))
    assert f"kernel {kernel.release} ended before it was done" in said
    assert "panic" in said
    assert "\n" not in said
