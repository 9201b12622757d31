"""Files of services: what they may hold, and what is said of those that are wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.services.own import own_service
from workloads.catalog import WORKLOADS
from workloads.errors import WorkloadError
from workloads.running.check import check_load
from workloads.services.catalog import HERE, SERVICES, service_path
from workloads.services.file import read_service
from workloads.services.programs import acting_program, find_programs
from workloads.services.running import free_port

LEAST = 'summary = "s"\noperation = "o"\n[client]\ncommand = ["true"]\n'


def test_every_file_is_named_in_the_catalog() -> None:
    assert {path.name for path in HERE.glob("*.toml")} == set(SERVICES.values())
    assert not SERVICES.keys() & WORKLOADS.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_of_the_catalog(name: str) -> None:
    service = read_service(name)
    assert service.name == name
    info = service.info
    assert 0 < info.fast_ops <= info.default_ops
    assert info.module == "workloads.service"
    assert (info.yields, info.name) == ({}, name)
    for words in service.file.commands():
        program = service.file.programs.get(words[0])
        assert words[0] == "sh" or (program is not None and program.package), words[0]
    server = service.file.server
    if server is not None:
        assert service.file.user, "a server runs as no root"
        assert any("{address}" in text for text in (*server.command, *service.file.files.values()))


def test_a_word_is_a_service_by_name_or_by_path() -> None:
    assert service_path("nginx") == HERE / "nginx.toml"
    assert service_path("./mine.toml") == Path("mine.toml")
    assert service_path("mine.toml") == Path("mine.toml")
    assert service_path("udp") is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("x = 1", "unknown field `x`"),
        ("[server]\ncommand = []", "length >= 1"),
        ('[output]\nops = "("', "is no regular expression"),
        ('[output]\nops = "a"', "needs one group"),
        ('[files]\n"../x" = ""', "is not in the folder"),
        ('[files]\n"/x" = ""', "is not in the folder"),
        ('[server]\ncommand = ["true", "{host}"]', "{host} stands for nothing"),
        ('[server]\ncommand = ["true", "{seconds}"]', "needs per_second"),
        ('[files]\nconf = "{seconds}"', "needs per_second"),
        ('[output]\nsamples = "(.)"\nsamples_file = "/etc/*"', "is not in the folder"),
        ('[output]\nsamples = "(.)"\nsamples_file = "../*"', "is not in the folder"),
        ('[output]\nsamples_file = "log"', "needs samples"),
        ("broken", "Expected '=' after a key"),
        ("a = " + "[" * 50_000, "nested too deep"),
        ('[server]\ncommand = ["a\\u0000b"]', "holds a null character"),
        ('user = ["a\\u0000b"]', "an account's name holds a null character"),
    ],
)
def test_a_wrong_file_is_one_line_with_the_remedy(tmp_path: Path, more: str, words: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        f"{more}\n{LEAST}" if more.startswith(("x = 1", "user")) else f"{LEAST}{more}\n"
    )
    with pytest.raises(WorkloadError, match=re.escape(str(path))) as caught:
        read_service(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["Mine.toml", "-x.toml", "a b.toml", ".toml"])
def test_a_name_is_one_that_tables_can_show(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(LEAST)
    with pytest.raises(WorkloadError, match="rename the file"):
        read_service(str(tmp_path / name))


def test_no_file_and_what_is_none(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="cannot be read"):
        read_service(str(tmp_path / "absent.toml"))
    with pytest.raises(WorkloadError, match="Is a directory"):
        read_service(f"{tmp_path}/")
    with pytest.raises(WorkloadError, match="there is no service 'nothing'"):
        read_service("nothing")


def test_missing_programs_are_named_with_their_packages(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'summary = "s"\noperation = "o"\n[client]\ncommand = ["no-such-client"]\n'
        '[server]\ncommand = ["no-such-server", "-x"]\n'
        '[programs.no-such-client]\npackage = "client-tools"\n'
        '[programs.no-such-server]\npackage = "the-server"\n'
    )
    with pytest.raises(WorkloadError) as caught:
        check_load(["service", f"--service={path}"])
    assert caught.value.exit_code == 2
    assert str(caught.value) == (
        "mine needs programs that are not installed (no-such-client, no-such-server): "
        "apt-get install client-tools the-server"
    )


def test_a_program_is_found_in_its_own_folders_first(tmp_path: Path) -> None:
    for version in ("14", "15"):
        program = tmp_path / version / "bin" / "serve"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    path = tmp_path / "mine.toml"
    path.write_text(
        f'{LEAST}[server]\ncommand = ["serve"]\n[programs.serve]\nfolders = ["{tmp_path}/*/bin"]\n'
    )
    service = read_service(str(path))
    assert find_programs(service)["serve"] == acting_program(service) == str(program)


@pytest.mark.parametrize("folder", ["", "/", "/usr/**x", "[", "/usr\\u0000"])
def test_a_pattern_of_folders_that_matches_nothing_is_no_error(tmp_path: Path, folder: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'{LEAST}[programs.true]\nfolders = ["{folder}"]\n')
    assert find_programs(read_service(str(path)))["true"].endswith("/true")


def test_a_service_is_of_its_file(tmp_path: Path) -> None:
    path = own_service(tmp_path)
    service = read_service(str(path))
    check_load(["service", f"--service={path}", f"--service-digest={service.digest}"])
    assert free_port() > 0
    with pytest.raises(WorkloadError, match="service takes no --program"):
        check_load(["service", f"--service={path}", "--program=/bin/true"])
    with pytest.raises(WorkloadError, match="give --service FILE"):
        check_load(["service"])
