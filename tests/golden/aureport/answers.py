"""What aureport 3.0.9 counts in the logs of the tests, by the log's SHA-256.

Other versions leave out other events: 4.0.2 counts a connect whose address was cut short, and the
second operation of io_uring under one serial. Where 3.0.9 is installed, it is asked as well, and
`AUDITBENCH_REGENERATE=1 pytest tests/integration/test_top_aureport.py` records its answers anew.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path

from tests.support.programs import find_program
from tests.support.records.audit_logs import REPORTS, aureport

VERSION = "3.0.9"
FILE = Path(__file__).with_name("answers.json.gz")
REGENERATE = bool(os.environ.get("AUDITBENCH_REGENERATE"))

Answers = dict[str, Counter[str]]
"""Events by value, for each of REPORTS."""


def answers_to(path: Path) -> Answers:
    """What aureport counts in this log; AssertionError where that was never recorded."""
    key = hashlib.sha256(path.read_bytes()).hexdigest()
    asked = _ask(path) if installed_version() == VERSION else None
    if REGENERATE:
        assert asked is not None, f"aureport {VERSION} is needed to record what it says"
        _store(key, asked)
    recorded = _load().get(key)
    assert recorded is not None, f"no answers to {path.name}: record them, as said in {__file__}"
    found = {kind: Counter(recorded[kind]) for kind in REPORTS}
    assert asked in (None, found)
    return found


@cache
def installed_version() -> str:
    """Of the aureport that is installed; empty without one."""
    program = find_program("aureport")
    if program is None:
        return ""
    done = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)
    match = re.search(r"\d+(\.\d+)+", done.stdout)
    return match[0] if match else ""


def _ask(path: Path) -> Answers:
    return {kind: aureport(report, path) for kind, report in REPORTS.items()}


def _load() -> dict[str, dict[str, dict[str, int]]]:
    if not FILE.exists():
        return {}
    document: dict[str, dict[str, dict[str, int]]] = json.loads(gzip.decompress(FILE.read_bytes()))
    return document


def _store(key: str, answers: Answers) -> None:
    text = json.dumps({**_load(), key: answers}, sort_keys=True)
    FILE.write_bytes(gzip.compress(text.encode(), mtime=0))
