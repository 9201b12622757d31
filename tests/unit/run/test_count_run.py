"""A counted run's plan, the order of its boots, and what becomes of a guest's answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cli import app
from harness.errors import UsageError
from harness.guest.images import KernelImage
from harness.model.count import INSTRUCTIONS
from harness.run import count
from harness.run.request import Conduct, Load, Request, Subject
from harness.store import StoredRun, load_run

KERNEL = KernelImage("a kernel", "6.1.0-x", b"image")
HELLO = {"event": "hello", "release": "6.1.0-x", "version": "#1 SMP"}
COUNTED = {"event": "trial", "ops_per_chunk": 10, "chunks": [3470, 3480], "clock": 80,
           "instructions_per_op": 339.5, "failures": 0, "records": 0, "auid": 0}  # fmt: skip


class Guests:
    """Guests that answer every trial of their orders, some of them in another way."""

    def __init__(self, otherwise: dict[int, dict[str, Any]]) -> None:
        self.otherwise = otherwise
        self.roots: list[bytes] = []

    def __call__(self, kernel: KernelImage, roots: list[bytes]) -> Any:
        self.roots = roots
        for number in range(len(roots)):
            yield number, HELLO
            for index in range(self.trials):
                answer = {**COUNTED, **self.otherwise.get(index, {})} if number == 0 else COUNTED
                yield number, {**answer, "index": index}

    trials = 0


def run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: Request,
    trials: int,
    otherwise: dict[int, dict[str, Any]] | None = None,
) -> StoredRun:
    """What such guests leave behind."""
    guests = Guests(otherwise or {})
    guests.trials = trials
    monkeypatch.setattr(count, "run_guests", guests)
    monkeypatch.setattr(count, "contents", lambda workloads: {})
    monkeypatch.setattr(count, "find_kernel", lambda which: KERNEL)
    monkeypatch.setattr(count, "emulator_version", lambda: "an emulator")
    outcome = count.run_count(request, None, lambda line: None)
    assert not outcome.interrupted
    return load_run(outcome.folder, counted_too=True)


def asked(tmp_path: Path, *rules: Path, **load: Any) -> Request:
    """A request for two named scenarios, or for rule files."""
    scenarios = () if rules else ("no-rules", "disabled")
    return Request(
        subject=Subject(scenarios=scenarios, rule_files=rules),
        load=Load(**load),
        conduct=Conduct(results=tmp_path / "results"),
    )


def test_every_second_boot_goes_backwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = run(tmp_path, monkeypatch, asked(tmp_path), 3)
    by_boot = {b: [s.scenario for s in stored.samples if s.block == b] for b in (1, 2)}
    assert by_boot[1] == ["no-audit", "no-rules", "disabled"]
    assert by_boot[2] == by_boot[1][::-1]
    assert [sample.index for sample in stored.samples] == list(range(6))
    assert stored.plan.trials == 6


def test_a_state_that_only_a_fresh_boot_shows_is_first_in_every_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "site.rules"
    rules.write_text("-a always,exit -F arch=b64 -S mount\n")
    stored = run(tmp_path, monkeypatch, asked(tmp_path, rules), 5)
    firsts = [s.scenario for s in stored.samples if s.position == 0]
    assert firsts == ["never-enabled", "never-enabled"]
    assert "no-audit-aa" not in {sample.scenario for sample in stored.samples}


def test_what_is_stored_says_how_it_was_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = run(tmp_path, monkeypatch, asked(tmp_path), 3)
    assert stored.plan.instrument == "counted"
    (guest,) = stored.environment.guests
    assert guest.kernel_version == "#1 SMP"
    assert guest.sha256 == KERNEL.sha256
    assert stored.environment.label.endswith("Linux 6.1.0-x")
    assert stored.samples[0].metrics == {INSTRUCTIONS: 339.5}
    assert stored.samples[0].ops == 20


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"records": 3}, "record the load's own calls"),
        ({"failures": 2}, "2 operations of the load failed"),
        ({"failed": "MemoryError: none"}, "MemoryError: none"),
        ({"event": "refused", "message": "the kernel refused it"}, "the kernel refused it"),
    ],
)
def test_a_trial_that_cannot_be_used_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], words: str
) -> None:
    stored = run(tmp_path, monkeypatch, asked(tmp_path), 3, {1: answer})
    (bad,) = [sample for sample in stored.samples if not sample.valid]
    assert words in bad.invalid_reason
    assert bad.metrics == {}


def test_a_refused_rule_is_told_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "site.rules"
    rules.write_text("-a always,exit -F arch=b64 -S mount\n")
    answer = {"event": "refused", "message": "no such thing"}
    stored = run(tmp_path, monkeypatch, asked(tmp_path, rules), 5, {4: answer})
    (bad,) = [sample for sample in stored.samples if not sample.valid]
    assert bad.invalid_reason == f"{rules}: no such thing"


def test_paths_that_this_host_lacks_are_no_fault_of_a_rule_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "site.rules"
    rules.write_text("-w /no-such/folder/file -p wa\n-a always,exit -F dir=/no-such/tree\n")
    stored = run(tmp_path, monkeypatch, asked(tmp_path, rules), 5)
    assert len(stored.plan.scenarios["syscalls"][-1].rules) == 2


def test_a_lock_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = tmp_path / "site.rules"
    rules.write_text("-a always,exit -F arch=b64 -S mount\n-e 2\n")
    with pytest.raises(UsageError, match="--ignore-lock"):
        run(tmp_path, monkeypatch, asked(tmp_path, rules), 5)
    # What the error names is an option of the verb.
    arguments = app["count"].assemble_argument_collection()
    assert "--ignore-lock" in {name for argument in arguments for name in argument.names}
    stored = run(tmp_path, monkeypatch, asked(tmp_path, rules, ignore_lock=True), 5)
    assert all(sample.valid for sample in stored.samples)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(load=Load(workloads=("udp",))), "udp is not counted"),
        (Request(plan="replay"), "measures no kernel"),
        (Request(load=Load(workloads=("nonsense",))), "nonsense is not counted"),
    ],
)
def test_what_cannot_be_counted_is_refused_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch, request_: Request, words: str
) -> None:
    monkeypatch.setattr(count, "find_kernel", lambda which: pytest.fail("a kernel was fetched"))
    with pytest.raises(UsageError, match=words):
        count.run_count(request_, None, lambda line: None)
