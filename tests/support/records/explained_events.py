"""The lines of one event, to be explained, and rules as they are loaded."""

from __future__ import annotations

from pathlib import Path

from harness.kernel.rules.explain.records import Event, read_events
from harness.kernel.rules.explain.writer import Explanation, explain_event
from harness.kernel.rules.lint.parsed import LoadedRule, parse_source
from harness.kernel.rules.lint.source import read_source

STAMP = "msg=audit(1700000000.123:456):"
NAME = "1700000000.123:456"


def call_line(
    number: int = 257, *, key: str | None = None, more: str = "", items: int = 0, **fields: object
) -> str:
    """A SYSCALL record of a successful openat by root; fields replace those of the same name."""
    named: dict[str, object] = {
        **{"arch": "c000003e", "syscall": number, "success": "yes", "exit": 3},
        **{"a0": "ffffff9c", "a1": "7ffd0000", "a2": "0", "a3": "0", "items": items},
        **{"ppid": 10, "pid": 11, "auid": 1000, "uid": 0, "gid": 0, "euid": 0, "suid": 0},
        **{"fsuid": 0, "egid": 0, "sgid": 0, "fsgid": 0, "tty": "pts0", "ses": 3},
        **{"comm": '"sh"', "exe": '"/usr/bin/dash"', "subj": "unconfined"},
    }
    words = " ".join(f"{name}={value}" for name, value in (named | fields).items())
    shown = "(null)" if key is None else f'"{key}"'
    return f"type=SYSCALL {STAMP} {words} key={shown}{more}"


def path_line(item: int, name: str, *, kind: str = "NORMAL", owner: int = 0, inode: int = 1) -> str:
    """A PATH record; without inode for one of kind UNKNOWN."""
    found = "" if kind == "UNKNOWN" else (
        f" inode={inode} dev=fd:7f mode=0100644 ouid={owner} ogid={owner} rdev=00:00"
    )  # fmt: skip
    return f'type=PATH {STAMP} item={item} name="{name}"{found} nametype={kind} cap_fp=0'


def cwd_line(path: str = "/root") -> str:
    """A CWD record."""
    return f'type=CWD {STAMP} cwd="{path}"'


def event_of(*lines: str, elsewhere: bool = True) -> Event:
    """The one event of these lines."""
    (event,) = read_events("\n".join(lines).encode(), "the test", elsewhere=elsewhere).events
    return event


def loaded(folder: Path, *rules: str) -> tuple[LoadedRule, ...]:
    """The rules as the kernel holds them, of a file with these lines."""
    path = folder / "my.rules"
    path.write_text("".join(f"{rule}\n" for rule in rules))
    return parse_source(read_source(path), elsewhere=True).rules


def explanation(
    folder: Path, rules: tuple[str, ...], *lines: str, elsewhere: bool = True
) -> Explanation:
    """What is said of the event under these rules."""
    return explain_event(event_of(*lines, elsewhere=elsewhere), loaded(folder, *rules))
