"""Programs of a Debian release, unpacked beside the host's own with the libraries that they need.

The lists (`auditd-4.txt`) pin each package: name, version, SHA-256. apt-get fetches them with lists
and settings of its own, so that the host's are not touched, and checks Debian's signature as well.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"
PROGRAMS = ("auditd", "auditctl", "audisp-af_unix", "audisp-syslog")
_SETTINGS = """\
Dir::State "{place}/state";
Dir::State::status "{place}/state/status";
Dir::Cache "{place}/cache";
Dir::Etc::sourcelist "{place}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "-";
APT::Architecture "amd64";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
"""
_START = """\
#!/bin/sh
# {program} of another release, with its own loader and libraries. The loader bears its name, so
# that the process does.
exec '{place}/run/{program}' --library-path '{place}/{libraries}' '{place}/usr/sbin/{program}' "$@"
"""


class NotHadError(Exception):
    """A consumer cannot be had here, for the reason that it says."""


def unpack(packages: Path, place: Path) -> None:
    """Put the programs of a list of packages below `place`, each startable as `bin/NAME`."""
    lines = [line.split() for line in packages.read_text(encoding="ascii").splitlines()]
    lines = [words for words in lines if words and words[0] != "#"]
    (_, suite), pins = lines[0], lines[1:]
    if not KEYS.is_file() or shutil.which("apt-get") is None or os.uname().machine != "x86_64":
        raise NotHadError("needs apt-get, Debian's keys (debian-archive-keyring) and x86_64")
    with tempfile.TemporaryDirectory(prefix="auditbench-apt-") as folder:
        for archive in _fetch(suite, pins, Path(folder)):
            _run(["dpkg-deb", "--extract", str(archive), str(place)], Path(folder))
    _make_startable(place)


def _fetch(suite: str, pins: list[list[str]], folder: Path) -> list[Path]:
    for name in ("state/lists/partial", "cache/archives/partial", "archives"):
        (folder / name).mkdir(parents=True)
    (folder / "state/status").touch()
    (folder / "sources.list").write_text(f"deb [signed-by={KEYS}] {MIRROR} {suite} main\n")
    (folder / "apt.conf").write_text(_SETTINGS.format(place=folder))
    _run(["apt-get", "--quiet", "update"], folder)
    wanted = [f"{name}={version}" for name, version, _ in pins]
    _run(["apt-get", "--quiet", "download", *wanted], folder, folder / "archives")
    archives = sorted((folder / "archives").glob("*.deb"))
    found = {hashlib.sha256(path.read_bytes()).hexdigest() for path in archives}
    for name, version, pinned in pins:
        if pinned not in found:
            raise NotHadError(f"{name} {version} has not the checksum that it had")
    return archives


def _run(command: list[str], folder: Path, where: Path | None = None) -> None:
    done = subprocess.run(
        command,
        cwd=where or folder,
        env={**os.environ, "APT_CONFIG": str(folder / "apt.conf"), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        words = [line for line in done.stdout.splitlines() if line.startswith(("E:", "W:"))]
        raise NotHadError(f"{command[0]}: {words[-1] if words else done.stdout[-200:].strip()}")


def _make_startable(place: Path) -> None:
    """A start script per program; older releases have the loader and sbin outside /usr."""
    _merge_usr(place)
    (place / "run").mkdir()
    (place / "bin").mkdir()
    for program in PROGRAMS:
        if not (place / "usr/sbin" / program).is_file():
            continue
        shutil.copy2(place / LIBRARIES / LOADER, place / "run" / program)
        script = place / "bin" / program
        text = _START.format(program=program, place=place.absolute(), libraries=LIBRARIES)
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)


def _merge_usr(place: Path) -> None:
    for old, new in (("sbin", "usr/sbin"), ("lib/x86_64-linux-gnu", LIBRARIES)):
        if (place / old).is_dir():
            shutil.copytree(place / old, place / new, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(place / old)
