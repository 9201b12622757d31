"""A page in a real browser, and all that it says while it is looked at."""

from __future__ import annotations

import importlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs import NOT_SERVED, program


def chromium() -> str:
    """The system's browser, that can read the pages: as a snap it cannot."""
    found = program("chromium", "chromium-browser")
    asked = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    if asked.returncode or "snap" in asked.stdout.lower():
        pytest.skip(f"{found} is a snap: {NOT_SERVED}")
    return found


@contextmanager
def launched() -> Iterator[Any]:
    """The browser, closed at the end."""
    api = importlib.import_module("playwright.sync_api")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium(), args=options)
        yield found
        found.close()


class Heard:
    """All that a page said or asked for."""

    def __init__(self, page: Any) -> None:
        self.words: list[str] = []
        page.on("console", lambda message: self.words.append(message.text))
        page.on("pageerror", lambda error: self.words.append(str(error)))
        page.on("dialog", lambda dialog: self.words.append(dialog.message))
        page.on("request", lambda request: self._ask(request.url))

    def _ask(self, address: str) -> None:
        if not address.startswith(("file:", "blob:")):
            self.words.append(address)


def opened(browser: Any, path: Path, *, width: int = 1400, scheme: str = "light") -> Any:
    """The page at that size; what it says is in its `heard`."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.heard = Heard(page)
    page.goto(path.as_uri())
    return page


def open_all(page: Any) -> None:
    """All that a reader can open."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.evaluate("document.querySelectorAll('.closed .fold').forEach(f => f.click())")
