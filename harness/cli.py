"""The command line: one list of verbs, and the one place where errors become lines and exit codes.

Nothing heavy is imported here: `auditbench --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn, get_args

from cyclopts import App, CycloptsError, Group, Parameter

from harness.errors import (
    EXIT_CODES,
    EXIT_ERROR,
    EXIT_FINE,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    AuditbenchError,
    UsageError,
)
from harness.failure import (
    explain_failure,
    is_out_of_memory,
    mistake_behind,
    say_out_of_memory,
    wants_traceback,
)
from harness.model.options import GENERAL, RESULTS_VARIABLE
from harness.streams import Streams
from harness.verbs.shared.endings import ENDINGS, codes_text
from harness.verbs.shared.help_format import HelpFormat
from harness.verbs.shared.terminal import Color, Terminal, choose, chosen, make_console
from workloads.running.temporary import pass_over_open_place

DELIMITER = "--"
HELP = "help"
"""`auditbench help VERB` is `auditbench VERB --help`."""
COMPLETE = "__complete"
"""The shells' completions of cyclopts call `auditbench __complete WORDS` for names."""
HELP_FLAGS, VERSION_FLAGS = ("--help", "-h"), ("--version", "-V")
JUDGING = frozenset({"ab", "compare", "doctor", "gate", "restore", "rules lint", "verify"})
"""Verbs whose exit code is the answer itself: 0 stays 0 even if the answer cannot be printed."""

WITHOUT_DEFAULTS = frozenset({"restore", "completion"})
"""Verbs that read no file with defaults: a bad one must not be in their way."""

GROUPS: dict[str, dict[str, str]] = {
    "Measure": {
        "run": "Measure what audit costs here: a plan, rule files, or a command of yours.",
        "count": "Count what audit costs in instructions: any kernel, no root, no audit needed.",
        "capacity": "Find how much rules and consumers can take, and what the limit is.",
        "size": "Find how large the backlog must be for a load, and what to write into the rules.",
        "ab": "Find which of two rule files costs less, and whether either loses events.",
    },
    "Judge": {
        "show": "Show a stored run again.",
        "compare": "Compare stored runs, or scenarios of one run: what got worse.",
        "gate": "Run a plan, or judge stored runs, and pass or fail by limits.",
        "history": "Show the runs of one plan on one machine over time: where a cost changed.",
    },
    "Rules": {
        "rules lint": "Find what is wrong with rule files: refused, dead, shadowed, lossy, dear.",
        "rules explain": "Say which rule wrote an event, or would record a command's calls.",
        "rules cost": "Say what each line of a rule file costs, in instructions: no root needed.",
        "rules cover": "Do operations in a guest, and say which rule records each, or none.",
        "rules advise": "Propose changes to a rule file, and say what goes blind by each.",
    },
    "Logs": {
        "top": "Show what fills an audit.log, or the kernel's records of the next seconds.",
        "verify": "Show whether a consumer's output has every event of a raw log, unchanged.",
        "record": "Save audit records of the live kernel to a capture file.",
    },
    "Share": {
        "report": "Write stored runs as one page to share, or as text for a mail.",
        "plot": "Draw a stored run: ratios, CPU, latency, ledger, timeline or drift.",
        "export": "Write a stored run for pyperf, a spreadsheet, a CI system, or as Parquet.",
    },
    "Host": {
        "doctor": "Check whether this host is fit to measure on.",
        "status": "Show the kernel's audit state and who holds it.",
        "restore": "Restore the host's audit state after a crash.",
    },
    "Manage": {
        "init": "Write a plan, a rules repository, a CI workflow or a playbook to start from.",
        "list": "List stored runs, kernels, scenarios, workloads, consumers, metrics or plans.",
        "remove": "Remove stored runs, or kernels that `count` keeps.",
        "completion": "Print what a shell needs to complete the command line.",
    },
}
"""Verbs by what they are for, as help shows them. Each verb lives in `harness/verbs/<verb>.py` as a
function of its name; `rules lint` is in `harness/verbs/rules/lint.py`.
"""
FAMILIES = {"rules": "Judge rule files; only `cost --timed` and `--listen` need root and audit."}
"""Verbs of two words share the first; what help says about all of them."""


def _version() -> str:
    from importlib.metadata import version

    return version("auditbench")


def ending_of(verb: str) -> dict[str, str]:
    """What the help of a verb says beside its options, as arguments of an App."""
    if (ending := ENDINGS.get(verb)) is None:
        return {}
    usage = {"usage": f"Usage: auditbench {verb} {ending.usage}"} if ending.usage else {}
    return {"help_epilogue": ending.text(), **usage}


def _epilogue(verb: str) -> str:
    """The end of help that is about several verbs."""
    return f"`auditbench {verb} --help` has examples.\n\n{codes_text(EXIT_CODES)}"


app = App(
    name="auditbench",
    version=_version,
    help="Benchmark and stress-test harness for the Linux kernel audit framework.",
    # Parsing Markdown takes a sixth of the time that help may take.
    help_format="plaintext",
    help_epilogue=_epilogue("VERB"),
    help_formatter=HelpFormat(),
    help_flags=HELP_FLAGS,
    version_flags=VERSION_FLAGS,
    # After the groups of what is measured and printed (harness/model/options.py).
    group_parameters=Group("Options", sort_key=0),
    result_action="return_value",
)
for _flag in (HELP_FLAGS[0], VERSION_FLAGS[0]):
    app[_flag].group = GENERAL
