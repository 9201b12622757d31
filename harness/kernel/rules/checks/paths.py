"""Paths in rules, checked against the files of this machine: those the kernel refuses, and traps.

For `path` and `exe` the kernel follows the directories and takes the last name literally; for
`dir` it does the same with the whole path, but a slash at the end makes it follow a link there
(`kern_path_parent` in `audit_watch.c` and `audit_fsnotify.c`, `kern_path` in `audit_tree.c`).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from harness.kernel.rules.checks.refusals import condition, refused
from harness.kernel.rules.fields import NAME_MAX, PATH_MAX, PERMISSION_BITS, Field
from harness.kernel.rules.rule import Rule, RuleField
from harness.kernel.rules.warning import OR_IGNORE, RuleWarning
from harness.kernel.rules.words import shown

PATH_MISSING = "path-missing"
"""The code of a warning about a path without which the kernel will not take the rule."""
_LAST_AS_IT_STANDS = (Field.WATCH, Field.EXE)
_CREATE = f"create it first{OR_IGNORE}"


def path_refusals(rule: Rule, *, absent_exe: bytes | None = None) -> Iterator[RuleWarning]:
    """Paths of the rule that the kernel will not find or follow on this machine now.

    The program `absent_exe` need not exist here.
    """
    for field in rule.fields:
        if _is_absent(field, absent_exe):
            continue
        if field.field in _LAST_AS_IT_STANDS:
            folder, _, name = field.text.rpartition(b"/")
            yield from _unusable(field, folder or b"/", name, "the directory of ")
        elif field.field == Field.DIR:
            yield from _unusable(field, field.text, b"", "")


def _unusable(field: RuleField, place: bytes, name: bytes, whose: str) -> Iterator[RuleWarning]:
    if len(field.text) >= PATH_MAX or len(name) > NAME_MAX:
        yield refused(
            f"{condition(field)} is too long",
            f"a path has at most {PATH_MAX - 1:,} bytes, its last part {NAME_MAX}",
        )
        return
    try:
        status = os.stat(place) if whose else os.lstat(place)  # noqa: PTH116  # bytes, as given
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG):
            reason = "does not exist"
            if error.errno != errno.ENOENT:
                reason = f"cannot be followed ({error.strerror})"
            yield refused(f"{whose}{condition(field)} {reason}", _CREATE, PATH_MISSING)
        return  # any other error: we may not look, so nothing is known
    except ValueError:
        return
    if whose and not stat.S_ISDIR(status.st_mode):
        yield refused(f"{whose}{condition(field)} is not a directory", "correct the path")


def path_traps(rule: Rule, *, absent_exe: bytes | None = None) -> Iterator[RuleWarning]:
    """Paths that the kernel accepts but that do not mean what they seem to.

    The program `absent_exe` need not exist here.
    """
    for field in rule.fields:
        if field.field in (*_LAST_AS_IT_STANDS, Field.DIR):
            yield from _literal(field)
            if not _is_absent(field, absent_exe):
                yield from _of_files(rule, field)


def _is_absent(field: RuleField, program: bytes | None) -> bool:
    return field.field == Field.EXE and field.value == program


def _literal(field: RuleField) -> Iterator[RuleWarning]:
    if any(part in field.text for part in (b"*", b"?")) or b".." in field.text.split(b"/"):
        yield RuleWarning(
            "path-literal",
            f"{condition(field)} is taken literally: the kernel knows neither wildcards nor ..",
            "name one file, or a directory by dir=",
        )


def _of_files(rule: Rule, field: RuleField) -> Iterator[RuleWarning]:
    try:
        mode = os.lstat(field.text).st_mode
    except FileNotFoundError:
        if field.field == Field.EXE and _is_directory(field.text.rpartition(b"/")[0] or b"/"):
            yield _missing_program(field)
        return
    except (OSError, ValueError):
        return
    if stat.S_ISLNK(mode):
        if field.field == Field.EXE:
            yield _program_link(field)
        elif field.field == Field.DIR or _asks_for_execution(rule):
            yield _watched_link(field)
    elif field.field == Field.DIR and not stat.S_ISDIR(mode):
        yield RuleWarning(
            "dir-is-a-file",
            f"{condition(field)} is a file: the kernel watches this file, and not the name "
            "once another file takes it, and compares the rule at every syscall, as of a directory",
            f"write path={shown(field.text)}",
            kind="dir-is-a-file",
        )


def _is_directory(path: bytes) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  # bytes, as given


def _asks_for_execution(rule: Rule) -> bool:
    bits = [field.number for field in rule.fields if field.field == Field.PERM]
    return not bits or any(each & PERMISSION_BITS["x"] for each in bits)


def _target(field: RuleField) -> str:
    return shown(os.path.realpath(field.text))


def _watched_link(field: RuleField) -> RuleWarning:
    name = condition(field).partition("=")[0]
    unseen = "what happens below it" if field.field == Field.DIR else "execution through it"
    return RuleWarning(
        "watch-symlink",
        f"{condition(field)} is a symbolic link to {_target(field)}: the kernel watches the link "
        f"itself, and {unseen} produces no event",
        f"write {name}={_target(field)}",
        kind="watch-symlink",
    )


def _program_link(field: RuleField) -> RuleWarning:
    return RuleWarning(
        "exe-symlink",
        f"{condition(field)} is a symbolic link, and no program ever runs as one: the rule never "
        "matches as meant",
        f"write exe={_target(field)}",
        kind="exe-symlink",
    )


def _missing_program(field: RuleField) -> RuleWarning:
    return RuleWarning(
        "exe-missing",
        f"{condition(field)} does not exist here, so the rule matches nothing until it does",
        "check the path",
        kind="exe-missing",
    )
