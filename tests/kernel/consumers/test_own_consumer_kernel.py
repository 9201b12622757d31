"""A program that no adapter knows on the live kernel: started by its command, judged by its output.

Only the load's login uid is recorded. The program is `tests/fakes/own_consumer.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.consumers.foreign import ready
from harness.consumers.own import command
from harness.kernel.client import AuditClient
from harness.kernel.lease.lease import take_lease
from harness.model.run import Cell, Sample, Trial
from harness.run.plan.plan import make_plan
from harness.run.trials.trial import Bench, run_trial
from tests.support.patience import PATIENCE_S
from tests.support.requests import asked
from tests.support.stand_ins import make_stand_in

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

OPS = 500
TEXTS = "id=id,records=records,type=name,text=text"
RECORDS = "serial=seq,time=ts,type=audit.type,text=audit.text"
NAMES = ("arch", "syscall", "success", "exit", "a1", "a2", "items", "ses", "pid")
FIELDS = ",".join(f"{name}={name}" for name in NAMES)


@contextmanager
def bench_of(folder: Path, words: str, **more: Any) -> Iterator[Bench]:
    """What a trial needs, with the audit of this host borrowed."""
    program = make_stand_in(folder, "own_consumer")
    request = asked(plan="consumers", consumer_commands=(f"mine={program} {words}",), **more)
    plan = make_plan(request)
    with take_lease(command="test of one's own") as lease, AuditClient() as client:
        yield Bench(
            plan=plan,
            lease=lease,
            client=client,
            consumers={"mine": plan.consumer("mine")},
            cpus={},
            trial_timeout_s=PATIENCE_S,
            folder=folder,
        )


def measure(bench: Bench, ops: int = OPS) -> Sample:
    """One trial of the load under the plan's rules."""
    cell = Cell(workload="udp", scenario="rules", consumer="mine")
    sample = run_trial(bench, Trial(index=7, cell=cell, block=0, position=0, seed=7, ops=ops))
    assert bench.client.status().pid == 0
    assert bench.lease.check() == ()  # rules, limits and all as they were asked for
    assert list(bench.folder.glob("auditbench-*")) == []
    return sample


@pytest.mark.parametrize(
    ("words", "more", "mode"),
    [
        ("--form raw", {}, "unicast"),
        ("--form raw --output x.log", {"consumer_output": "x.log"}, "unicast"),
        ("--form raw --listen --output {folder}/x", {"consumer_output": "{folder}/x"}, "multicast"),
        ("--form record", {"consumer_mapping": RECORDS}, "unicast"),
        ("--form event", {"consumer_mapping": TEXTS, "consumer_form": "json-lines"}, "unicast"),
        ("--form types", {"consumer_mapping": f"id=id,type=types,{FIELDS}"}, "unicast"),
    ],
)
def test_every_connect_is_accounted_for_in_every_form(
    words: str, more: dict[str, str], mode: str, tmp_path: Path
) -> None:
    with bench_of(tmp_path, words, **more) as bench:
        sample = measure(bench)
    assert sample.invalid_reason == ""
    ledger = sample.ledger
    assert ledger.generated == ledger.complete == OPS
    terms = (ledger.partial, ledger.refused, ledger.vanished, ledger.unexplained, ledger.lost)
    assert terms == (0, 0, 0, 0, 0)
    assert ledger.markers_missing == 0
    assert sample.consumer_document["mode"] == mode
    assert sample.consumer_document["own_count"] == {"lines_not_understood": 0}
    assert sample.metrics["cpu_consumer_ns_per_event"] > 0
    assert sample.metrics["consumer_written_bytes_per_event"] > 50
    assert sample.metrics["consumer_memory_bytes"] > 1 << 20


def test_what_it_did_to_the_kernel_is_undone(tmp_path: Path) -> None:
    with bench_of(tmp_path, "--meddle") as bench:
        limit = bench.client.status().backlog_limit
        sample = measure(bench)
        assert bench.client.status().backlog_limit != 77 or limit == 77
    assert sample.invalid_reason == ""
    assert sample.ledger.complete == OPS


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--evil fifo --output x", "x cannot be read (it is not a regular file)"),
        ("--evil link --output x", "x cannot be read (Too many levels of symbolic links)"),
        ("--evil folder --output x", "x cannot be read (it is not a regular file)"),
        ("--evil nothing --output x", "mine wrote no x: --consumer-output names"),
        ("--evil garbage --output x", "no line that mine wrote to x is an audit record:"),
        ("--evil dies", "mine ended with 1: the very last word"),
        ("--evil leaves", "mine ended with 0: it must stay in the foreground"),
    ],
)
def test_a_bad_output_is_one_line_and_nothing_waits_for_it(
    words: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command._Running, "patience_s", 0.2)
    with bench_of(tmp_path, words, consumer_output="x") as bench:
        sample = measure(bench, ops=50)
    assert not sample.valid
    assert sample.invalid_reason.startswith(reason)
    assert len(sample.invalid_reason) < 300


def test_a_line_longer_than_any_record_is_passed_over(tmp_path: Path) -> None:
    with bench_of(tmp_path, "--evil long --output x", consumer_output="x") as bench:
        sample = measure(bench)
    assert sample.invalid_reason == ""
    assert sample.ledger.complete == OPS
    assert sample.consumer_document["own_count"] == {"lines_not_understood": 1}


def test_one_that_never_receives_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "READY_TIMEOUT_S", 0.7)
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o755)
    plan = make_plan(asked(plan="consumers", consumer_commands=(str(sleeper),)))
    with take_lease(command="test of one's own") as lease, AuditClient() as client:
        bench = Bench(
            plan=plan,
            lease=lease,
            client=client,
            consumers={"sleeper": plan.consumer("sleeper")},
            cpus={},
            trial_timeout_s=PATIENCE_S,
            folder=tmp_path,
        )
        cell = Cell(workload="udp", scenario="rules", consumer="sleeper")
        sample = run_trial(bench, Trial(index=7, cell=cell, block=0, position=0, seed=7, ops=1))
    assert sample.invalid_reason == (
        "sleeper did not register as the audit daemon or listen within 0.7 s"
    )


def test_lines_of_before_do_not_count(tmp_path: Path) -> None:
    """A file outside the private folder grows from trial to trial."""
    kept = tmp_path / "kept.log"
    with bench_of(tmp_path, f"--output {kept}", consumer_output=str(kept)) as bench:
        first, size = measure(bench), kept.stat().st_size
        second = measure(bench)
    assert first.ledger.complete == second.ledger.complete == OPS
    assert kept.stat().st_size > size
    written = second.metrics["consumer_written_bytes_per_event"]
    assert written == pytest.approx((kept.stat().st_size - size) / OPS, rel=0.2)


def test_a_file_of_the_working_directory_is_found_from_the_private_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.conf").write_text("")
    monkeypatch.chdir(tmp_path)
    for words in ("--needs x.conf", "--needs=x.conf"):
        with bench_of(tmp_path, words) as bench:
            assert measure(bench, ops=10).invalid_reason == ""
