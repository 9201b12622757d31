"""A count and its noun agree."""

from __future__ import annotations

import pytest

from harness.counted import agreeing, counted


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 events"),
        (1, "1 event"),
        (2, "2 events"),
        (1_234_567, "1,234,567 events"),
        (1.0, "1 event"),
        (0.5, "0.5 events"),
        (2_000_000.0, "2,000,000 events"),
        (-1, "-1 events"),
    ],
)
def test_a_noun_follows_its_count(number: float, words: str) -> None:
    assert counted(number, "event") == words


def test_other_plurals_and_verbs_are_given() -> None:
    assert counted(1, "trial has", "trials have") == "1 trial has"
    assert counted(20, "trial has", "trials have") == "20 trials have"
    assert (agreeing(1, "is", "are"), agreeing(0, "is", "are")) == ("is", "are")
