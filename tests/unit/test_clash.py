"""Packages of the same name: what is told at the start, and what is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditbench.clash import find_clash

ROOT = Path(__file__).parents[2]
SHARED = ("consumer", "harness", "workloads")


def install(site: Path, name: str, version: str, files: dict[str, str]) -> None:
    """A distribution as pip lays it down, over whatever is there."""
    lines = []
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, encoding="utf-8")
        lines.append(f"{path},sha256=x,{len(text.encode())}")
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text("\n".join([*lines, f"{info.name}/RECORD,,", ""]))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small auditbench in a folder of its own, in the place of the tree on the import path."""
    site = tmp_path / "site-packages"
    ours = {f"{name}/__init__.py": f'"""{name} of auditbench."""\n' for name in SHARED}
    install(site, "auditbench", "1.0", ours | {"harness/verbs/run.py": "x = 1\n"})
    others = [place for place in sys.path if not Path(place, "harness").exists()]
    monkeypatch.setattr(sys, "path", [str(site), *others])
    return site


def test_an_environment_of_its_own_is_quiet(site: Path) -> None:
    (site / "harness/__pycache__").mkdir()
    (site / "harness/__pycache__/cli.cpython-311.pyc").write_bytes(b"")
    assert find_clash(site) is None


def test_the_tree_is_quiet() -> None:
    assert find_clash() is None


def test_a_replaced_file_ends_it_and_names_the_distribution(site: Path) -> None:
    install(site, "other", "3.1", {"harness/__init__.py": "", "harness/client.py": ""})
    found = find_clash(site)
    assert found is not None
    assert found.is_fatal
    assert "harness/__init__.py" in found.text
    assert "was replaced; the distribution other 3.1 has a package harness too" in found.text
    assert "python3 -m venv" in found.text


def test_what_the_removal_of_another_took_along_is_missed(site: Path) -> None:
    (site / "consumer/__init__.py").unlink()
    found = find_clash(site)
    assert found is not None
    assert found.is_fatal
    assert "consumer/__init__.py" in found.text
    assert "is gone: install it again" in found.text


def test_files_of_another_beside_ours_are_told_only(site: Path) -> None:
    install(site, "other", "3.1", {"workloads/inner/theirs.py": ""})
    found = find_clash(site)
    assert found is not None
    assert not found.is_fatal
    assert "workloads/inner/theirs.py" in found.text
    assert "the distribution other 3.1" in found.text


@pytest.mark.parametrize("file", ["harness/__init__.py", "harness.py"])
def test_a_distribution_that_ours_lies_over_is_told(site: Path, file: str) -> None:
    ours = (site / "harness/__init__.py").read_text()
    install(site, "other", "3.1", {file: ours})
    found = find_clash(site)
    assert found is not None
    assert not found.is_fatal
    assert "the distribution other 3.1 in " in found.text
    assert "has a package harness too" in found.text


def test_names_that_only_begin_alike_are_no_clash(site: Path) -> None:
    install(site, "other", "3.1", {"harnesses/__init__.py": "", "share/harness/x": ""})
    assert find_clash(site) is None


def test_a_folder_that_comes_first_on_the_path_ends_it(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs"
    (theirs / "consumer").mkdir(parents=True)
    (theirs / "consumer/__init__.py").write_text("")
    monkeypatch.syspath_prepend(theirs)
    found = find_clash(site)
    assert found is not None
    assert found.is_fatal
    assert str(theirs / "consumer") in found.text
    assert "PYTHONPATH" in found.text


def test_a_package_that_is_not_there_ends_it(site: Path) -> None:
    shutil.rmtree(site / "workloads")
    found = find_clash(site)
    assert found is not None
    assert found.is_fatal
    assert "workloads is missing" in found.text


def test_a_list_that_cannot_be_read_is_none(site: Path) -> None:
    (site / "auditbench-1.0.dist-info/RECORD").write_bytes(b"harness/cli.py,x,\xff\n")
    assert find_clash(site) is None


def test_the_first_start_tells_it_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness/__init__.py").write_text("raise SystemExit('theirs was run')\n")
    done = subprocess.run(
        [sys.executable, "-m", "auditbench", "--version"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "harness") in done.stderr


def test_pytest_tells_it_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness/__init__.py").write_text("raise SystemExit('theirs was run')\n")
    command = [sys.executable, "-m", "pytest", "-p", "auditbench.plugin", "--collect-only"]
    environment = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert done.stderr.startswith("ERROR: `import harness` finds")
    assert "pytest -p no:auditbench" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
