"""A counted run's plan, the order of its boots, and what becomes of a guest's answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.cli import app
from harness.errors import UsageError
from harness.guest.boot import GuestFailedError
from harness.guest.kernels.images import KernelImage
from harness.guest.together import Boot
from harness.model.count import INSTRUCTIONS, RULES_DELETE, RULES_LOAD
from harness.run import count
from harness.run.counted_boots import MOST_BOOTS
from harness.run.request import Conduct, Load, Request, Subject
from harness.store import StoredRun, load_run
from tests.support.worker_documents import DONE

KERNEL = KernelImage("a kernel", "6.1.0-x", b"image")
HELLO = {"event": "hello", "release": "6.1.0-x", "version": "#1 SMP"}
COUNTED = {"event": "trial", "ops_per_chunk": 10, "chunks": [3470, 3480], "clock": 80,
           "instructions_per_op": 339.5, "worker": DONE | {"ops": 20}}  # fmt: skip


class Guests:
    """Guests that answer every trial of their orders, some of them in another way."""

    def __init__(self, otherwise: dict[int, dict[str, Any]]) -> None:
        self.otherwise = otherwise
        self.boots: list[Boot] = []
        self.instead: dict[int, list[dict[str, Any]]] = {}

    def __call__(self, boots: list[Boot]) -> Any:
        self.boots = boots
        for number in range(len(boots)):
            if number in self.instead:
                yield from ((number, answer) for answer in self.instead[number])
                continue
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
    monkeypatch.setattr(count, "find_kernels", lambda words: {KERNEL.release: KERNEL})
    monkeypatch.setattr(count, "emulator_version", lambda machine: "an emulator")
    outcome = count.run_count(request, (), lambda line: None)
    assert not outcome.interrupted
    return load_run(outcome.folder, counted_too=True)


def asked(tmp_path: Path, *rules: Path, **load: Any) -> Request:
    """A request for two named scenarios, or for rule files."""
    scenarios = () if rules else ("no-rules", "disabled")
    return Request(
        subject=Subject(scenarios=scenarios, rule_files=rules),
        load=Load(workloads=("syscalls",), **load),
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
    assert (guest.name, guest.kernel_version) == ("6.1.0-x", "#1 SMP")
    assert guest.sha256 == KERNEL.sha256
    assert {sample.kernel for sample in stored.samples} == {"6.1.0-x"}
    assert stored.environment.label.endswith("Linux 6.1.0-x")
    assert stored.samples[0].metrics == {INSTRUCTIONS: 339.5}
    assert stored.samples[0].ops == 20


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"worker": DONE | {"failures": 2}}, "2 operations of the load failed"),
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
        (Request(load=Load(workloads=("osquery-stress",))), "osquery-stress is not counted"),
        (Request(plan="replay"), "measures no kernel"),
        (Request(load=Load(workloads=("nonsense",))), "nonsense is not counted"),
        (Request(load=Load(workloads=("shels",))), r"did you mean shells\? .*`run` measures"),
    ],
)
def test_what_cannot_be_counted_is_refused_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch, request_: Request, words: str
) -> None:
    monkeypatch.setattr(count, "find_kernels", lambda words: pytest.fail("a kernel was fetched"))
    with pytest.raises(UsageError, match=words):
        count.run_count(request_, (), lambda line: None)


def test_what_loading_the_rules_costs_is_stored_where_it_was_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = {"life": {"rules": 2, "load": 30_000, "delete": 40_000.5}}
    stored = run(tmp_path, monkeypatch, asked(tmp_path), 3, {1: life})
    (found,) = [s.metrics for s in stored.samples if RULES_LOAD in s.metrics]
    assert (found[RULES_LOAD], found[RULES_DELETE]) == (30_000, 40_000.5)


def test_kernels_are_counted_into_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, guests = of_two_kernels(tmp_path, monkeypatch)
    assert [guest.name for guest in stored.environment.guests] == ["6.1.0-x", "6.12.1-x"]
    assert [sample.kernel for sample in stored.samples] == ["6.1.0-x"] * 6 + ["6.12.1-x"] * 6
    assert [sample.index for sample in stored.samples] == list(range(12))
    assert stored.plan.is_whole(len(stored.samples))
    assert [boot.seed for boot in guests.boots] == [1, 2, 1, 2]
    assert guests.boots[0].root == guests.boots[2].root


def test_a_guest_that_fails_is_told_and_the_other_kernel_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = {"event": "failed", "message": "the guest hangs", "remedy": "run it again"}
    stored, _ = of_two_kernels(tmp_path, monkeypatch, {2: [HELLO, failed]})
    (said,) = [c for c in stored.environment.cautions if c.name == "failed-guest"]
    assert said.one_line() == "the guest hangs: run it again"
    assert len(stored.samples) == 9
    assert not stored.plan.is_whole(len(stored.samples))


def test_guests_that_all_fail_are_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = {"event": "failed", "message": "the guest hangs", "remedy": "run it again"}
    said = {place: [HELLO, failed] for place in range(4)}
    with pytest.raises(GuestFailedError, match="the guest hangs: run it again"):
        of_two_kernels(tmp_path, monkeypatch, said)


def test_what_a_kernel_complains_of_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = {**COUNTED, "index": 0}
    complaint = {"event": "console", "lines": ["watchdog: BUG: soft lockup"]}
    rest = [{**COUNTED, "index": index} for index in (1, 2)]
    stored, _ = of_two_kernels(tmp_path, monkeypatch, {0: [HELLO, trial, complaint, *rest]})
    (said,) = [c for c in stored.environment.cautions if c.name == "console-complaint"]
    assert said.what == (
        "Linux 6.1.0-x complained at syscalls × no-rules: watchdog: BUG: soft lockup"
    )
    assert stored.plan.is_whole(len(stored.samples))


def of_two_kernels(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    otherwise: dict[int, list[dict[str, Any]]] | None = None,
) -> tuple[StoredRun, Guests]:
    """What guests of two kernels leave behind; some of them say other things."""
    guests = Guests({})
    guests.trials, guests.instead = 3, otherwise or {}
    newer = KernelImage("another", "6.12.1-x", b"another image")
    kernels = {KERNEL.release: KERNEL, newer.release: newer}
    monkeypatch.setattr(count, "run_guests", guests)
    monkeypatch.setattr(count, "contents", lambda workloads: {})
    monkeypatch.setattr(count, "find_kernels", lambda words: kernels)
    monkeypatch.setattr(count, "emulator_version", lambda machine: "an emulator")
    outcome = count.run_count(asked(tmp_path), ("6.1", "6.12"), lambda line: None)
    return load_run(outcome.folder, counted_too=True), guests


def test_a_kernel_whose_boots_differ_is_booted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first guest answers one trial in another way, so that its boots lie far apart."""
    far = {"instructions_per_op": 500.0}
    stored = run(tmp_path, monkeypatch, asked(tmp_path), 3, {1: far})
    assert len(stored.samples) > 6
    assert [sample.index for sample in stored.samples] == list(range(len(stored.samples)))
    assert stored.plan.is_whole(len(stored.samples))
    blocks = [sample.block for sample in stored.samples]
    assert max(blocks) == len(stored.samples) // 3 <= MOST_BOOTS


@pytest.mark.parametrize("where", ["contents", "run_guests"])
@pytest.mark.parametrize("error", [UsageError("no room", remedy="less"), KeyboardInterrupt()])
def test_a_run_that_cannot_begin_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: BaseException
) -> None:
    """Neither where what a guest needs cannot be had, nor where it is stopped before one speaks."""

    def fail(*_: object) -> Any:
        raise error

    monkeypatch.setattr(count, "contents", lambda workloads: {})
    monkeypatch.setattr(count, "find_kernels", lambda words: {KERNEL.release: KERNEL})
    monkeypatch.setattr(count, "emulator_version", lambda machine: "an emulator")
    monkeypatch.setattr(count, where, fail)
    with pytest.raises(type(error)):
        count.run_count(asked(tmp_path), (), lambda line: None)
    assert [path for path in (tmp_path / "results").rglob("*") if path.is_file()] == []
    assert list((tmp_path / "results").glob("*/*")) == []
