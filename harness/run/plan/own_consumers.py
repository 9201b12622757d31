"""Consumers that only this run has: programs of the user's own, and builds of any consumer.

`--consumer-command` and `[[own_consumers]]` say how a program is started and what it writes;
`--consumer NAME@LABEL=PATH` is one of several builds of a program.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from harness.consumers.base import Consumer
from harness.consumers.catalog import CONSUMERS, consumer_names, find_consumer
from harness.consumers.foreign.given_output import MAPPED, Form
from harness.consumers.foreign.mapping import LineMapping, check_mapping, read_mapping
from harness.consumers.own.build import BuildConsumer
from harness.consumers.own.command import STDOUT, OwnCommand, OwnConsumer, named_after
from harness.errors import UsageError, did_you_mean, near_names
from harness.run.plan.file import PlanFile
from harness.run.request import Load

_NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}"
_COMMAND = re.compile(rf"({_NAME})=(.*)", re.S)
_BUILD = re.compile(rf"({_NAME})@({_NAME})=(.+)", re.S)
BUILD_EXAMPLE = "write NAME@LABEL=PATH, such as go-audit@head=/opt/go-audit"


@dataclass(frozen=True, slots=True)
class AskedConsumers:
    """The consumers that the command line names, in order, and those that only this run has."""

    names: tuple[str, ...]
    own: Mapping[str, Consumer]

    def find(self, name: str) -> Consumer:
        """The consumer of this name; UsageError if nothing is called so."""
        return self.own.get(name) or find_consumer(name)


def asked_consumers(load: Load, file: PlanFile) -> AskedConsumers:
    """The consumers of a request; UsageError for a name, a command or a form that cannot be."""
    require_output(load)
    commands = _commands_of_plan(file) | commands_of(load)
    builds = {word: _read_build(word) for word in load.consumers if "=" in word}
    own: dict[str, Consumer] = {
        knobs.name: _plain(knobs.name, Path(knobs.program) if knobs.program else None, commands)
        for knobs in file.own_consumers
    }
    for name in _names(load.consumer_commands):
        own[name] = OwnConsumer(name, commands[name])
    names = []
    for word in load.consumers:
        if word not in builds:
            names.append(word)
            continue
        base, label, program = builds[word]
        name = f"{base}@{label}"
        if name in names:
            raise UsageError(f"--consumer names {name} twice", remedy="give each build a label")
        own[name] = _build(name, base, program, commands, load)
        names.append(name)
    built = {base for base, _, _ in builds.values()}
    names += [n for n in _names(load.consumer_commands) if n not in {*names, *built}]
    _require_meaning(load, own)
    return AskedConsumers(tuple(names), own)


def require_output(load: Load) -> None:
    """UsageError for an output that is no file's name."""
    if load.consumer_output == "":
        raise UsageError(
            "--consumer-output is empty", remedy="name the file, or - for what the program prints"
        )
    if (load.consumer_output or "").startswith("--"):
        raise UsageError(
            f"--consumer-output {load.consumer_output} is no file", remedy="name it ./--FILE, or -"
        )


def _commands_of_plan(file: PlanFile) -> dict[str, OwnCommand]:
    commands = {}
    for knobs in file.own_consumers:
        _check_name(knobs.name, "[[own_consumers]]")
        if knobs.command:
            mapping = None
            if knobs.mapping:
                mapping = check_mapping("[[own_consumers]] mapping", knobs.mapping)
            form, by = _form(knobs.form, mapping, "[[own_consumers]]")
            words = _words(knobs.command, "[[own_consumers]] command")
            commands[knobs.name] = OwnCommand(words, knobs.output, form, by)
    return commands


def commands_of(load: Load) -> dict[str, OwnCommand]:
    """The programs of `--consumer-command` by name, in order; UsageError for what is none."""
    found = {}
    for text in load.consumer_commands:
        name, command = _named(text)
        if name in found:
            raise UsageError(f"--consumer-command has {name} twice", remedy=_OTHER_NAME)
        found[name] = command_of(_words(command, "--consumer-command"), load)
    return found


_OTHER_NAME = "write NAME=COMMAND to give it another name"


def _named(text: str) -> tuple[str, str]:
    """The name of a program and its command, from `NAME=COMMAND` or a command alone."""
    match = _COMMAND.fullmatch(text.strip())
    if match:
        name, command = match[1], match[2]
    else:
        name, command = named_after(_words(text, "--consumer-command")), text
    _check_name(name, "--consumer-command")
    return name, command


def _names(texts: Iterable[str]) -> list[str]:
    return [_named(text)[0] for text in texts]


