"""What is packaged: the source distribution is the tree, the wheel what the programs need.

Both carry the version of the tag, and the manual pages and completions.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from email import message_from_string
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.support.programs import program
from tests.support.verbs import VERBS

ROOT = Path(__file__).parents[2]
NOT_THE_TREE = shutil.ignore_patterns(
    ".git", ".venv", "build", "share", "*.egg-info", "__pycache__", "*.so", "*.pyc", ".*_cache",
    ".hypothesis", ".benchmarks", ".coverage", "vm-*",
)  # fmt: skip
PACKAGES = ("auditbench", "consumer", "harness", "workloads")
FOLDERS = (
    ".ci", ".github", "auditbench", "benchmarks", "consumer", "docs", "harness", "notebooks",
    "packaging", "requirements", "results/reference", "tests", "workloads",
)  # fmt: skip
FILES = {
    ".gitattributes", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE",
    "MANIFEST.in", "Makefile", "README.md", "SECURITY.md", "action.yml", "mkdocs.yml",
    "pyproject.toml", "results/README.md",
    "results/keep.py", "setup.py",
}  # fmt: skip
MADE = {".py", ".pyc", ".c", ".so", ".md"}
"""Modules, what is built from sources, and pages for whoever reads the sources."""


def test_every_file_of_the_packages_is_installed() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (patterns,) = tomllib.loads(text)["tool"]["setuptools"]["package-data"].values()
    files = [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in MADE
    ]
    assert len(files) > 50
    missing = [
        path.relative_to(ROOT).as_posix()
        for path in files
        if not any(fnmatch(path.name, pattern) for pattern in patterns)
    ]
    assert missing == [], "name their kind in [tool.setuptools.package-data]"


def test_every_folder_of_the_packages_is_one() -> None:
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert [folder.as_posix() for folder in folders if not (folder / "__init__.py").is_file()] == []


VERSION = "9.8.7"
SHARED = {
    "share/man/man1/auditbench.1",
    "share/man/man1/auditbench-rules-lint.1",
    "share/bash-completion/completions/auditbench",
    "share/zsh/site-functions/_auditbench",
    "share/fish/vendor_completions.d/auditbench.fish",
}
"""Some of what is made when a distribution is built."""


@dataclass(frozen=True, slots=True)
class Built:
    """Both distributions: their files' names, and the version in their metadata."""

    sdist: set[str]
    wheel: set[str]
    versions: dict[str, str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The source distribution of a tagged copy, and the wheel made of that, where git is not.

    Without compiled modules, for speed.
    """
    folder = tmp_path_factory.mktemp("copy")
    tree = Path(shutil.copytree(ROOT, folder / "tree", ignore=NOT_THE_TREE))
    tag(tree)
    build(tree, "build_sdist", folder)
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        within = {name.partition("/")[2] for name in archive.getnames()}
        archive.extractall(folder / "unpacked", filter="data")
    (source,) = (folder / "unpacked").iterdir()
    build(source, "build_wheel", folder)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        versions = {"wheel": version_in(archive.read(metadata).decode())}
    versions["sdist"] = version_in((source / "PKG-INFO").read_text(encoding="utf-8"))
    return Built(within, names, versions)


def tag(tree: Path) -> None:
    """Make a repository of a copy, with one commit and its tag."""
    git(tree, "init", "--quiet")
    commit(tree)
    git(tree, "tag", f"v{VERSION}")


def commit(tree: Path) -> None:
    """Commit all of a tree."""
    git(tree, "add", "--all")
    git(tree, "commit", "--quiet", "--message=all")


def git(tree: Path, *words: str) -> None:
    """Call git in a tree, without the settings of whoever runs the tests."""
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    clean = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run([program("git"), *who, "-C", str(tree), *words], env=clean, check=True)


def build(tree: Path, hook: str, target: Path) -> None:
    """Call a hook of a tree's build backend in this environment."""
    backend = "import sys; sys.path.insert(0, 'packaging'); import build_backend as b"
    code = f"{backend}; b.{hook}(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)],
        cwd=tree,
        env=os.environ | {"AUDITBENCH_PACKAGES": "none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def version_in(metadata: str) -> str:
    """The version that a PKG-INFO or METADATA states."""
    return str(message_from_string(metadata)["Version"])


def files_of(folder: str) -> set[str]:
    """What a folder of the tree holds, apart from what was made."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {
        path.relative_to(ROOT).as_posix()
        for path in found
        if path.suffix not in (".pyc", ".so")
        and not (path.suffix == ".c" and folder in ("consumer", "workloads"))
        and not any(part.startswith(".") for part in path.relative_to(ROOT / folder).parts)
    }


def test_the_source_distribution_is_the_tree(built: Built) -> None:
    expected = set().union(*map(files_of, FOLDERS), FILES)
    assert len(expected) > 700
    assert "docs/schema/result.schema.json" in expected
    assert sorted(expected - built.sdist) == [], "name it in MANIFEST.in"


def test_the_wheel_is_what_the_programs_need(built: Built) -> None:
    needed = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in MADE - {".py"}
    }
    assert sorted(needed - built.wheel) == []
    others = {
        name
        for name in built.wheel - needed
        if ".dist-info/" not in name and ".data/data/share/" not in name
    }
    assert sorted(others) == []


def test_the_version_is_that_of_the_tag(built: Built) -> None:
    assert built.versions == {"sdist": VERSION, "wheel": VERSION}


def test_manual_pages_and_completions_go_along(built: Built) -> None:
    assert built.sdist >= SHARED
    assert {f"auditbench-{VERSION}.data/data/{name}" for name in SHARED} <= built.wheel


def test_what_is_made_for_packages_stands_where_they_take_it_from(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "packaging/share.py"), str(tmp_path)]
    subprocess.run(command, check=True, cwd=tmp_path)
    made = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    deb = (ROOT / "packaging/deb.sh").read_text(encoding="utf-8")
    completions = {name for name in made if not name.startswith("man/man1/auditbench")}
    assert len(completions) == 3
    assert [name for name in completions if name not in deb] == []
    assert {f"share/{name}" for name in made} >= SHARED
    assert len(made - completions) == len(VERBS) + 1


def test_an_archive_made_by_git_has_its_version(tmp_path: Path) -> None:
    for name in ("pyproject.toml", ".gitattributes", ".git_archival.txt"):
        shutil.copy(ROOT / name, tmp_path)
    tag(tmp_path)
    command = [program("git"), "-C", str(tmp_path), "archive", "HEAD"]
    archive = subprocess.run(command, capture_output=True, check=True).stdout
    shutil.rmtree(tmp_path / ".git")
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(tmp_path, filter="data")
    assert version_of(tmp_path) == VERSION


def test_a_shallow_clone_can_be_built(tmp_path: Path) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    shutil.copy(ROOT / "pyproject.toml", origin)
    tag(origin)
    (origin / "later").touch()
    commit(origin)
    command = ["clone", "--quiet", "--depth", "1", "--no-tags", origin.as_uri(), str(clone)]
    subprocess.run([program("git"), *command], check=True)
    assert re.fullmatch(r"0\.1\.dev\d+\+g[0-9a-f]+", version_of(clone))


def test_sources_without_git_can_be_built(tmp_path: Path) -> None:
    for name in ("pyproject.toml", ".git_archival.txt"):
        shutil.copy(ROOT / name, tmp_path)
    assert version_of(tmp_path) == "0.1.dev0"


def version_of(tree: Path) -> str:
    """The version that a build of this tree would have."""
    command = [sys.executable, "-W", "ignore", "-m", "setuptools_scm"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    "words",
    [
        ["deb.sh", "1.whl", "2.whl", "."],
        ["deb.sh", "1.whl", "2.whl"],
        ["pex.sh", "pex", "1.whl", "2.whl", "one"],
        ["smoke.sh", "true", "stored", "2.whl"],
    ],
    ids=" ".join,
)
def test_a_pattern_that_fits_two_wheels_makes_nothing(words: list[str], tmp_path: Path) -> None:
    """They would be the wheel and the file to overwrite, or a part that is silently left out."""
    for name in ("1.whl", "2.whl"):
        (tmp_path / name).write_text(name)
    command = ["/bin/sh", str(ROOT / "packaging" / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.whl", "2.whl"]
    assert (tmp_path / "2.whl").read_text() == "2.whl"
