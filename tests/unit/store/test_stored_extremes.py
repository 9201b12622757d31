"""Stored runs are data from outside: any field replaced by anything, through all that reads runs.

Whatever stands there, a verb answers or ends in one of the project's own errors.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.answers.result import make_view
from harness.cli import run_command
from harness.errors import EXIT_ERROR, EXIT_HOST_UNFIT, UsageError
from harness.reporters.plots.catalog import PLOTS
from harness.store import load_run
from tests.support.stored.altered_fields import HOSTILE, Path_, documents, paths, put, write

WHOLE = documents()
SAMPLE_PATHS = sorted(set(paths(WHOLE["samples"][-1])), key=str)
PLACES: list[tuple[str, Path_]] = [
    *(("one sample", path) for path in SAMPLE_PATHS),
    *(("reference", path) for path in SAMPLE_PATHS),
    *(("plan", path) for path in sorted(set(paths(WHOLE["plan"])), key=str)),
    *(("environment", path) for path in sorted(set(paths(WHOLE["environment"])), key=str)),
]
PRINTING = (
    ("show", "RUN"),
    ("show", "RUN", "--json"),
    ("show", "RUN", "--ledger"),
    ("show", "RUN", "--details"),
    ("gate", "--run", "RUN", "--fail", "elapsed:5%", "--fail", "elapsed:20us", "--fail", "lost:0"),
    ("gate", "--run", "RUN", "--against", "BASE", "--force", "--fail", "elapsed:5%"),
    ("compare", "BASE", "RUN", "--force", "--metric", "all"),
    ("compare", "RUN:rules", "RUN:rules+exclude-exe", "--to", "json"),
    ("export", "RUN", "--to", "csv"),
    ("export", "RUN", "--to", "md"),
    ("export", "RUN", "--to", "junit"),
    ("export", "RUN", "--to", "pyperf"),
    ("history", "--results", "RESULTS"),
    ("report", "RUN", "--to", "txt"),
)


def altered(where: str, path: Path_, value: Any) -> dict[str, Any]:
    """A run with one field replaced, in one place or in all trials of the reference."""
    run = copy.deepcopy(WHOLE)
    if where == "one sample":
        put(run["samples"][-1], path, value)
    elif where == "reference":
        for sample in run["samples"]:
            if sample["scenario"] == "no-audit":
                put(sample, path, copy.deepcopy(value))
    else:
        put(run[where], path, value)
    return run


def call(words: tuple[str, ...], results: Path) -> int:
    names = {"RUN": results / "m" / "run", "BASE": results / "m" / "base", "RESULTS": results}
    found = ((word.partition(":"), word) for word in words)
    return run_command(
        [f"{names[head]}{colon}{tail}" if head in names else word
         for (head, colon, tail), word in found]
    )  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    write(folder / "m" / "base", WHOLE)
    return folder


def test_as_it_is_everything_can_be_said(results: Path) -> None:
    write(results / "m" / "run", WHOLE)
    for words in PRINTING:
        assert call(words, results) in (0, 1, 3), words


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.sampled_from(PLACES), value=st.sampled_from(HOSTILE))
def test_no_field_makes_a_verb_fail_otherwise_than_by_its_own_errors(
    place: tuple[str, Path_], value: Any, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(results / "m" / "run", altered(*place, value))
    for words in PRINTING:
        code = call(words, results)
        assert code not in (EXIT_ERROR, EXIT_HOST_UNFIT), f"{words}: {capsys.readouterr().err}"
    capsys.readouterr()


@settings(max_examples=40, deadline=None)
@given(place=st.sampled_from(PLACES), value=st.sampled_from(HOSTILE))
def test_what_can_be_read_can_be_drawn(place: tuple[str, Path_], value: Any, results: Path) -> None:
    folder = write(results / "m" / "run", altered(*place, value))
    try:
        view = make_view(load_run(folder))
    except UsageError:
        return
    for plot in PLOTS.values():
        if not plot.unavailable(view):
            plot.table(view)
            plot.describe(view)
