"""What is said about a command line that cannot be read: what is wrong, what was meant, which help
tells more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from cyclopts import (
    App,
    CoercionError,
    ConsumeMultipleError,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)

from harness.errors import did_you_mean, near_names


def unreadable(app: App, verb: str, error: CycloptsError) -> str:
    """The line about an error of cyclopts; `verb` is empty where none was recognised."""
    if isinstance(error, UnknownOptionError) and error.token.source == "cli":
        from harness.renamed import GONE_OPTIONS
        from harness.verbs.shared.old_options import instead_of

        option = error.token.keyword or error.token.value
        if option in GONE_OPTIONS:
            return f"{option} is no more: {GONE_OPTIONS[option]}"
        if instead := instead_of(verb, option):
            return f"{option} is {instead} now"
        return no_option(app, verb, option)
    word = ""
    if isinstance(error, UnknownCommandError) and error.unused_tokens:
        word = error.unused_tokens[0]
    if word.startswith("-"):
        flags = (*app.help_flags, *app.version_flags)
        return f"{_unknown(word, flags)} {_where('')}"
    if word:
        return no_command(app, error.command_chain or (), word)
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
        case CoercionError(msg=None, token=token) if token:
            number = next((_NUMBERS[of] for of in _types(error.target_type) if of in _NUMBERS), "")
            given = f"{(token.keyword or '').strip('[]')} {token.value!r}"
            if number and token.source == "cli":
                return f"{given} is not {number}."
            if number:
                return f"{given} in {token.source} is not {number}."
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


def no_command(app: App, chain: Sequence[str], word: str) -> str:
    """The line about a verb that there is none of, behind the first words of it."""
    for first in chain:
        app = app[first]
    near = near_names(word, [name for name in app if not name.startswith("-")])
    meant = f" {_asked(near)}" if near else ""
    help_of = " ".join(("auditbench", *chain, "--help"))
    return f'Unknown command "{word}".{meant} `{help_of}` lists the commands.'


def _asked(names: Sequence[str]) -> str:
    asked = did_you_mean(names)
    return asked[0].upper() + asked[1:]


def _command(app: App, verb: str) -> App:
    command = app
    for word in verb.split():
        command = command[word]
    return command


def _unknown(option: str, known: Sequence[str]) -> str:
    """`Unknown option: --blokcs. Did you mean --blocks?`, by the letters alone."""
    bare = {name.lstrip("-"): name for name in known if name.startswith("--")}
    near = near_names(option.partition("=")[0].lstrip("-"), bare)
    meant = f" {_asked([bare[name] for name in near[:1]])}" if near else ""
    return f"Unknown option: {option}.{meant}"


def _where(verb: str) -> str:
    if verb:
        return f"`auditbench {verb} --help` lists what it takes."
    return "`auditbench --help` lists the commands."


def given_options(part: Any, names: Iterable[str] = ()) -> list[str]:
    """The options that fill these fields of a dataclass (all if none is named), where they were
    given: whose value is not that of a new one.
    """
    plain, hints = type(part)(), get_type_hints(type(part), include_extras=True)
    wanted = tuple(names) or tuple(field.name for field in fields(part))
    found: list[str] = []
    for name in wanted:
        value = getattr(part, name)
        if is_dataclass(value):
            found += given_options(value)
        elif value != getattr(plain, name):
            found.append(_option(name, hints[name]))
    return found


def listed(words: Iterable[str]) -> str:
    """Options in a sentence: `--a, --b and --c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _option(name: str, hint: Any) -> str:
    named = next(_names(hint), "")
    return named or f"--{name.replace('_', '-')}"


def _names(hint: Any) -> Iterator[str]:
    for note in get_args(hint)[1:]:
        if isinstance(note, Parameter):
            yield from (name for name in note.name or () if name.startswith("-"))
