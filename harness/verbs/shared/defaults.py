"""Defaults of options, from `auditbench.toml` or `[tool.auditbench]` of a pyproject.toml.

The nearest of them is taken, from the working directory upward. Keys are options without their
hyphens: those at the top are for every verb that has them, those in a table for the verb of its
name. The command line has the last word, then the environment.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from cyclopts import Group

from harness.errors import UsageError, did_you_mean, near_names
from harness.files.caller import why
from harness.files.owned import read_owned
from harness.files.reading import TooLargeError, read_bytes, toml_of
from harness.model.options import COMPARED, CONSUMING, LOAD, PRECISION
from harness.verbs.shared.terminal import chosen

if TYPE_CHECKING:
    from cyclopts import App
    from cyclopts.argument import Argument, ArgumentCollection

FILE, PROJECT = "auditbench.toml", "pyproject.toml"
VERB = "verb"
NONE = "none"
"""`--config none` reads no file."""
ONLY_TYPED = frozenset({"--config", "--yes"})
"""Options that no file may set: where defaults are, and consent to what cannot be undone."""
CONSUMER_PATH = "consumer-path"
"""The one option that is a table: a path by the name of the consumer."""
CONTRADICTING = (("quiet", "verbose"), ("fast", "rigorous"))
"""Of these the one that was typed puts the other out of force."""
OF_MEASURING = (COMPARED, LOAD, CONSUMING, PRECISION)
"""Groups of options that say how to measure; so do these beside them."""
ALSO_OF_MEASURING = frozenset({"cpus", "fallback", "label"})
STORED = {"gate": "run", "run": "resume"}
"""By verb the option that names a stored run: what is measured was decided when that was made."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """The tables of one file. Called by cyclopts, it fills in what was not given otherwise."""

    path: Path
    table: Mapping[str, Any]
    words: list[str] = field(default_factory=list)
    """The options that it filled in, as they would be typed."""

    def __call__(self, app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
        """Fill in the options of a verb, or those of all verbs if `commands` is empty."""
        from cyclopts.config import Dict

        values = dict(self._values(commands, arguments))
        Dict(values, source=str(self.path), use_commands_as_keys=False)(app, commands, arguments)
        for argument in arguments:
            self.words.extend(_words(argument, str(self.path)))

    def require_known(self, root: App, verbs: Iterable[str], verb: str) -> None:
        """UsageError for a key that is no option: of this verb in its table, of any at the top."""
        verbs = list(verbs)
        every = _keys(root.meta.assemble_argument_collection())
        own = {**every, **_keys(_command(root, verb).assemble_argument_collection())}
        self._require_verbs(self.table, verbs)
        unknown = [key for key in _options(self.table) if key not in own]
        if unknown:
            for name in verbs:
                every |= _keys(_command(root, name).assemble_argument_collection())
        for key in unknown:
            if key not in every:
                raise self._unknown(key, [*every, *verbs])
        for key in _options(self._table(tuple(verb.split()))):
            if key not in own:
                raise self._unknown(key, list(own), of=verb)

    def _require_verbs(self, table: Mapping[str, Any], verbs: list[str], family: str = "") -> None:
        """UsageError for a table that is not called like a verb."""
        for key in table.keys() - _options(table).keys():
            name = f"{family} {key}".strip()
            if name not in verbs and not any(verb.startswith(f"{name} ") for verb in verbs):
                raise self._unknown(name, verbs, what=VERB)
            if name not in verbs:
                self._require_verbs(table[key], verbs, name)

    def _unknown(
        self, key: str, known: list[str], *, of: str = "", what: str = "option"
    ) -> UsageError:
        near = near_names(key, known)
        meant = f"{did_you_mean(near)} " if near else ""
        where = f"[{of}]" if of else "the file"
        help_of = of if of or what == VERB else "VERB"
        return UsageError(
            f"{self.path}: {key!r} in {where} is no {what}",
            remedy=f"{meant}`{' '.join(filter(None, ('auditbench', help_of)))} --help` lists them",
        )

    def _table(self, commands: tuple[str, ...]) -> Mapping[str, Any]:
        """The table of a verb; empty if there is none."""
        table: Any = self.table
        for command in commands:
            table = table.get(command) if isinstance(table, Mapping) else None
        return table if commands and isinstance(table, Mapping) else {}

    def _values(
        self, commands: tuple[str, ...], arguments: ArgumentCollection
    ) -> Iterator[tuple[str, Any]]:
        """The values for these arguments that are not out of force, by key."""
        known = _keys(arguments)
        given = {key for key, argument in known.items() if argument.tokens}
        lost = {k for pair in CONTRADICTING if given.intersection(pair) for k in pair}
        is_stored = STORED.get(" ".join(commands)) in given
        for key, value in {**_options(self.table), **_options(self._table(commands))}.items():
            argument = known.get(key)
            if argument is None or key in lost:
                continue
            if is_stored and (key in ALSO_OF_MEASURING or _is_of_measuring(argument)):
                continue
            yield key, self._value(key, value, argument)

    def _value(self, key: str, value: Any, argument: Argument) -> Any:
        """A value as cyclopts takes it; a path is one from the folder of the file."""
        if key == CONSUMER_PATH:
            pairs = value.items() if isinstance(value, dict) else map(_pair, _list(value))
            return [f"{name}={self._path(path)}" for name, path in pairs]
        values = _list(value)
        if not all(isinstance(each, str | int | float) for each in values):
            raise UsageError(
                f"{self.path}: {key} is neither text nor a number nor a list of them",
                remedy="write it as on the command line",
            )
        if _takes_paths(argument.hint):
            values = [self._path(each) for each in values]
        return values if isinstance(value, list) else values[0]

    def _path(self, path: object) -> str:
        return str(self.path.parent / Path(str(path)).expanduser())


def find_defaults(named: str | None) -> Defaults | None:
    """The defaults of a file that the user names, else of the nearest from here upward.

    Raises UsageError for a file that cannot be read, is not TOML, or is not to be believed.
    """
    if named == NONE:
        return None
    if named:
        return _named(Path(named))
    try:
        here = Path.cwd()
    except OSError:  # it was removed under us: there is nothing to find
        return None
    for folder in (here, *here.parents):
        for name in (FILE, PROJECT):
            found = _nearest(folder / name)
            if found is not None:
                return found
    return None


def _named(path: Path) -> Defaults:
    try:
        data = read_bytes(path, named=True)
    except (OSError, TooLargeError) as error:
        words = why(error) if isinstance(error, OSError) else error
        raise UsageError(
            f"--config {path} cannot be read ({words})", remedy="name a file, or none"
        ) from None
    table = _table_of(path, data)
    if table is None:
        raise UsageError(f"--config {path} has no [tool.auditbench]", remedy="name another file")
    return Defaults(path.absolute(), table)


def _nearest(path: Path) -> Defaults | None:
    read = read_owned(path)
    if read is None:
        return None
    data, doubt = read
    if path.name == PROJECT and b"auditbench" not in data:
        return None
    table = _table_of(path, data)
    if table is None:
        return None
    if doubt:
        raise UsageError(
            f"{path} is not read: {doubt}",
            remedy="make it yours (chown, chmod go-w), or give --config FILE or --config none",
        )
    return Defaults(path, table)


def _table_of(path: Path, data: bytes) -> Mapping[str, Any] | None:
    """The options in a file; None in a pyproject.toml that has nothing for auditbench."""
    try:
        found: Any = toml_of(data.decode())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}", remedy="mend it") from None
    if path.name != PROJECT:
        return _hyphened(found)
    tools = found.get("tool")
    table = tools.get("auditbench") if isinstance(tools, dict) else None
    return _hyphened(table) if isinstance(table, dict) else None


def _hyphened(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with keys as options are written: `consumer_path` is `consumer-path`."""
    return {
        key.replace("_", "-"): _hyphened(value) if isinstance(value, dict) else value
        for key, value in table.items()
    }