for _place, (_name, _verbs) in enumerate(GROUPS.items()):
    _group = Group(_name, sort_key=_place)
    for _order, (_verb, _help) in enumerate(_verbs.items()):
        _family, _, _own = _verb.rpartition(" ")
        _texts = {"help": _help, **ending_of(_verb)}
        if _family and _family not in app:
            _end = _epilogue(f"{_family} VERB")
            _about = App(
                name=_family,
                help=FAMILIES[_family],
                help_epilogue=_end,
                group=_group,
                sort_key=_order,
            )
            app.command(_about)
        _function = f"harness.verbs.{_verb.replace(' ', '.')}:{_own}_verb"
        if _family:
            app[_family].command(_function, name=_own, sort_key=_order, **_texts)
        else:
            app.command(_function, name=_verb, group=_group, sort_key=_order, **_texts)


@app.meta.default
def _shared(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    terminal: Annotated[Terminal, Parameter(name="*")] = Terminal(),  # noqa: B008
) -> None:
    """Only its options are read: they may stand before the verb and behind it."""


def split(words: Sequence[str]) -> tuple[list[str], Terminal]:
    """The words of the verb, and the options that every verb has.

    Raises CycloptsError if one of those cannot be read.
    """
    asked = [word for word in words if word in (*HELP_FLAGS, *VERSION_FLAGS)]
    rest = [word for word in words if word not in asked]
    ours, terminal = rest, Terminal()
    # Without any there is nothing to read, and help is there the sooner.
    if app.config or any(word.startswith("-") for word in rest):
        _, bound, _ = app.meta.parse_args(rest, exit_on_error=False, print_error=False)
        ours = list(bound.arguments.get("words", ()))
        terminal = bound.arguments.get("terminal", terminal)
    if ours[:1] == [HELP]:
        ours, asked = ours[1:], ["--help"]
    return [*ours, *asked], terminal


def with_defaults(words: Sequence[str]) -> tuple[list[str], Terminal]:
    """The same, with the defaults of a file in force for what is parsed from now on.

    Help, and giving the host back, do not depend on any file.
    """
    app.config = None
    ours, terminal = split(words)
    verb = verb_of(ours)
    if not verb or verb in WITHOUT_DEFAULTS or {*ours} & {*HELP_FLAGS, *VERSION_FLAGS}:
        return ours, terminal
    from harness.verbs.shared.defaults import find_defaults

    defaults = find_defaults(terminal.config)
    if defaults is None:
        return ours, terminal
    defaults.require_known(app, [verb for group in GROUPS.values() for verb in group], verb)
    app.config = (defaults,)
    return split(words)


def verb_of(words: Sequence[str]) -> str:
    """The verb that words begin with, behind options that every verb has; empty for none."""
    at = 0
    while at < len(words) and (words[at].startswith("-") or words[at] in get_args(Color)):
        at += 1
    verbs = [verb for group in GROUPS.values() for verb in group]
    return next((v for n in (2, 1) if (v := " ".join(words[at : at + n])) in verbs), "")


def run_command(words: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors are printed as one line each."""
    try:
        code = _dispatch(list(words))
    except AuditbenchError as error:
        return _complain(error.lines(), error.exit_code)
    except CycloptsError as error:
        from harness.verbs.shared.mistakes import unreadable

        return _complain(unreadable(app, verb_of(words), error), EXIT_USAGE)
    except KeyboardInterrupt:
        return _complain("stopped; the host's audit state is as it was before", EXIT_INTERRUPTED)
    except Exception as error:
        return _fail(error)
    return code if isinstance(code, int) else EXIT_FINE


def _fail(error: Exception) -> int:
    """Report an exception that no verb expected in one line: a mistake that any file may bring to
    light, no memory left, or an error of this program.
    """
    if wants_traceback() or chosen().verbose:
        import traceback

        traceback.print_exception(error)
    if (mistake := mistake_behind(error)) is not None:
        return _complain(mistake.lines(), mistake.exit_code)
    if is_out_of_memory(error):
        return say_out_of_memory(error)
    return _complain(explain_failure(error, _version()), EXIT_ERROR)


def _dispatch(words: list[str]) -> object:
    """Call the verb. The words after `--` are a command of the user and not parsed here."""
    if words[:1] == [COMPLETE]:  # a shell asks, with what is typed so far: nothing in it is for us
        verb, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
        return verb(*bound.args, **bound.kwargs)
    ours, command = words, []
    if DELIMITER in words:
        at = words.index(DELIMITER)
        ours, command = words[:at], words[at + 1 :]
    ours, terminal = with_defaults(ours)
    choose(terminal)
    if os.environ.get(RESULTS_VARIABLE) == "":  # as if it were not set, not the present folder
        del os.environ[RESULTS_VARIABLE]
    console = make_console(stderr=False)
    verb, bound, ignored = app.parse_args(
        ours, console=console, exit_on_error=False, print_error=False
    )
    if app.config:
        from harness.verbs.shared.defaults import report_defaults

        report_defaults(app.config[0], verb, bound.arguments, command)
    if "command" in ignored:
        bound.arguments["command"] = tuple(command)
    elif command:
        raise UsageError(
            f"`{DELIMITER} {command[0]}` has no meaning here",
            remedy="only `run`, `gate`, `ab`, `record` and `rules explain` take a command",
        )
    return verb(*bound.args, **bound.kwargs)


def _complain(message: str | Sequence[str], code: int) -> int:
    from harness.plain import plain

    for line in [message] if isinstance(message, str) else message:
        print(f"auditbench: {plain(' '.join(line.split()))}", file=sys.stderr)
    return code


def main() -> NoReturn:
    """The entry point of `auditbench`."""
    streams = Streams()
    pass_over_open_place()
    words = sys.argv[1:]
    try:
        code = run_command(words)
    except (MemoryError, SystemError) as error:  # there was none for the first error message either
        code = say_out_of_memory(error)
    sys.exit(streams.settle(code, is_verdict=verb_of(words) in JUDGING))
