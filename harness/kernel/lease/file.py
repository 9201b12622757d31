"""Reading lease.json item by item: damage is named, and the rest can be restored.

The file may have been cut short, written by another version, or tampered with. A value that the
kernel must not be given (`enabled` 2) or that no process or daemon can have is damage like any
other. Nothing is changed here.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from harness.counted import counted
from harness.errors import HostUnfitError
from harness.files.reading import read_as_root
from harness.kernel.lease.snapshot import (
    SCHEMA,
    BorrowedDaemon,
    LeaseRecord,
    Snapshot,
    read_boot_id,
)
from harness.kernel.messages import RULE_FIXED_BYTES
from harness.model.state import SETTINGS
from harness.processes.identity import ProcessId

MOST_BYTES: Final = 256 << 20
"""A rule is 2 kB of hexadecimal digits; a host may have a hundred thousand."""
MOST_RULE_BYTES: Final = RULE_FIXED_BYTES + 64 * 4096
"""64 fields, each a path as long as paths can be."""
_MOST_DIGITS: Final = 20

Kind = Callable[[Any], Any]
"""Return the value, or raise ValueError saying what it should be. Written by hand because the
guard, which locks its memory, should not load a library for it."""


def _number(low: int, high: int) -> Kind:
    def check(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"no number from {low} to {high}")
        return value

    return check


def _text(pattern: str, most: int = 1 << 20, least: int = 0) -> Kind:
    wanted = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise ValueError(f"no text of {least} to {counted(most, 'character')}")
        if not wanted.fullmatch(value):
            raise ValueError("no such text")
        return value

    return check


def _several(kind: Kind, least: int = 0) -> Kind:
    def check(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) < least:
            raise ValueError(f"no list of {least} or more")
        return [kind(entry) for entry in value]

    return check


def _or_none(kind: Kind) -> Kind:
    return lambda value: None if value is None else kind(value)


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ValueError("no object")


U32: Final = _number(0, 2**32 - 1)
SWITCH: Final = _number(0, 1)
"""`enabled` and `failure`: 2 locks the host or makes it panic, and is never restored."""
PID: Final = _number(1, 2**22 - 1)
TICKS: Final = _number(0, 2**63 - 1)
WORD: Final = _text(r"[^\0]*")
FILLED: Final = _text(r"[^\0]+")
ABSOLUTE: Final = _text(r"/[^\0]*", 4096)
UNIT: Final = _text(r"[A-Za-z0-9_.:@\\][A-Za-z0-9_.:@\\-]*\.service", 256)
HEX: Final = _text(r"(?:[0-9a-f]{2})+", 2 * MOST_RULE_BYTES, 2 * RULE_FIXED_BYTES)
_SETTING_KINDS: Final = {"enabled": SWITCH, "failure": SWITCH}


@dataclass(slots=True)
class _Items:
    """The items of one JSON object, each checked by itself; damage is noted."""

    document: Any
    place: str
    damage: list[str] = field(default_factory=list)

    def get(self, key: Any, kind: Kind, default: Any) -> Any:
        """The item if it is of this kind, else the default."""
        try:
            return kind(self.document[key])
        except (KeyError, IndexError):
            self.note(key, "is missing")
        except ValueError as error:
            self.note(key, f"is damaged ({error})")
        return default

    def within(self, key: str) -> _Items:
        """The object inside; if there is none, one without items."""
        found = self.get(key, _object, {})
        return _Items(found, f"{self.place}{key}.", self.damage)

    def note(self, key: Any, words: str) -> None:
        """Note damage."""
        self.damage.append(f"{self.place}{key} {' '.join(words.split())[:200]}")


def load_record(path: Path) -> LeaseRecord | None:
    """The record in the file, None if there is no file. Its `damage` says what is wrong with it.

    Raises HostUnfitError where nothing of it can be understood: the state to restore is then
    unknown, and no run should start on top of it.
    """
    try:
        document = json.loads(read_as_root(path, limit=MOST_BYTES), parse_int=_parse_int)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")  # noqa: TRY301 - all are told alike
        return _record(_Items(document, ""))
    except FileNotFoundError:
        return None
    except OSError as error:
        why = error.strerror or str(error)
    except RecursionError:
        why = "it is nested too deep"
    except ValueError as error:
        why = str(error)
    raise HostUnfitError(
        f"{path} should hold the audit state to restore, but cannot be read ({why})",
        remedy=f"compare `auditctl -s` and `auditctl -l` with what they should be, then rm {path}",
    )


def _parse_int(digits: str) -> int | str:
    """A number that is too long for anything here stays text, and is then reported as damage."""
    return int(digits) if len(digits) <= _MOST_DIGITS else digits[:_MOST_DIGITS]


def _record(items: _Items) -> LeaseRecord:
    boot_id = items.get("boot_id", FILLED, read_boot_id())  # /run does not outlast a boot
    record = LeaseRecord(
        boot_id=boot_id,
        token=items.get("token", FILLED, secrets.token_hex(8)),
        command=items.get("command", WORD, "unknown"),
        holder=_process(items, "holder"),
        taken_at=items.get("taken_at", WORD, "unknown"),
        snapshot=_snapshot(items.within("snapshot")),
        daemon=_daemon(items),
        problems=tuple(items.get("problems", _several(WORD), [])),
        damage=(),
    )
    return record.with_damage(tuple(items.damage))


def _process(items: _Items, key: str) -> ProcessId:
    inside = items.within(key)
    return ProcessId(inside.get("pid", PID, 0), inside.get("start_ticks", TICKS, 0))


def _snapshot(items: _Items) -> Snapshot:
    settings = items.within("settings")
    found = {
        name: settings.get(name, _SETTING_KINDS.get(name, U32), None)
        for name in SETTINGS
        if name in settings.document
    }
    rules = items.get("rules", _several(lambda rule: rule), None)
    return Snapshot(
        settings={name: value for name, value in found.items() if value is not None},
        features=items.get("features", _or_none(U32), None),
        feature_lock=items.get("feature_lock", _or_none(U32), None),
        rules=tuple(_rules(items, rules or [])),
        rules_known=rules is not None,
    )


def _rules(items: _Items, rules: list[Any]) -> list[bytes]:
    inside = _Items(rules, f"{items.place}rules.", items.damage)
    found = (inside.get(number, HEX, None) for number in range(len(rules)))
    return [bytes.fromhex(rule) for rule in found if rule is not None]


def _daemon(items: _Items) -> BorrowedDaemon | None:
    """The daemon to start again; None if there was none, or none that can be started."""
    if isinstance(items.document, dict) and items.document.get("daemon", ...) is None:
        return None
    inside = items.within("daemon")
    process = _process(inside, "process")
    unit = inside.get("unit", _or_none(UNIT), None)
    executable = inside.get("executable", ABSOLUTE, "")
    command = inside.get("command", _several(FILLED, 1), [])
    directory = inside.get("directory", ABSOLUTE, "/")
    environment = inside.get("environment", _object, {})
    variables = _Items(environment, f"{inside.place}environment.", inside.damage)
    umask = inside.get("umask", _number(0, 0o777), 0o022)
    score = inside.get("oom_score_adj", _number(-1000, 1000), 0)
    if not unit and not (executable and command):
        inside.note("command", "is needed to start the audit daemon again: start it by hand")
        return None
    return BorrowedDaemon(
        process=process,
        executable=executable,
        command=tuple(command),
        directory=directory,
        environment=_environment(variables),
        unit=unit,
        umask=umask,
        oom_score_adj=score,
    )


def _environment(items: _Items) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in items.document:
        value = items.get(name, WORD, None)
        if not re.fullmatch(r"[^\0=]+", name):
            items.note(repr(name), "is not the name of a variable")
        elif value is not None:
            found[name] = value
    return found