def _options(table: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a table that are options, not tables of verbs."""
    return {
        key: value
        for key, value in table.items()
        if not isinstance(value, dict) or key == CONSUMER_PATH
    }


def _is_of_measuring(argument: Argument) -> bool:
    found = argument.parameter.group
    groups = [found] if isinstance(found, Group | str) else list(found or ())
    return any(group in OF_MEASURING for group in groups)


def _command(root: App, verb: str) -> App:
    for word in verb.split():
        root = root[word]
    return root


def _keys(arguments: Iterable[Argument]) -> dict[str, Argument]:
    """The options that a file may set, by key."""
    return {
        name.removeprefix("--"): argument
        for argument in arguments
        for name in argument.names
        if name.startswith("--") and argument.parse and name not in ONLY_TYPED
    }


def _words(argument: Argument, source: str) -> Iterator[str]:
    """The words that would give an argument what a file gives it."""
    for token in argument.tokens:
        if token.source == source:
            if token.implicit_value is True or (argument.hint is bool and token.value == "True"):
                yield argument.name
            elif argument.hint is not bool:
                yield f"{argument.name}={token.value}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _pair(word: object) -> tuple[str, str]:
    name, _, path = str(word).partition("=")
    return name, path


def _takes_paths(hint: Any) -> bool:
    return hint is Path or any(map(_takes_paths, get_args(hint)))


def report_defaults(
    defaults: Defaults, verb: Callable[..., object], given: dict[str, Any], command: list[str]
) -> None:
    """With `-v`, say which options the file filled in; a run stores them as if they were typed."""
    from harness.verbs.shared.output import err

    words = list(dict.fromkeys(defaults.words))
    if chosen().verbose:
        told = " ".join(words) or "none for this command"
        err().print(f"defaults from {defaults.path}: {told}", markup=False, soft_wrap=True)
    if words and "conduct" in inspect.signature(verb).parameters:
        from harness.run.request import Conduct

        conduct = given.get("conduct", Conduct())
        typed = list(conduct.argv)
        at = typed.index("--") if command and "--" in typed else len(typed)
        given["conduct"] = replace(conduct, argv=(*typed[:at], *words, *typed[at:]))
