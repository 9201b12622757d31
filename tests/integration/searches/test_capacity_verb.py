"""`auditbench capacity` where nothing is measured: what is refused, and what would be done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import auditbench, auditbench_json

RULES = "-b 500\n-a always,exit -F arch=b64 -S connect\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my.rules").write_text(RULES)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--backlog", "0"), "--backlog 0"),
        (("--backlog", "1000000"), "--backlog 1000000"),
        (("--confirm", "soon"), "--confirm"),
        (("--confirm", "1d"), "--confirm"),
        (("--workload", "osquery-stress"), "--rate"),
        (("--workload", "dd"), "dd cannot be held at a --rate"),
        (("--workload", "connect", "udp"), "one load at a time"),
        (("--consumer", "nobody"), "nobody"),
        (("--consumer", "none"), "no loss can be seen"),
        (("--rules", "absent.rules"), "absent.rules"),
        (("--resume", "latest", "--backlog", "64"), "leave out"),
    ],
)
def test_what_cannot_be_tried_is_refused(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = auditbench("capacity", *words, cwd=folder)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "results").exists()


def test_a_dry_run_tells_what_comes_first(folder: Path) -> None:
    words = ("--rules", "my.rules", "--consumer", "assemble", "store", "--dry-run")
    document = auditbench_json("capacity", *words, cwd=folder)
    cells = {cell["scenario"]: cell["consumer"] for cell in document["cells"]}
    assert cells == {"my+assemble+flat-out": "assemble", "my+store+flat-out": "store"}
    limits = {cell["limits"]["backlog_limit"] for cell in document["cells"]}
    assert limits == {131_072}
    assert not (folder / "results").exists()
