"""Daemons from packages in a real guest: auditd, and one that does not start, by a plain user."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.consumers.foreign.kept import FOLDER
from harness.guest.elf import libraries_of
from harness.model.count import CONSUMER, EVENTS, KAUDITD
from tests.guest.test_count_guest import start
from tests.support.guests.debs import deb, member, package_of_folder
from tests.support.patience import PATIENCE_S
from tests.support.programs import needs, program

pytestmark = needs("dpkg-deb")

RULES = "-D\n-b 8192\n-a always,exit -F arch=b64 -S connect -k a\n"


def auditd_package(name: str = "auditd-4") -> bytes:
    """The auditd that `make consumers` got, or this host's, with all that it loads."""
    got = FOLDER / name
    if (got / "usr/sbin/auditd").is_file():
        return package_of_folder(got, "auditd", "1:4.0-1")
    return package_of(Path(program("auditd")))


def package_of(executable: Path) -> bytes:
    """A package with a program of this host in the place of auditd, and all that it loads."""
    loaded = {Path(name).name: path for name, path in libraries_of(executable).items()}
    members = [member("./usr/sbin/auditd", executable.read_bytes())]
    members += [member(f"./usr/lib/{name}", path.read_bytes()) for name, path in loaded.items()]
    return deb(members)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, image: Path) -> dict[str, Any]:
    """One run of two boots, as its JSON document."""
    place = tmp_path_factory.mktemp("daemons")
    (place / "site.rules").write_text(RULES)
    (place / "good.deb").write_bytes(auditd_package())
    (place / "bad.deb").write_bytes(package_of(Path("/bin/false").resolve()))
    for path in (place, *place.iterdir()):
        path.chmod(0o777 if path.is_dir() else 0o644)
    words = ("--consumer", "assemble", "auditd@good=good.deb", "auditd@bad=bad.deb")
    load = ("--rules", "site.rules", "--scenario", "no-audit", "--workload", "connect", "--json")
    started = start(place, image, *words, *load)
    output, errors = started.communicate(timeout=PATIENCE_S)
    # One daemon does not start, which is said and no result.
    assert started.returncode == 3, errors
    document = json.loads(output)
    assert isinstance(document, dict)
    return document


def estimates(run: dict[str, Any], metric: str) -> dict[str, float]:
    """One metric by scenario."""
    return {row["scenario"]: row["estimate"] for row in run["rows"] if row["metric"] == metric}


def test_every_event_of_a_daemon_came_whole(run: dict[str, Any]) -> None:
    assert run["complete"]
    assert estimates(run, EVENTS)["site+auditd@good"] == 1


def test_a_daemon_costs_its_own_and_the_kernels_thread_the_same(run: dict[str, Any]) -> None:
    """Whoever listens, kauditd delivers the same; auditd writes a log, which our own does not."""
    delivered, received = estimates(run, KAUDITD), estimates(run, CONSUMER)
    assert delivered["site+auditd@good"] == pytest.approx(delivered["site"], rel=0.1)
    assert received["site+auditd@good"] > 2 * received["site"]


def test_a_daemon_that_does_not_start_is_one_line(run: dict[str, Any]) -> None:
    assert "site+auditd@bad" not in estimates(run, EVENTS)
    (said,) = [w for w in run["warnings"] if w["name"] == "invalid-trials"]
    assert "connect × site+auditd@bad are not used: auditd ended with 1" in said["what"]
    assert "\n" not in said["what"]
