"""No text says `1 events`: a count and its noun come from `harness.counted`."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from floors import ROOT, modules

NOUNS = (
    "benchmarks|blocks|bytes|cells|changes|characters|checks|consumers|CPUs|differences|directories"
    "|events|exceptions|fields|files|findings|jiffies|kernels|keys|limits|lines|machines|messages"
    "|metrics|operations|paths|plans|processes|programs|records|rows|rules|runs|samples|scenarios"
    "|sessions|steps|syscalls|times|trials|warnings|words|workers|workloads"
)
OTHERS = "of|in|from|to|and|no|under|other|has|allows|makes"
"""Words after which a plural says nothing of the count before them."""
PLURAL = re.compile(rf" (?:(?!(?:{OTHERS}) )[a-z-]+ ){{0,2}}(?:{NOUNS})\b(?!/)")
VERB = re.compile(r" (?:are|were|have|do)\b")
SINGULAR = re.compile(r"1 [a-z]")


def by_hand(source: str) -> list[str]:
    """Each place that makes a plural by itself, or whose verb does not follow the number."""
    tree = ast.parse(source)
    guarded = {id(part) for node in ast.walk(tree) for part in _guarded(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in guarded:
            found += [f"{node.lineno}: {words}" for words in _faults(node)]
        elif isinstance(node, ast.IfExp) and _is_hand_made(node):
            found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


def _guarded(node: ast.AST) -> Iterator[ast.expr]:
    """What is said only where the number is not 1, without saying the number 1 beside it."""
    if isinstance(node, ast.IfExp) and ast.unparse(node.test).endswith(" == 1"):
        yield node.orelse


def _is_hand_made(node: ast.IfExp) -> bool:
    """`"s" if n != 1 else ""`, or `"1 cell" if n == 1 else f"{n} cells"`."""
    said = [each.value for each in (node.body, node.orelse) if isinstance(each, ast.Constant)]
    return any(word == "s" or SINGULAR.match(str(word)) for word in said)


def _faults(text: ast.JoinedStr) -> Iterator[str]:
    for value, after in zip(text.values, [*text.values[1:], ast.Constant("")], strict=True):
        if not isinstance(value, ast.FormattedValue):
            continue
        shown = ast.unparse(value.value)
        if isinstance(value.value, ast.BinOp) and "'s' *" in shown:
            yield shown
        if not isinstance(after, ast.Constant):
            continue
        words = str(after.value)
        if (plural := PLURAL.match(words)) and _is_count(value):
            yield f"{{{shown}}}{plural.group()}"
        if (verb := VERB.match(words)) and shown.startswith("counted("):
            yield f"{{{shown}}}{verb.group()}"


def _is_count(value: ast.FormattedValue) -> bool:
    """False for constants, for what is shown in quotes, and where a noun came before."""
    names = [node.id for node in ast.walk(value.value) if isinstance(node, ast.Name)]
    is_constant = all(name.isupper() for name in names)
    return not is_constant and value.conversion == -1 and "counted" not in names


def test_every_count_agrees_with_its_noun() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{place}"
        for _, path in modules()
        for place in by_hand(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "take counted() or agreeing() of harness.counted"


@pytest.mark.parametrize(
    "code",
    [
        'f"{n} events"',
        'f"{n:,} failed trials in a row"',
        'f"{len(a)} of {len(b)} trials"',
        'f"({warnings} warnings)"',
        "f\"{n} block{'s' * (n != 1)}\"",
        "f\"{n} block{'s' if n != 1 else ''}\"",
        '"1 cell" if n == 1 else f"{n} cells"',
        "f\"{counted(n, 'trial')} are not valid\"",
    ],
)
def test_a_hand_made_plural_is_found(code: str) -> None:
    assert by_hand(code)


@pytest.mark.parametrize(
    "code",
    [
        "f\"{counted(n, 'event')} lost\"",
        "f\"{counted(n, 'trial is', 'trials are')} not valid\"",
        'f"at least {MIN_RUNS} runs"',
        'f"{share(x)} of trials"',
        'f"{path} is no file"',
        'repr(names[0]) if len(names) == 1 else f"the {len(names)} files"',
    ],
)
def test_what_agrees_is_left_alone(code: str) -> None:
    assert not by_hand(code)
