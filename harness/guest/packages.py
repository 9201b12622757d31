"""Kernels that this distribution serves, fetched with its own client and without root.

apt-get reads the host's sources and keys, which it checks the lists and packages against; what it
writes goes into a folder of ours (`Dir::State`, `Dir::Cache`). Nothing is installed.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HostUnfitError, UsageError
from harness.files.scratch import remove_abandoned, scratch_folder
from harness.guest.cache import private_folder
from harness.guest.child import last_words, run_child

LISTS_AGE_S = 24 * 3600
"""Older lists of packages are read anew."""
DEFAULT_PACKAGE = "linux-image-cloud-amd64"
_NAME = re.compile(r"linux-image-\d+\.\d+\.\d+[a-z0-9.+~-]*-cloud-amd64")
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")
_GIVE = "or give a kernel: --kernel FILE.deb, or a bzImage"


@dataclass(frozen=True, slots=True)
class Package:
    """One kernel package, and its version as the distribution writes it, `6.1.192-3`."""

    name: str
    version: str

    @property
    def file(self) -> str:
        """The name under which its image is kept."""
        return f"{self.name}_{self.version.replace(':', '_')}.vmlinuz"


def is_version(word: str) -> bool:
    """Whether a word is the version of a kernel, as in `6.1` or `6.1.192`."""
    return _VERSION.fullmatch(word) is not None


class Archive:
    """The distribution's archive, as this user may read it; `folder` is for lists and downloads."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("apt-get") is None:
            raise HostUnfitError(
                "kernels by version come from a Debian archive, and apt-get is not installed",
                remedy=_GIVE.removeprefix("or "),
            )
        self._folder = private_folder(folder)
        remove_abandoned(folder)
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def newest(self, version: str | None) -> Package:
        """The newest package of a version; None is the kernel that the distribution installs.

        UsageError where it serves none.
        """
        self._renew_lists()
        found = self._packages([DEFAULT_PACKAGE]) if version is None else []
        if version is None and not found:
            raise UsageError(
                f"this distribution serves no package {DEFAULT_PACKAGE}",
                remedy="name a kernel: --kernel FILE.deb, or a bzImage",
            )
        wanted = version or ".".join(map(str, numbers(found[0].version)[:2]))
        served = self._served()
        fitting = [
            p for p in served if numbers(p.version)[: len(numbers(wanted))] == numbers(wanted)
        ]
        if not fitting:
            raise UsageError(
                f"this distribution serves no kernel {wanted}",
                remedy=f"it has {', '.join(_series(served)) or 'none'}; {_GIVE}",
            )
        return max(fitting, key=lambda package: numbers(package.version))

    def download(self, package: Package) -> bytes:
        """The package's file, checked by apt-get against the signed lists."""
        with scratch_folder(self._folder) as place:
            self._apt("apt-get", "download", f"{package.name}={package.version}", cwd=place)
            files = list(place.glob("*.deb"))
            if len(files) != 1:
                raise HostUnfitError(f"apt-get downloaded no {package.name}", remedy=_GIVE)
            return files[0].read_bytes()

    def _renew_lists(self) -> None:
        stamp = self._folder / "lists-read"
        try:
            if 0 <= time.time() - stamp.stat().st_mtime < LISTS_AGE_S:
                return
        except OSError:
            pass
        self._apt("apt-get", "update")
        stamp.touch()

    def _served(self) -> list[Package]:
        names = self._apt("apt-cache", "pkgnames", "linux-image-").split()
        return self._packages(sorted(filter(_NAME.fullmatch, names)))

    def _packages(self, names: Iterable[str]) -> list[Package]:
        names = list(names)
        if not names:
            return []
        try:
            text = self._apt("apt-cache", "show", "--no-all-versions", *names)
        except HostUnfitError:
            return []
        stanzas = [dict(re.findall(r"^(Package|Version): (\S+)$", part, re.MULTILINE))
                   for part in text.split("\n\n")]  # fmt: skip
        return [Package(s["Package"], s["Version"]) for s in stanzas if len(s) == 2]

    def _apt(self, program: str, *words: str, cwd: Path | None = None) -> str:
        options = {
            "Dir::State": self._folder / "state",
            "Dir::State::status": "/var/lib/dpkg/status",
            "Dir::Cache": self._folder / "cache",
            "Debug::NoLocking": "1",
            # apt's own user could not write into a private folder of root's.
            "APT::Sandbox::User": "root",
        }
        command = [program, "-q", *(w for k, v in options.items() for w in ("-o", f"{k}={v}"))]
        done = run_child([*command, *words], cwd=cwd)
        if done.returncode:
            raise HostUnfitError(
                f"{program} {words[0]} failed: {last_words(done)}",
                remedy=f"see whether this machine reaches its archive, {_GIVE}",
            )
        return done.stdout.decode(errors="replace")


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare by: those of the release, then the package's."""
    return tuple(map(int, re.findall(r"\d+", version)))


def _series(packages: Iterable[Package]) -> list[str]:
    return sorted({".".join(map(str, numbers(p.version)[:2])) for p in packages},
                  key=numbers)  # fmt: skip
