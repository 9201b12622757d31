"""`auditbench size` where nothing is measured: what is refused, and what would be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import auditbench, auditbench_json

RULES = "-a always,exit -F arch=b64 -S connect\n"
CALL = (
    "type=SYSCALL msg=audit({time}:{serial}): arch=c000003e syscall=42 success=yes exit=0 "
    'auid=1 uid=1 ses=1 comm="a" exe="/bin/a" key=(null)\n'
    'type=PROCTITLE msg=audit({time}:{serial}): proctitle="a"\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my.rules").write_text(RULES)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "the load is not known"),
        (("--rate", "5"), "the load is not known"),
        (("--rate", "5", "--burst", "0"), "--burst 0"),
        (("--rate", "nan", "--burst", "1"), "--rate nan"),
        (("--rate", "5", "--burst", "10", "--log", "a.log"), "contradict each other"),
        (("--rate", "5", "--burst", "10", "--pause", "1h"), "--pause"),
        (("--rate", "5", "--burst", "10", "--pause", "soon"), "--pause"),
        (("--rate", "5", "--burst", "10", "--pause", "xms"), "--pause 'xms' is not a duration"),
        (("--rate", "5", "--burst", "10", "--margin", "0.5"), "--margin 0.5"),
        (("--rate", "5", "--burst", "10", "--trials", "0"), "--trials 0"),
        (("--rate", "5", "--burst", "10", "--workload", "osquery-stress"), "--rate"),
        (("--rate", "5", "--burst", "10", "--consumer", "nobody"), "nobody"),
        (("--rate", "5", "--burst", "10", "--consumer", "none"), "no loss can be seen"),
        (("--log", "absent.log"), "absent.log"),
    ],
)
def test_what_cannot_be_tried_is_refused(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = auditbench("size", "--rules", "my.rules", *words, cwd=folder)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "results").exists()


def test_a_dry_run_tells_what_comes_first(folder: Path) -> None:
    words = ("--rules", "my.rules", "--rate", "5", "--burst", "100", "--dry-run")
    document = auditbench_json("size", *words, cwd=folder)
    limits = {cell["scenario"]: cell["limits"]["backlog_limit"] for cell in document["cells"]}
    assert limits == {"burst": 131_072, "saturated": 1024}
    assert not (folder / "results").exists()


def test_a_log_gives_the_load(folder: Path) -> None:
    times = [1000 + n / 10 for n in range(600)] + [1100.05] * 40
    lines = [CALL.format(time=f"{t:.3f}", serial=n) for n, t in enumerate(times)]
    (folder / "audit.log").write_text("".join(lines))
    words = ("--rules", "my.rules", "--log", "audit.log", "--dry-run")
    assert auditbench("size", *words, cwd=folder).returncode == 0
    (folder / "empty.log").write_text("nothing\n")
    done = auditbench("size", "--rules", "my.rules", "--log", "empty.log", cwd=folder)
    assert done.returncode == 2
    assert "empty.log" in done.stderr
