"""Files are written in one place (`harness/files`), or for a reason that stands here."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from floors import ROOT

THE_PLACE = "harness/files/"

ELSEWHERE = {
    "harness/consumers/auditbeat.py": "in the private folder of a trial",
    "harness/consumers/auditd.py": "in the private folder of a trial; its PID file in /run",
    "harness/consumers/auditd_plugins.py": "in the private folder of a trial",
    "harness/consumers/builtin.py": "in the private folder of a trial",
    "harness/consumers/counted/listening.py": "in a guest, its /proc",
    "harness/consumers/counted/system_log.py": "in a guest, its /proc and /dev/log",
    "harness/consumers/foreign/external.py": "in the private folder of a trial",
    "harness/consumers/foreign/reader.py": "in the private folder of a trial",
    "harness/consumers/go_audit.py": "in the private folder of a trial",
    "harness/consumers/journald.py": "in the private folder of a trial",
    "harness/consumers/laurel.py": "in the private folder of a trial",
    "harness/consumers/osqueryd.py": "in the private folder of a trial",
    "harness/guest/cross.py": "in a private folder, which the compiler reads",
    "harness/guest/userland.py": "into memory",
    "harness/guest/inside/agent.py": "in a guest, its serial line",
    "harness/guest/inside/covering.py": "in a guest",
    "harness/guest/inside/hearing.py": "is shared memory, of a load",
    "harness/guest/operations/operation.py": "in a guest",
    "harness/guest/kernels/cache.py": "is the folder of kernels, which only this user can open",
    "harness/guest/kernels/packages.py": "in the folder of kernels, which only this user can open",
    "harness/guest/inside/worker.py": "no file: the pages of shared memory are touched",
    "harness/kernel/lease/borrow.py": "/proc of itself: its score for the out-of-memory killer",
    "harness/kernel/lease/children.py": "in the folder of the lease, which only root can write to",
    "harness/kernel/lease/guard.py": "in the folder of the lease, and /proc of itself",
    "harness/kernel/lease/lock.py": "in the folder of the lease, which only root can write to",
    "harness/kernel/lease/repair.py": "in the folder of the lease, which only root can write to",
    "harness/kernel/lease/restore.py": "in the folder of the lease, which only root can write to",
    "harness/kernel/lease/state_dir.py": "is the folder of the lease, which only root can write to",
    "harness/processes/line_process.py": "a file without a name, for a child's standard error",
    "harness/processes/program_copy.py": "in a private folder of the run",
    "harness/reporters/export/parquet.py": "into memory",
    "harness/run/command_failures.py": "a file without a name, for a command's standard error",
    "harness/run/record.py": "a file without a name, packed into the capture afterwards",
    "harness/streams.py": "/dev/null, in the place of a standard stream that is closed",
}

METHODS = frozenset(
    {"write_text", "write_bytes", "touch", "mkdir", "rmdir", "unlink", "rename", "symlink_to"}
    | {"hardlink_to", "chmod", "lchmod", "savefig", "to_csv", "to_parquet", "write_table"}
)
FUNCTIONS = {
    "os": frozenset(
        {"mkdir", "makedirs", "rename", "renames", "replace", "link", "symlink", "unlink", "remove"}
        | {"rmdir", "removedirs", "chown", "lchown", "fchown", "chmod", "lchmod", "fchmod"}
        | {"truncate", "mkfifo", "mknod", "utime"}
    ),
    "shutil": frozenset(
        {"copy", "copy2", "copyfile", "copytree", "move", "rmtree", "chown", "make_archive"}
    ),
    "tempfile": frozenset({"mkstemp", "mkdtemp", "NamedTemporaryFile", "SpooledTemporaryFile"}),
}
CONSTRUCTORS = frozenset({"TemporaryDirectory", "TemporaryFile", "NamedTemporaryFile"})
WRITING_FLAGS = frozenset({"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"})
OPENERS = frozenset({"open", "GzipFile", "ZipFile", "TarFile", "LZMAFile", "BZ2File", "FileIO"})


def _is_writing(call: ast.Call) -> bool:
    """Whether a call makes, changes or removes a file by name, as far as its words tell."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=module), attr=name) if name in FUNCTIONS.get(
            module, frozenset()
        ):
            return True
        case ast.Attribute(value=ast.Name(id="os"), attr="open"):
            return _flags(call)
        case ast.Attribute(attr=name) if name in METHODS | CONSTRUCTORS:
            return True
        case ast.Attribute(attr="replace"):  # of a path: text takes two words, dataclasses none
            return len(call.args) == 1 and not call.keywords
        case ast.Attribute(attr=name) | ast.Name(id=name) if name in OPENERS:
            return _mode(call)
        case ast.Name(id=name):
            return name in CONSTRUCTORS or name in {"mkstemp", "mkdtemp", "rmtree"}
    return False


def _flags(call: ast.Call) -> bool:
    """Whether os.open is given flags that write, or some that another line makes up."""
    if len(call.args) < 2:
        return True
    named = {n.attr for n in ast.walk(call.args[1]) if isinstance(n, ast.Attribute)}
    return not named or bool(named & WRITING_FLAGS)


def _mode(call: ast.Call) -> bool:
    """Whether a file is opened to be written: by a mode that says so, or that is not plain."""
    given = [k.value for k in call.keywords if k.arg == "mode"]
    # `Path.open(mode)` has its mode first, `open(path, mode)` second.
    given += call.args[:2]
    modes = [a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    return any(set(mode) <= set("rwaxbt+") and set(mode) & set("wax+") for mode in modes)


def _writers(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _is_writing(node):
            yield node.lineno


FILES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "harness").rglob("*.py"))


@pytest.mark.parametrize("name", [n for n in FILES if not n.startswith(THE_PLACE)])
def test_files_are_written_in_one_place(name: str) -> None:
    lines = list(_writers(ROOT / name))
    if name in ELSEWHERE:
        assert lines, f"{name} writes no file any more: take it off the list"
    else:
        assert not lines, f"{name}:{lines} writes files by name: use harness.files"


@pytest.mark.parametrize(
    "code",
    [
        "open(p, 'w')",
        "p.open('ab', buffering=0)",
        "p.open(mode='r+')",
        "p.write_text(t)",
        "p.replace(q)",
        "os.replace(p, q)",
        "os.open(p, os.O_WRONLY | os.O_CREAT)",
        "os.open(p, flags, 0o600)",
        "gzip.GzipFile(p, 'wb')",
        "shutil.rmtree(p)",
        "TemporaryDirectory()",
        "figure.savefig(p)",
        "os.chown(p, 1, 1)",
    ],
)
def test_a_write_is_seen(code: str) -> None:
    assert _is_writing(next(n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Call)))


@pytest.mark.parametrize(
    "code",
    [
        "open(p)",
        "p.open('rb')",
        "text.replace('a', 'b')",
        "replace(sample, x=1)",
        "os.open(p, os.O_RDONLY | os.O_CLOEXEC)",
        "webbrowser.open(url)",
    ],
)
def test_reading_is_none(code: str) -> None:
    assert not _is_writing(next(n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Call)))
