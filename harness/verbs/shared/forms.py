"""`--to FORM[=FILE]` and `--json`: the forms requested for a verb's result, and their destinations.

A form without a file takes the place of what the verb prints. What cannot be written is found when
a `Forms` is made, before anything is measured.
"""

from __future__ import annotations

import contextlib
import json as json_module
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError, one_of
from harness.files.output import OutputLostError, require_writable, write_bytes, write_text
from harness.streams import output_is_lost

if TYPE_CHECKING:
    from harness.reporters.page import Page

JSON = "json"
BINARY = frozenset({"parquet", "png", "pdf"})
"""Forms that are not for a terminal."""
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""GitHub names in it the file that becomes the summary page of a job."""

Writer = Callable[[], str | bytes]


class Forms:
    """The destination of each requested form.

    `known` are the forms that the verb has; `json` is `--json`. With `summary`, Markdown also goes
    to the summary page of a CI job, where there is one.
    """

    def __init__(
        self,
        known: Iterable[str],
        to: Iterable[str] | None,
        *,
        json: bool = False,
        summary: bool = False,
    ) -> None:
        self._known = tuple(known)
        self.printed: str | None = None
        """The form that takes the place of what the verb prints."""
        self.files: list[tuple[str, Path]] = []
        for word in (*(to or ()), *((JSON,) if json else ())):
            self._take(word)
        self._summary = _step_summary() if summary else None
        for path in (*(path for _, path in self.files), self._summary):
            if path is not None:
                require_writable(path)

    def add_file(self, form: str, path: Path) -> None:
        """Write a form to a file, too; UsageError where it cannot be written."""
        require_writable(path)
        self.files.append((form, path))

    def require_files(self) -> None:
        """UsageError if a form is to be printed where `--json` lists the files."""
        if self.printed is not None:
            raise UsageError(
                f"--json and --to {self.printed} cannot both be printed",
                remedy=f"write --to {self.printed}=FILE",
            )

    def asked(self) -> set[str]:
        """The requested forms."""
        return {form for form, _ in self.files} | ({self.printed} if self.printed else set())

    def deliver(
        self,
        show: Callable[[], None],
        document: Callable[[], dict[str, Any]] | None = None,
        **writers: Writer,
    ) -> None:
        """Write the files, then print the requested form, or call `show` if there is none."""
        self.write_files(document, writers)
        if self.printed is None:
            show()
        elif self.printed == JSON and document is not None:
            from harness.verbs.shared.output import print_json

            print_json(document())
        else:
            print_content(writers[self.printed]())

    def deliver_page(
        self, page: Page, document: Callable[[], dict[str, Any]], **writers: Writer
    ) -> None:
        """The same of a page, which is shown on the terminal, or written as Markdown."""
        from harness.reporters.render.markdown import page_markdown
        from harness.reporters.render.terminal import render_page
        from harness.verbs.shared.output import out

        self.deliver(
            lambda: render_page(page, out()), document, md=lambda: page_markdown(page), **writers
        )

    def write_files(
        self, document: Callable[[], dict[str, Any]] | None, writers: Mapping[str, Writer]
    ) -> list[dict[str, Any]]:
        """Write each file, and the summary; what was written, as documents list it.

        One that takes nothing is said, and the rest goes on: the answer is not lost with it.
        """
        written = []
        for form, path in self.files:
            if form == JSON and document is not None:
                content: str | bytes = json_module.dumps(document(), indent=1, default=str) + "\n"
            else:
                content = writers[form]()
            data = content if isinstance(content, bytes) else content.encode(errors="replace")
            with _lost_is_said():
                size = write_bytes(path, data)
                written.append({"to": form, "file": str(path), "bytes": size})
        if self._summary is not None and "md" in writers:
            summary = writers["md"]()
            assert isinstance(summary, str)
            with _lost_is_said():
                write_text(self._summary, summary + "\n", append=True)
        return written

    def _take(self, word: str) -> None:
        form, equal, file = word.partition("=")
        if form not in self._known:
            raise UsageError(
                f"--to {word}: there is no form {form!r} here",
                remedy=one_of(form, self._known),
            )
        if equal:
            if not file:
                raise UsageError(f"--to {word} names no file", remedy=f"write --to {form}=FILE")
            self.files.append((form, Path(file)))
            return
        if self.printed not in (None, form):
            raise UsageError(
                f"{self.printed} and {form} cannot both be printed",
                remedy=f"write one to a file: --to {form}=FILE",
            )
        if form in BINARY and sys.stdout.isatty():
            raise UsageError(f"{form} is not for a terminal", remedy=f"write --to {form}=FILE")
        self.printed = form


@contextlib.contextmanager
def _lost_is_said() -> Iterator[None]:
    try:
        yield
    except OutputLostError as error:
        for line in error.lines():
            output_is_lost(line)


def print_content(content: str | bytes) -> None:
    """A form on standard output, as it is."""
    from harness.verbs.shared.output import print_text

    if isinstance(content, str):
        print_text(content)
        return
    sys.stdout.buffer.write(content)
    sys.stdout.flush()


def _step_summary() -> Path | None:
    """The summary page of the CI job, where there is one."""
    named = os.environ.get(STEP_SUMMARY)
    return Path(named) if named else None
