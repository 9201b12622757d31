"""What is said about a command line that cannot be read: what is wrong, what was meant, which help
tells more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from cyclopts import (
    App,
    CoercionError,
    ConsumeMultipleError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from harness.errors import near_names


def unreadable(app: App, verb: str, error: CycloptsError) -> str:
    """The line about an error of cyclopts; `verb` is empty where none was recognised."""
    if isinstance(error, UnknownOptionError) and error.token.source == "cli":
        from harness.verbs.shared.old_options import instead_of

        option = error.token.keyword or error.token.value
        if instead := instead_of(verb, option):
            return f"{option} is {instead} now"
        return no_option(app, verb, option)
    word = ""
    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        word = error.unused_tokens[0]
    if word.startswith("-"):
        flags = (*app.help_flags, *app.version_flags)
        return f"{_unknown(word, flags)} {_where('')}"
    if isinstance(error, UnknownCommandError) and error.command_chain:
        return f"{error} `auditbench {' '.join(error.command_chain)} --help` lists the commands."
    return f"{_told(error)}{_its_place(app, verb, error)} {_where(verb)}"


def _its_place(app: App, verb: str, error: CycloptsError) -> str:
    """Where a missing word may have gone: to an option in front that takes every word behind it;
    and what a form lacks that has no place.
    """
    given = {word.partition("=")[0] for word in error.root_input_tokens or ()}
    unused = (error.unused_tokens or ()) if isinstance(error, UnusedCliTokensError) else ()
    if TO in given and any("=" in word for word in unused):
        return f" Write {TO} in front of each form."
    if not isinstance(error, MissingArgumentError) or error.argument is None or not verb:
        return ""
    if error.argument.name.startswith("-"):
        return ""
    for each in _command(app, verb).assemble_argument_collection():
        if each.parameter.consume_multiple and given.intersection(each.names):
            return f" Write it in front of {each.name}, which takes every word behind it."
    return ""


def _told(error: CycloptsError) -> str:
    """The error in the words of a command line, where cyclopts has those of a program."""
    match error:
        case UnusedCliTokensError(unused_tokens=[word, *_]):
            return f"{word!r} has no place here."
        case ConsumeMultipleError(argument=argument) if argument:
            return f"{error.keyword or argument.name} needs a value behind it."
        case MissingArgumentError(argument=argument) if argument:
            needs_value = error.keyword or argument.tokens
            return f"{error.keyword or argument.name} {_LACKS[bool(needs_value)]}"
        case CoercionError(msg=None, token=token) if token and token.source == "cli":
            number = next((_NUMBERS[of] for of in _types(error.target_type) if of in _NUMBERS), "")
            if number:
                return f"{token.keyword} {token.value!r} is not {number}."
    return str(error)


TO = "--to"
_LACKS = {True: "needs a value behind it.", False: "is missing."}
_NUMBERS = {int: "a whole number", float: "a number"}


def _types(asked: object) -> tuple[object, ...]:
    """The types that a value may have, of one that may be None too."""
    return get_args(asked) or (asked,)


def no_option(app: App, verb: str, option: str) -> str:
    """The line about an option that a verb does not have."""
    arguments = [
        *_command(app, verb).assemble_argument_collection(),
        *app.meta.assemble_argument_collection(),
    ]
    names = [name for argument in arguments for name in argument.names]
    return f"{_unknown(option, [*names, *app.help_flags])} {_where(verb)}"


def _command(app: App, verb: str) -> App:
    command = app
    for word in verb.split():
        command = command[word]
    return command


def _unknown(option: str, known: Sequence[str]) -> str:
    """`Unknown option: --blokcs. Did you mean --blocks?`, by the letters alone."""
    bare = {name.lstrip("-"): name for name in known if name.startswith("--")}
    near = near_names(option.partition("=")[0].lstrip("-"), bare)
    meant = f" Did you mean {bare[near[0]]}?" if near else ""
    return f"Unknown option: {option}.{meant}"


def _where(verb: str) -> str:
    if verb:
        return f"`auditbench {verb} --help` lists what it takes."
    return "`auditbench --help` lists the commands."
