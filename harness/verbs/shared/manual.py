"""Manual pages, made of what help prints: the same groups, options, examples and exit codes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.cli import GROUPS, app
from harness.errors import EXIT_CODES
from harness.verbs.shared.endings import ENDINGS
from harness.verbs.shared.help_format import text_of

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

NAME = "auditbench"
ENVIRONMENT = {
    "AUDITBENCH_RESULTS": "The folder that runs are stored in and looked for, unless --results "
    "names another.",
    "AUDITBENCH_TRACEBACK": "If set, the traceback of an error of auditbench is printed.",
    "NO_COLOR": "If set, nothing is printed in colour, unless --color asks for it.",
}


@dataclass
class Panels:
    """Takes the place of the formatter of help, and keeps what it is given."""

    usage: str = ""
    panels: list[HelpPanel] = field(default_factory=list)

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Keep one group of verbs or options."""
        self.panels.append(panel)

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Keep the usage line."""
        self.usage = str(usage).strip().removeprefix("Usage: ")


def pages() -> dict[str, str]:
    """Every page in roff, by the name of its file."""
    verbs = {verb: words for group in GROUPS.values() for verb, words in group.items()}
    of_verbs = {f"{title_of(verb)}.1": _verb_page(verb, words) for verb, words in verbs.items()}
    return {f"{NAME}.1": _main_page(verbs), **of_verbs}


def title_of(verb: str) -> str:
    """`rules lint` is on the page auditbench-rules-lint."""
    return "-".join((NAME, *verb.split()))


def _shown(verb: str) -> Panels:
    from rich.console import Console

    panels, before = Panels(), app.help_formatter
    app.help_formatter = panels
    try:
        app.help_print(verb.split(), console=Console(file=io.StringIO()))
    finally:
        app.help_formatter = before
    return panels


def _verb_page(verb: str, words: str) -> str:
    shown, ending = _shown(verb), ENDINGS[verb]
    return _page(
        title_of(verb),
        words,
        shown.usage,
        _options(shown.panels),
        _section("EXAMPLES", _examples(ending.examples)),
        _section("EXIT STATUS", _pairs(ending.all_codes())),
        _section("SEE ALSO", [f".BR \\%{_escaped(NAME)} (1)"]),
    )


def _main_page(verbs: Mapping[str, str]) -> str:
    shown = _shown("")
    own = {*GROUPS, "Commands"}
    listed: list[str] = []
    for group, members in GROUPS.items():
        listed += [f".SS {_escaped(group)}", *_pairs(members)]
    # No hyphens in the names of other pages.
    titles = [f".BR \\%{_escaped(title_of(verb))} (1)" for verb in verbs]
    return _page(
        NAME,
        str(app.help),
        shown.usage,
        _section("COMMANDS", listed),
        _options([panel for panel in shown.panels if panel.title not in own]),
        _section("EXIT STATUS", _pairs(EXIT_CODES)),
        _section("ENVIRONMENT", _pairs(ENVIRONMENT)),
        _section("SEE ALSO", [".ad l"] + [f"{title}," for title in titles[:-1]] + titles[-1:]),
    )


def _page(title: str, words: str, usage: str, *sections: list[str]) -> str:
    summary = words[0].lower() + words[1:].rstrip(".")
    lines = [
        f'.TH {_escaped(title.upper())} 1 "" {NAME} "User Commands"',
        *_section("NAME", [f"{_escaped(title)} \\- {_escaped(summary)}"]),
        *_section("SYNOPSIS", [f".B {_escaped(usage)}"]),
        *_section("DESCRIPTION", [_escaped(words)]),
        *(line for section in sections for line in section),
    ]
    return "\n".join(lines) + "\n"


def _section(title: str, lines: list[str]) -> list[str]:
    return [f".SH {title}", *lines] if lines else []


def _options(panels: list[HelpPanel]) -> list[str]:
    lines: list[str] = []
    for panel in panels:
        entries = list(panel.entries)
        lines += [f".SS {_escaped(str(panel.title))}"] if entries else []
        for entry in entries:
            labels = _escaped(" ".join(entry.display_labels_with_metavar))
            lines += [".TP", f".B {labels}", _escaped(" ".join(_texts(entry)))]
    return _section("OPTIONS", lines)


def _texts(entry: HelpEntry) -> Iterator[str]:
    """What help says of an option, in its order."""
    yield text_of(entry)
    if entry.choices:
        yield f"[choices: {', '.join(entry.choices)}]"
    if entry.env_var:
        yield f"[env var: {', '.join(entry.env_var)}]"
    if entry.default is not None:
        yield f"[default: {entry.default}]"
    if entry.required:
        yield "[required]"


def _examples(examples: tuple[tuple[str, str], ...]) -> list[str]:
    lines: list[str] = []
    for words, what in examples:
        lines += [".TP", f"{_escaped(what)}:", f".B {_escaped(f'{NAME} {words}')}"]
    return lines


def _pairs(pairs: Mapping[Any, str]) -> list[str]:
    return [
        line
        for name, words in pairs.items()
        for line in (".TP", f".B {_escaped(str(name))}", _escaped(words))
    ]


def _escaped(text: str) -> str:
    """Text that roff prints as it is: no line of it is a request, no hyphen is broken at."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti")
    plain = plain.replace("^", "\\(ha").replace("`", "\\(ga").replace("'", "\\(aq")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain
