"""Where verbs print to: standard output for results, standard error for progress.

What becomes of the output where nobody takes it is `harness.streams`' business: nothing here fails
for it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

from harness.plain import without_controls
from harness.verbs.shared.terminal import chosen, make_console


def out() -> Console:
    """For results: as wide as the terminal, 80 columns where there is none."""
    return make_console(stderr=False)


def err() -> Console:
    """For progress and notes; silent with `--quiet`."""
    console = make_console(stderr=True)
    console.quiet = chosen().quiet
    return console


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on standard output."""
    print_text(json_text(document))


def json_text(document: dict[str, Any]) -> str:
    """A document as text; in ASCII where standard output cannot show all of its characters."""
    text = without_controls(json.dumps(document, indent=1, ensure_ascii=False, default=str)) + "\n"
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeError:
        return json.dumps(document, indent=1, default=str) + "\n"
    return text


def print_text(text: str) -> None:
    """Text on standard output as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()
