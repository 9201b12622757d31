"""The list of stored runs at 80 columns: what is typed later is there to be copied."""

from __future__ import annotations

import io

from rich.console import Console

from harness.model.listed import ListedRun
from harness.reporters.listed import listed_page
from harness.reporters.render.terminal import render_page


def shown(*runs: ListedRun) -> str:
    stream = io.StringIO()
    render_page(listed_page(runs, 0), Console(file=stream, width=80))
    return stream.getvalue()


def listed(label: str) -> ListedRun:
    return ListedRun(
        word="latest~1",
        name="h-1/2026-11-29T192956Z-overhead",
        folder="results/h-1/2026-11-29T192956Z-overhead",
        started_at="2026-11-29T19:29:56",
        label=label,
        plan="overhead",
        rules=("30-stig.rules",),
        verdicts={"worse": 1, "inconclusive": 5, "nothing-matched": 1},
    )


def test_a_label_stands_in_full() -> None:
    text = shown(listed("before"), listed("v6.18.44-patched"))
    assert "@before" in text
    assert "@v6.18.44-patched" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_label_as_long_as_a_commit_leaves_room_for_the_rest() -> None:
    text = shown(listed("f" * 40))
    assert max(map(len, text.splitlines())) <= 80
    assert "2026-11-29 19:29" in text
