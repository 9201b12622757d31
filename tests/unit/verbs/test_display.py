"""What a verb that measured says at its end."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_UNTRUSTWORTHY
from harness.run.lifecycle.loop import Outcome
from harness.verbs.shared.display import tell_end

GOES_ON = "`auditbench run --resume [r]` measures what is missing"


@pytest.mark.parametrize(
    ("interrupted", "trustworthy", "goes_on", "said", "code"),
    [
        (False, True, GOES_ON, [], EXIT_FINE),
        (False, False, GOES_ON, [], EXIT_UNTRUSTWORTHY),
        (True, True, GOES_ON, [GOES_ON], EXIT_INTERRUPTED),
        (True, False, "", [], EXIT_INTERRUPTED),
    ],
)
def test_the_folder_and_how_to_go_on(
    *, interrupted: bool, trustworthy: bool, goes_on: str, said: list[str], code: int
) -> None:
    file = io.StringIO()
    outcome = Outcome(Path("results/h-1/[r]"), interrupted=interrupted)
    console = Console(file=file, width=20)
    assert tell_end(console, outcome, trustworthy=trustworthy, goes_on=goes_on) == code
    assert file.getvalue().splitlines() == ["stored in results/h-1/[r]", *said]
