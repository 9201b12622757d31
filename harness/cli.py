"""The command line: one list of verbs, and the one place where errors become lines and exit codes.

Nothing heavy is imported here: `auditbench --help` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from cyclopts import App, CycloptsError, Group, UnknownOptionError

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
    say_out_of_memory,
    wants_traceback,
)
from harness.streams import Streams

DELIMITER = "--"
JUDGING = frozenset({"ab", "compare", "doctor", "gate", "restore", "rules lint"})
"""Verbs whose exit code is the answer itself: 0 stays 0 even if the answer cannot be printed."""

GROUPS: dict[str, dict[str, str]] = {
    "Measure": {
        "run": "Measure what audit costs here: a plan, rule files, or a command of yours.",
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
    },
    "Logs": {
        "top": "Show what fills an audit.log, or the kernel's records of the next seconds.",
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
    "Manage": {"list": "List scenarios, workloads, consumers, metrics or plans."},
}
"""Verbs by what they are for, as help shows them. Each verb lives in `harness/verbs/<verb>.py` as a
function of its name; `rules lint` is in `harness/verbs/rules/lint.py`.
"""
FAMILIES = {"rules": "Judge rule files; needs neither root nor audit."}
"""Verbs of two words share the first; what help says about all of them."""


def _version() -> str:
    from importlib.metadata import version

    return version("auditbench")


def _exit_codes() -> str:
    lines = "\n".join(f"{code:4}  {meaning}" for code, meaning in EXIT_CODES.items())
    return f"Exit codes:\n{lines}"


app = App(
    name="auditbench",
    version=_version,
    help="Benchmark and stress-test harness for the Linux kernel audit framework.",
    # Parsing Markdown takes a sixth of the time that help may take.
    help_format="plaintext",
    help_epilogue=_exit_codes(),
    version_flags=["--version", "-V"],
    result_action="return_value",
)
for _place, (_name, _verbs) in enumerate(GROUPS.items()):
    _group = Group(_name, sort_key=_place)
    for _order, (_verb, _help) in enumerate(_verbs.items()):
        _family, _, _own = _verb.rpartition(" ")
        if _family and _family not in app:
            app.command(App(name=_family, help=FAMILIES[_family], group=_group, sort_key=_order))
        _function = f"harness.verbs.{_verb.replace(' ', '.')}:{_own}_verb"
        if _family:
            app[_family].command(_function, name=_own, help=_help, sort_key=_order)
        else:
            app.command(_function, name=_verb, help=_help, group=_group, sort_key=_order)


def run_command(words: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors are printed as one line each."""
    try:
        code = _dispatch(list(words))
    except AuditbenchError as error:
        return _complain(error.lines(), error.exit_code)
    except CycloptsError as error:
        return _complain(_unreadable(words, error), EXIT_USAGE)
    except KeyboardInterrupt:
        return _complain("stopped; the host's audit state is as it was before", EXIT_INTERRUPTED)
    except Exception as error:
        return _fail(error)
    return code if isinstance(code, int) else EXIT_FINE


def _unreadable(words: Sequence[str], error: CycloptsError) -> str:
    """The message about a wrong command line, with the remedy."""
    if isinstance(error, UnknownOptionError):
        from harness.verbs.shared.old_options import instead_of

        option = error.token.keyword or error.token.value
        if instead := instead_of(words[0], option):
            return f"{option} is {instead} now"
    if words and any(words[0] in verbs for verbs in GROUPS.values()):
        return f"{error} `auditbench {words[0]} --help` lists what it takes."
    return f"{error} `auditbench --help` lists the commands."


def _fail(error: Exception) -> int:
    """Report an unexpected exception in one line: no memory left, or an error of this program."""
    if wants_traceback():
        import traceback

        traceback.print_exception(error)
    if is_out_of_memory(error):
        return say_out_of_memory(error)
    return _complain(explain_failure(error, _version()), EXIT_ERROR)


def _dispatch(words: list[str]) -> object:
    """Call the verb. The words after `--` are a command of the user and not parsed here."""
    ours, command = words, []
    if DELIMITER in words:
        at = words.index(DELIMITER)
        ours, command = words[:at], words[at + 1 :]
    verb, bound, ignored = app.parse_args(ours, exit_on_error=False, print_error=False)
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
    words = sys.argv[1:]
    try:
        code = run_command(words)
    except (MemoryError, SystemError) as error:  # there was none for the first error message either
        code = say_out_of_memory(error)
    is_verdict = any(" ".join(words[:length]) in JUDGING for length in (1, 2))
    sys.exit(streams.settle(code, is_verdict=is_verdict))
