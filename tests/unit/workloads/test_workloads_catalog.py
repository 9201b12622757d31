"""Every workload is one file and one line in the catalog."""

from __future__ import annotations

import importlib
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

import workloads
from workloads.catalog import WATCHED, WORKLOADS, WorkloadInfo
from workloads.parts.load import Load

FOLDER = Path(workloads.__file__).parent
FACES = {"__init__", "__main__", "catalog", "errors"}


def test_every_file_is_a_workload_in_the_catalog() -> None:
    files = {path.stem for pattern in ("*.py", "*.pyx") for path in FOLDER.glob(pattern)}
    named = {info.module.removeprefix("workloads.") for info in WORKLOADS.values()}
    assert files - FACES == named


def test_names_are_the_keys() -> None:
    assert [info.name for info in WORKLOADS.values()] == list(WORKLOADS)


@pytest.mark.parametrize("info", WORKLOADS.values(), ids=lambda info: info.name)
def test_every_module_can_build_its_load(info: WorkloadInfo) -> None:
    module = importlib.import_module(info.module)
    assert callable(module.build)
    loads = [thing for thing in vars(module).values() if isinstance(thing, type)]
    assert any(issubclass(thing, Load) for thing in loads)


@pytest.mark.parametrize("info", WORKLOADS.values(), ids=lambda info: info.name)
def test_entries_make_sense(info: WorkloadInfo) -> None:
    assert 0 < info.fast_ops <= info.default_ops
    assert info.summary
    assert info.operation
    assert info.noisy in info.yields or not info.yields
    if info.yields:
        assert set(WATCHED) <= set(info.yields)
        # `syscalls` makes no noise of its own.
        assert info.yields[info.noisy] > 0 or info.name == "syscalls"


def test_entries_are_frozen() -> None:
    info = WORKLOADS["udp"]
    with pytest.raises(FrozenInstanceError):
        info.name = "tcp"  # type: ignore[misc]
    with pytest.raises(TypeError):
        info.yields["connect"] = 2  # type: ignore[index]