def _check_name(name: str, where: str) -> None:
    if name in CONSUMERS:
        raise UsageError(f"{where}: {name} is a consumer of auditbench's", remedy=_OTHER_NAME)
    if not re.fullmatch(rf"{_NAME}(?:@{_NAME})?", name):
        raise UsageError(f"{where}: {name!r} is no name for a consumer", remedy=_OTHER_NAME)


def _words(command: str, where: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"{where} {command!r} is no command ({error})") from None
    if not words or "\0" in command:
        raise UsageError(f"{where} is empty", remedy="give it like './mine --config x'")
    return words


def command_of(words: tuple[str, ...], load: Load) -> OwnCommand:
    """A program that is started by these words, with what the options say of its output."""
    mapping = None
    if load.consumer_mapping is not None:
        mapping = read_mapping("--consumer-mapping", load.consumer_mapping)
    form, mapping = _form(load.consumer_form, mapping, "--consumer-form")
    return OwnCommand(words, load.consumer_output or STDOUT, form, mapping)


def _form(
    form: str | None, mapping: LineMapping | None, where: str
) -> tuple[Form | None, LineMapping | None]:
    """Form and mapping as they belong together: only JSON lines have a mapping, and they must."""
    if mapping is not None and form not in (None, MAPPED):
        raise UsageError(
            f"{where}: the form {form} needs no mapping", remedy=f"give {MAPPED}, or no mapping"
        )
    if form == MAPPED and mapping is None:
        raise UsageError(
            f"{where}: {MAPPED} needs a mapping", remedy="docs/own-consumer.md shows one"
        )
    return (MAPPED if mapping is not None else cast("Form | None", form)), mapping


def _read_build(word: str) -> tuple[str, str, Path]:
    match = _BUILD.fullmatch(word)
    if match is None:
        raise UsageError(
            f"--consumer {word!r} is not a build of a consumer",
            remedy=f"{BUILD_EXAMPLE}; --consumer-path NAME=PATH gives a single one its program",
        )
    return match[1], match[2], Path(match[3]).absolute()


def _plain(name: str, program: Path | None, commands: Mapping[str, OwnCommand]) -> Consumer:
    """A consumer of the plan: a command, or a build of a known one."""
    if name in commands:
        return OwnConsumer(name, commands[name], program)
    if program is None:
        raise UsageError(
            f"[[own_consumers]]: {name} has neither a command nor a program",
            remedy="docs/own-consumer.md shows both",
        )
    base = name.partition("@")[0]
    if base in commands:
        return OwnConsumer(name, commands[base], program)
    return _known_build(name, base, program)


def _build(
    name: str, base: str, program: Path, commands: Mapping[str, OwnCommand], load: Load
) -> Consumer:
    if base in commands:
        return OwnConsumer(name, commands[base], program)
    if base not in consumer_names():
        if load.consumer_output is None:
            near = near_names(base, consumer_names())
            meant = f"{did_you_mean(near)} For" if near else "for"
            raise UsageError(
                f"{name}: no consumer is called {base!r}",
                remedy=f"{meant} a program of your own say where it writes: --consumer-output "
                "FILE, or - for what it prints",
            )
        return OwnConsumer(name, command_of((str(program),), load), program)
    return _known_build(name, base, program)


def _known_build(name: str, base: str, program: Path) -> Consumer:
    known = find_consumer(base)
    if isinstance(known, BuildConsumer) or known.find(program) is None:
        raise UsageError(
            f"{name}: {base} is part of auditbench and has no program of its own",
            remedy=f"name it without label and path: --consumer {base}",
        )
    return BuildConsumer(name, known, program)


def _require_meaning(load: Load, own: Mapping[str, Consumer]) -> None:
    """UsageError for a package, which is counted only, and for outputs of no program."""
    if load.consumer_packages:
        raise UsageError(
            "--consumer-package has no meaning without --count",
            remedy="count it, or name the unpacked program: --consumer-path NAME=PATH",
        )
    if not any(isinstance(each, OwnConsumer) for each in own.values()):
        refuse_outputs(load)


def refuse_outputs(load: Load) -> None:
    """UsageError for what is said of outputs; to be called where no program is the user's own."""
    for option, value in (
        ("--consumer-output", load.consumer_output),
        ("--consumer-form", load.consumer_form),
        ("--consumer-mapping", load.consumer_mapping),
    ):
        if value is not None:
            raise UsageError(
                f"{option} has no meaning without a program of your own",
                remedy="give --consumer-command './mine --config x', or leave it out",
            )
