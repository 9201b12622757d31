"""Kernels of this distribution, or of a named release of Debian, fetched with apt-get without root.

apt-get checks lists and packages: against the host's sources and keys, or for a named release
against the keys of Debian's archive alone. What it writes goes into a folder of ours (`Dir::State`,
`Dir::Cache`). Nothing is installed.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HostUnfitError, UsageError
from harness.files.scratch import remove_abandoned, scratch_folder
from harness.guest.child import last_words, run_child
from harness.guest.kernels.cache import keep, private_folder
from harness.guest.machines import X86_64, python_version

LISTS_AGE_S = 24 * 3600
"""Older lists of packages are read anew."""
# Where packages are split, as in 6.19 and later, the image is in linux-binary-….
_BINARY = "linux-binary-"
_NAME = rf"(linux-image-|{_BINARY})\d+\.\d+\.\d+[a-z0-9.+~-]*-cloud-"
_VERSION = re.compile(
    r"((?P<machine>arm64)/)?((?P<release>[a-z][a-z-]*[a-z])/)?(?P<version>\d+\.\d+(\.\d+)?)"
)
_INSTALLED = re.compile(r"Inst (?P<name>\S+) \((?P<version>\S+) ")
"""A line of apt-get's for each package that it would install."""
KEPT = ".vmlinuz"
_GIVE = "or give a kernel: --kernel FILE.deb, or a bzImage"
DEBIAN = "http://deb.debian.org/debian"
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
OF_PYTHON = {"3.11": "bookworm", "3.13": "trixie"}
"""Debian's release by the version of its Python."""
_NO_SECURITY = ("sid", "unstable", "experimental")
_RELEASES = "name one such as trixie, trixie-backports or sid"
_OPTIONS = {
    "Dir::State::status": "/var/lib/dpkg/status",
    "Debug::NoLocking": "1",
    # apt's own user could not write into a private folder of root's.
    "APT::Sandbox::User": "root",
    "Acquire::AllowInsecureRepositories": "false",
    "Acquire::AllowDowngradeToInsecureRepositories": "false",
    "APT::Get::AllowUnauthenticated": "false",
}
_OF_A_RELEASE = {
    "Dir::Etc::SourceParts": "/dev/null",
    # What is installed here is of another release.
    "Dir::State::status": "/dev/null",
    # A list that cannot be read is an error, and no older one is taken for it.
    "APT::Update::Error-Mode": "any",
}


