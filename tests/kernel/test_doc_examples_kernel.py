"""The command lines of README and docs that need root and the kernel's audit, executed small.

Blocks, operations and durations are made small, and where a line leaves the cells to the plan, a
few are chosen; its other options are as the page says. Lines that come to the same run once.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.doc_examples import Example, executed
from tests.support.doc_sandbox import complaint, copied, execute, make_sandbox
from tests.support.programs import program

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

DISTINCT = {tuple(sorted(example.small)): example for example in executed(on_kernel=True)}
EXAMPLES = {example.command: example for example in DISTINCT.values()}
NEEDED = {"auditd": "auditd", "laurel": "laurel", "ebpf": "bpftrace"}
"""By the consumer that a line names, the program without which it is refused."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sandbox(tmp_path_factory.mktemp("template"))


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_an_example_runs(example: Example, template: Path, tmp_path: Path) -> None:
    for consumer, needed in NEEDED.items():
        if consumer in example.small:
            program(needed)
    done = execute(example, copied(template, tmp_path, [example]))
    wrong = complaint(example, done.returncode, done.stdout, done.stderr)
    assert not wrong, wrong
