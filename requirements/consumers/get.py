"""Get other people's consumers, in pinned versions, into a folder: nothing is installed.

    python requirements/consumers/get.py [--quick] [NAME ...]

The folder is `build/consumers` of this checkout, where auditbench looks for them as well.
Without names all are got; `--quick` leaves out what takes more than two minutes. One that cannot be
had is named with the reason, and the others go on; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from debian import NotHadError, unpack

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "build" / "consumers"
LAUREL = "0.8.2"
PROXY_LAST_WORDS = 3
"""The lines of a failed command that are shown: the reason stands in the last ones."""


@dataclass(frozen=True, slots=True)
class Source:
    """One consumer: its pinned version, how it is got, and whether within two minutes."""

    version: str
    get: Callable[[Path], None]
    quick: bool


def run(
    command: Sequence[str], *, folder: Path | None = None, environment: Mapping[str, str] | None
) -> None:
    """Run a command; NotHadError with its last words if it fails or is not there."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise NotHadError(f"needs {command[0]}, which is not on this host") from None
    if done.returncode != 0:
        words = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        raise NotHadError("; ".join(words[-PROXY_LAST_WORDS:]) or f"{command[0]} failed")


def go_program(module: str, package: str, *flags: str) -> Callable[[Path], None]:
    """Build a package in the versions of go.mod, whose checksums go.sum has."""

    def get(place: Path) -> None:
        (place / "bin").mkdir()
        program = place / "bin" / module
        # The toolchain that go.mod asks for comes from the same proxy, if this one is older.
        environment = {"GOFLAGS": "-mod=readonly -trimpath", "GOTOOLCHAIN": "auto"}
        command = ["go", "build", *flags, "-o", str(program), package]
        run(command, folder=HERE / module, environment=environment)

    return get


def laurel(place: Path) -> None:
    """Build Laurel with the dependencies of its own Cargo.lock, whose checksums cargo checks."""
    words = ["cargo", "install", "laurel", "--version", LAUREL, "--locked", "--quiet"]
    with tempfile.TemporaryDirectory(prefix="auditbench-laurel-") as target:
        environment = {"CARGO_TARGET_DIR": target, **_headers_of_compiler(), **_acl(Path(target))}
        run([*words, "--root", str(place)], environment=environment)


def _acl(folder: Path) -> dict[str, str]:
    """The library that Laurel is linked with has no name for a linker without its package -dev."""
    places = ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/lib/x86_64-linux-gnu")
    found = next((path for place in places if (path := Path(place, "libacl.so.1")).exists()), None)
    if found is None:
        raise NotHadError("needs libacl.so.1, which is not on this host")
    (folder / "libacl.so").symlink_to(found)
    return {"RUSTFLAGS": f"-L native={folder}"}


def _headers_of_compiler() -> dict[str, str]:
    """Where the library of clang has no headers of its own, those of the compiler serve."""
    if shutil.which("clang") or not shutil.which("gcc"):
        return {}
    words = ["gcc", "-print-file-name=include"]
    folder = subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    return {"BINDGEN_EXTRA_CLANG_ARGS": f"-I{folder}"}


SOURCES = {
    "auditd-3": Source("3.0.9", lambda place: unpack(HERE / "auditd-3.txt", place), quick=True),
    "auditd-4": Source("4.0.2", lambda place: unpack(HERE / "auditd-4.txt", place), quick=True),
    "laurel": Source(LAUREL, laurel, quick=False),
    "go-audit": Source(
        "1.2.2",
        go_program("go-audit", "github.com/slackhq/go-audit", "-ldflags=-X main.Build=1.2.2"),
        quick=False,
    ),
    "auditbeat": Source("7.17.29", go_program("auditbeat", "."), quick=False),
}


def get(name: str, folder: Path = FOLDER) -> str:
    """Get one of SOURCES, unless this version is there; where it is."""
    source, place = SOURCES[name], folder / name
    stamp = place / "version"
    if stamp.is_file() and stamp.read_text(encoding="ascii").strip() == source.version:
        return f"{name} {source.version} is there"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        source.get(place)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    stamp.write_text(source.version + "\n", encoding="ascii")
    return f"{name} {source.version} is in {place}"


def main(words: Sequence[str] | None = None) -> int:
    """The command line; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SOURCES))
    parser.add_argument("--quick", action="store_true", help="only those of at most two minutes")
    asked = parser.parse_args(words)
    unknown = [name for name in asked.names if name not in SOURCES]
    if unknown:
        parser.error(f"no consumer to get is called {unknown[0]!r}: one of {', '.join(SOURCES)}")
    names = asked.names or [name for name, one in SOURCES.items() if one.quick or not asked.quick]
    code = 0
    for name in names:
        try:
            print(get(name), flush=True)
        except NotHadError as error:
            print(
                f"consumers: {name} {SOURCES[name].version} was not had: {error}", file=sys.stderr
            )
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
