"""The Debian package, of a stand-in for the wheel that depends on nothing: no network is asked."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.programs import program

MAKE = Path(__file__).parents[2] / "packaging/deb.sh"
PYTHON = Path("/usr/bin/python3")
INFO = "auditbench-1.2.dev3+gabc4.dist-info"
DATA = "auditbench-1.2.dev3+gabc4.data/data/share"
FILES = {
    "auditbench/__init__.py": "",
    "auditbench/start.py": "def main() -> None:\n    print('started')\n",
    f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: auditbench\nVersion: 1.2.dev3+gabc4\n",
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{INFO}/entry_points.txt": "[console_scripts]\nauditbench = auditbench.start:main\n",
    f"{INFO}/licenses/LICENSE": "a licence\n",
    f"{DATA}/man/man1/auditbench.1": ".TH AUDITBENCH 1\n",
    f"{DATA}/bash-completion/completions/auditbench": "# bash\n",
    f"{DATA}/zsh/site-functions/_auditbench": "# zsh\n",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deb")
    program("dpkg-deb")
    if not PYTHON.is_file():
        pytest.skip(f"the package is for the system's Python, and there is no {PYTHON}")
    wheel = folder / "auditbench-1.2.dev3+gabc4-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for name, text in FILES.items():
            packed.writestr(name, text)
        packed.writestr(f"{INFO}/RECORD", "".join(f"{name},,\n" for name in FILES))
    done = subprocess.run(
        ["/bin/sh", str(MAKE), str(wheel), str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def unpacked(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    there = tmp_path_factory.mktemp("root")
    subprocess.run([program("dpkg-deb"), "-x", str(package), str(there)], check=True)
    return there


def field(package: Path, name: str) -> str:
    command = [program("dpkg-deb"), "-f", str(package), name]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_development_version_comes_before_its_release(package: Path) -> None:
    assert field(package, "Version").startswith("1.2~dev3+gabc4-1~")


def test_it_depends_on_the_python_that_runs_it(package: Path, unpacked: Path) -> None:
    python = (unpacked / "opt/auditbench/bin/python3").readlink()
    assert python.name.startswith("python3")
    needs = field(package, "Depends").split(", ")
    assert {"libaudit1", PYTHON.resolve().name} <= set(needs)


def test_nothing_names_the_folder_that_it_was_made_in(unpacked: Path) -> None:
    script = (unpacked / "opt/auditbench/bin/auditbench").read_text()
    assert script.startswith("#!/opt/auditbench/bin/python")
    assert {path.name for path in (unpacked / "opt/auditbench/bin").iterdir()} <= {
        "auditbench", "python", "python3", PYTHON.resolve().name,
    }  # fmt: skip
    assert "/opt/auditbench" not in (unpacked / "usr/share/doc/auditbench/copyright").read_text()
    assert (unpacked / "usr/bin/auditbench").readlink() == Path("/opt/auditbench/bin/auditbench")


def test_manual_pages_and_completions_lie_where_they_are_looked_for(unpacked: Path) -> None:
    share = unpacked / "usr/share"
    assert (share / "man/man1/auditbench.1.gz").is_file()
    assert (share / "bash-completion/completions/auditbench").read_text() == "# bash\n"
    assert (share / "zsh/vendor-completions/_auditbench").read_text() == "# zsh\n"


def test_modules_are_compiled_once_and_for_all(unpacked: Path) -> None:
    modules = list(unpacked.rglob("auditbench/start.py"))
    assert len(modules) == 1
    assert list((modules[0].parent / "__pycache__").glob("start.*.pyc"))
