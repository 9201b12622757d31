"""A command of the user's that fails ends the run with its last words, unless told otherwise."""

from __future__ import annotations

import sys

import pytest

from harness.errors import UntrustworthyError
from harness.model.run import Sample
from harness.run.command_failures import CommandFailures, last_words
from tests.support.samples import bare_sample

FAILING = (
    sys.executable,
    "-c",
    "import sys; print('out'); sys.exit('first\\nlast \\x1b[31mwords\\n\\n')",
)


def sample(ops: int, **statuses: int) -> Sample:
    document = {
        "ops": ops,
        "details": {"exit_statuses": {k.replace("_", "-"): n for k, n in statuses.items()}},
    }
    return bare_sample("rules", 1, {}, workload_document=document)


def test_a_failing_command_ends_the_run_with_its_last_words() -> None:
    failures = CommandFailures(FAILING, allowed=False)
    failures.take(sample(5))
    with pytest.raises(UntrustworthyError) as caught:
        failures.take(sample(5, **{"1": 3}))
    line = caught.value.one_line()
    assert "failed 3 times in 10 runs (exit status 1), and says: last " in line
    assert line.endswith("with --allow-failures")
    assert "\x1b" not in line
    assert caught.value.exit_code == 3


def test_an_allowed_failure_is_counted_over_all_trials() -> None:
    failures = CommandFailures(("false",), allowed=True)
    for _ in range(2):
        failures.take(sample(5, **{"1": 2, "_9": 1}))
    assert failures.words() == (
        "the command `false` failed 6 times in 10 runs (exit status 1, ended by SIGKILL)"
    )


def test_a_command_that_works_and_a_load_without_one_are_fine() -> None:
    failures = CommandFailures(("true",), allowed=False)
    failures.take(sample(5))
    assert failures.words() == ""
    CommandFailures((), allowed=False).take(sample(5, **{"1": 2}))


def test_a_command_without_words_or_without_program_has_an_answer() -> None:
    assert last_words((sys.executable, "-c", "raise SystemExit(1)")) == ""
    assert last_words(("/no/such/program",)) == "No such file or directory"
