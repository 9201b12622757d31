"""Two builds in one run on the live kernel: the example package with an entry point, and stand-ins
for a known consumer and for a program of the user's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.integration.consumers.test_entry_points import EXAMPLE, installed
from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S
from tests.support.stand_ins import make_stand_in

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

SMALL = ("--workload", "udp", "--blocks", "2", "--ops", "200", "--seed", "1")
RESULT = json.loads((ROOT / "docs/schema/result.schema.json").read_text(encoding="utf-8"))
OPS = 200


def run(folder: Path, *words: str, site: Path | None = None, codes: tuple[int, ...]) -> Any:
    """The document of a command line."""
    paths = [str(ROOT)] if site is None else [str(site), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-P", "-m", "harness", *words, "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ":".join(paths)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode in codes, done.stderr
    return json.loads(done.stdout)


def assert_builds(document: Any, base: str, head: str) -> None:
    """Both received every event, and are compared with each other."""
    jsonschema.validate(document, RESULT)
    ledgers = {
        each["consumer"]: each for each in document["ledgers"] if each["scenario"] == "rules"
    }
    assert list(ledgers) == [base, head]
    for each in ledgers.values():
        assert each["complete"] == each["generated"] == 2 * OPS
    (build,) = document["builds"]
    assert (build["consumer"], build["against"]) == (head, base)
    metrics = [each["metric"] for each in build["comparisons"]]
    assert metrics[:2] == ["cpu_consumer_ns_per_event", "consumer_memory_bytes"]


def test_the_example_package_is_measured_beside_a_build_of_it(tmp_path: Path) -> None:
    site = installed(EXAMPLE, tmp_path)
    # pip's script finds its package by the path that this run has.
    build = f"tiny-audit@head={site}/bin/tiny-audit"
    base = f"tiny-audit@base={site}/bin/tiny-audit"
    words = ("run", "consumers", "--consumer", base, build)
    document = run(tmp_path, *words, *SMALL, site=site, codes=(0, 3))
    assert_builds(document, "tiny-audit@base", "tiny-audit@head")


def test_builds_of_a_known_consumer(tmp_path: Path) -> None:
    program = make_stand_in(tmp_path, "go_audit")
    builds = (f"go-audit@base={program}", f"go-audit@head={program}")
    document = run(tmp_path, "run", "consumers", "--consumer", *builds, *SMALL, codes=(0, 3))
    assert_builds(document, "go-audit@base", "go-audit@head")


def test_the_gate_finds_a_build_that_is_much_dearer(tmp_path: Path) -> None:
    """So much dearer that no other load of this machine hides it."""
    program = make_stand_in(tmp_path, "own_consumer")
    slow = tmp_path / "slow"
    slow.write_text(f'#!/bin/sh\nexec "{program}" --busy-us 1000 "$@"\n')
    slow.chmod(0o755)
    limits = ("--reference", "mine@base", "--fail", "cpu-per-event:5%", "--fail", "lost:0")
    builds = (f"mine@base={program}", f"mine@head={slow}")
    words = ("gate", "consumers", "--consumer", *builds, "--consumer-output", "-", *limits)
    small = (*SMALL[:2], "--blocks", "6", *SMALL[4:])
    document = run(tmp_path, *words, *small, codes=(1,))
    found = {
        (check["consumer"], check["limit"]["text"]): check["outcome"]
        for check in document["checks"]
        if check["scenario"] == "rules"
    }
    assert found["mine@head", "cpu-per-event:5%"] == "fail"
    assert found["mine@head", "lost:0"] == "pass"
    assert not any(consumer == "mine@base" for consumer, _ in found), "it is the reference"
    assert len(document["runs"]) == 2, "it was measured once more"


def test_a_limit_that_can_never_be_judged_is_refused_before_measuring(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-P",
            "-m",
            "harness",
            "gate",
            "consumers",
            "--consumer",
            "store",
            *SMALL,
            "--fail",
            "cpu-per-event:5%",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    assert "can never be judged" in done.stderr
    assert not (tmp_path / "results").exists()