@dataclass(frozen=True, slots=True)
class Package:
    """One kernel package, and its version as the distribution writes it, `6.1.192-3`."""

    name: str
    version: str

    @property
    def file(self) -> str:
        """The name under which its image is kept."""
        return f"{self.name}_{self.version.replace(':', '_')}{KEPT}"

    @property
    def rank(self) -> tuple[tuple[int, ...], bool]:
        """To order by: the newest last, and of split packages that with the image."""
        return numbers(self.version), self.name.startswith(_BINARY)

    @property
    def series(self) -> str:
        """The first two numbers of its version, as `--kernel` takes them."""
        return ".".join(map(str, numbers(self.version)[:2]))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A kernel by version: of this distribution if `release` is None, else of a Debian release.

    `machine` is as Debian calls it; None is this one.
    """

    release: str | None
    version: str
    machine: str | None = None


def read_version(word: str) -> Wanted | None:
    """What `6.1`, `trixie-backports/6.18` or `arm64/6.12` names; None for what is no version."""
    found = _VERSION.fullmatch(word)
    return Wanted(found["release"], found["version"], found["machine"]) if found else None


class Archive:
    """The archive of this distribution as this user may read it, or of a release of Debian.

    `folder` is for lists and downloads, of this archive alone. Another machine's (`debian` is what
    Debian calls it) needs a release.
    """

    def __init__(
        self,
        folder: Path,
        release: str | None = None,
        debian: str = X86_64.debian,
        *,
        what: str = "kernels by version",
        give: str = _GIVE,
    ) -> None:
        """`what` is sought in it; `give` what a user may give instead, from `or` on."""
        if shutil.which("apt-get") is None:
            raise HostUnfitError(
                f"{what} come from a Debian archive, and apt-get is not installed",
                remedy=give.removeprefix("or "),
            )
        self._give = give
        self._folder, self._debian = private_folder(folder), debian
        self._name = f"Debian's {release}" if release else "this distribution"
        remove_abandoned(folder)
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._options = _OPTIONS | {
            "Dir::State": f"{folder}/state",
            "Dir::Cache": f"{folder}/cache",
        }
        if release is not None:
            keep(folder, "sources.list", _sources(release).encode())
            sources = {"Dir::Etc::SourceList": f"{folder}/sources.list"}
            machine = {"APT::Architecture": debian, "APT::Architectures": debian}
            self._options |= _OF_A_RELEASE | machine | sources

    def newest(self, version: str | None) -> Package:
        """The newest package of a version; None is the kernel that the distribution installs.

        UsageError where it serves none.
        """
        self._renew_lists()
        usual = f"linux-image-cloud-{self._debian}"
        found = self._packages([usual]) if version is None else []
        if version is None and not found:
            raise UsageError(
                f"this distribution serves no package {usual}",
                remedy="name a kernel: --kernel FILE.deb, or a bzImage",
            )
        wanted = version or found[0].series
        served = self._served()
        fitting = [p for p in served if is_of(p.version, wanted)]
        if not fitting:
            raise UsageError(
                f"{self._name} serves no kernel {wanted}",
                remedy=f"it has {', '.join(_series(served)) or 'none'}; {self._give}",
            )
        return max(fitting, key=lambda package: package.rank)

    def newest_of_each(self) -> list[Package]:
        """The newest package of each version of two numbers, the oldest version first."""
        self._renew_lists()
        served = sorted(self._served(), key=lambda package: package.rank)
        return list({package.series: package for package in served}.values())

    def with_all_they_need(self, names: Iterable[str]) -> list[Package]:
        """Packages by name, and all others that an empty system would need for them."""
        self._renew_lists()
        words = ("--no-install-recommends", "--simulate", "install", *names)
        lines = self._apt("apt-get", *words).splitlines()
        found = filter(None, map(_INSTALLED.match, lines))
        return [Package(each["name"], each["version"]) for each in found]

    def find(self, name: str, version: str | None = None) -> Package | None:
        """The package of this name, and of this version if one is given; None where none is."""
        self._renew_lists()
        return next(iter(self._packages([name if version is None else f"{name}={version}"])), None)

    @property
    def name(self) -> str:
        """What it is called in words."""
        return self._name

    def download(self, package: Package) -> bytes:
        """The package's file, checked by apt-get against the signed lists."""
        (data,) = self.download_all([package])
        return data

    def download_all(self, packages: Sequence[Package]) -> list[bytes]:
        """The files of several packages, checked as one is, in no order."""
        with scratch_folder(self._folder) as place:
            words = [f"{package.name}={package.version}" for package in packages]
            self._apt("apt-get", "download", *words, cwd=place)
            files = list(place.glob("*.deb"))
            if len(files) != len(packages):
                names = ", ".join(package.name for package in packages)
                raise HostUnfitError(f"apt-get downloaded no {names}", remedy=self._give)
            return [file.read_bytes() for file in files]

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
        wanted = re.compile(_NAME + self._debian)
        names = [name for prefix in ("linux-image-", _BINARY)
                 for name in self._apt("apt-cache", "pkgnames", prefix).split()]  # fmt: skip
        return self._packages(sorted(filter(wanted.fullmatch, names)))

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
        options = (w for k, v in self._options.items() for w in ("-o", f"{k}={v}"))
        done = run_child([program, "-q", *options, *words], cwd=cwd)
        if done.returncode:
            said = last_words(done)
            if "does not have a Release file" in said:
                raise UsageError(f"{self._name} is not in the archive: {said}", remedy=_RELEASES)
            raise HostUnfitError(
                f"{program} {words[0]} failed: {said}",
                remedy=f"see whether this machine reaches its archive, {self._give}",
            )
        return done.stdout.decode(errors="replace")


def _sources(release: str) -> str:
    """The lines of sources for a release; HostUnfitError without the keys that sign it."""
    if not KEYS.exists():
        raise HostUnfitError(
            f"the keys of Debian's archive, {KEYS}, are not installed",
            remedy="install them: apt-get install debian-archive-keyring",
        )
    security = f"{DEBIAN}-security"
    places = [(security if release.endswith("-security") else DEBIAN, release)]
    if "-" not in release and release not in _NO_SECURITY:
        places.append((security, f"{release}-security"))
    return "".join(f"deb [signed-by={KEYS}] {place} {suite} main\n" for place, suite in places)


def is_of(version: str, wanted: str) -> bool:
    """Whether a package's version is of a kernel version that may have fewer numbers."""
    return numbers(version)[: len(numbers(wanted))] == numbers(wanted)


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare by: those of the release, then the package's."""
    return tuple(map(int, re.findall(r"\d+", version)))


def _series(packages: Iterable[Package]) -> list[str]:
    return sorted({package.series for package in packages}, key=numbers)


def python_release() -> str:
    """The release of Debian whose Python is of this version; HostUnfitError for none."""
    if (release := OF_PYTHON.get(python_version())) is None:
        raise HostUnfitError(
            f"guests of another machine run Debian's Python, which is never {python_version()}",
            remedy=f"run auditbench with Python {' or '.join(OF_PYTHON)}",
        )
    return release
