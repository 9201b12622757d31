"""Services in a plan: chosen by name or file, bound to their program, stored, compared, shown."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from harness.analysis.between_runs import CellPair
from harness.answers.compare.comparability import find_differences
from harness.answers.result import make_result
from harness.errors import UsageError
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.rule import Rule
from harness.model.run import Cell, Trial
from harness.model.stored.plan import StoredPlan
from harness.reporters.render.terminal import render_page
from harness.reporters.result import result_page
from harness.run import choices
from harness.run.plan.document import plan_document
from harness.run.plan.plan import make_plan
from harness.run.request import VictimOptions
from harness.run.size.plan import Demanded, size_plan
from harness.run.trials.trial import Bench, failing
from harness.store import load_run
from tests.support.requests import asked
from tests.support.services.own import own_service
from tests.support.stored.two_runs import write_run
from workloads.running.calls import ANYTHING, load_calls
from workloads.running.options import parse_options
from workloads.services.catalog import SERVICES


def refusal(*words: str) -> str:
    with pytest.raises(UsageError) as caught:
        make_plan(asked(workloads=words, seed=1))
    assert "\n" not in caught.value.one_line()
    return caught.value.one_line()


def test_a_file_is_a_workload_by_its_name(tmp_path: Path) -> None:
    path = own_service(tmp_path)
    plan = make_plan(asked(workloads=(str(path), "udp"), seed=1))
    assert plan.workloads == ("mine", "udp")
    assert plan.ops["mine"] == 40
    cell = Cell("mine", "rules", "assemble")
    words = plan.worker_words(cell, 7).words("--control")
    options, info = parse_options(words)
    assert info.name == "service"
    assert (options.service, options.ops, options.control) == (str(path), 7, True)
    assert options.service_digest == plan.services["mine"].digest


def test_its_exclusions_are_of_its_own_program(tmp_path: Path) -> None:
    plan = make_plan(asked(workloads=(str(own_service(tmp_path)), "udp"), seed=1))
    exe = os.path.realpath(sys.executable)
    for name in ("rules+exclude-exe", "rules+exclude-call"):
        scenario = plan.scenario_of(Cell("mine", name, "assemble"))
        first = format_rule(Rule.from_bytes(scenario.rules[0]))
        assert f"exe={exe}" in first
    assert "-S accept4" in first


def test_a_program_to_exclude_is_not_replaced_by_a_copy(tmp_path: Path) -> None:
    path = own_service(tmp_path)
    request = asked(workloads=(str(path), "udp"), exclude_exe="/usr/sbin/absent", seed=1)
    excluded = make_plan(request).excluded
    assert excluded is not None
    assert excluded.workloads == ("udp",)


def test_a_service_ends_by_itself_and_is_no_noise_for_a_victim(tmp_path: Path) -> None:
    request = asked(workloads=(str(own_service(tmp_path)),), seed=1)
    with pytest.raises(UsageError, match="mine is of a fixed size"):
        make_plan(replace(request, victim=VictimOptions(workload="udp")))


def test_a_backlog_is_not_searched_for_a_service(tmp_path: Path) -> None:
    rules = tmp_path / "my.rules"
    rules.write_text("-a always,exit -F arch=b64 -S accept4\n")
    request = asked(workloads=(str(own_service(tmp_path)),), rule_files=(rules,), seed=1)
    with pytest.raises(UsageError, match="--rate"):
        size_plan(request, Demanded(rate_per_s=10, burst=100, pause_s=0), trials=1, margin=1.5)


def test_it_may_make_any_call() -> None:
    for name in (*SERVICES, "mine", "service"):
        assert ANYTHING in load_calls(name)


def test_what_is_no_service_is_one_line(tmp_path: Path) -> None:
    assert "no workload is called 'ngin'" in refusal("ngin")
    assert "no workload is called 'service'" in refusal("service")
    assert "absent.toml cannot be read: No such file" in refusal(f"{tmp_path}/absent.toml")
    (tmp_path / "bad.toml").write_text("x")
    assert "bad.toml: Expected '=' after a key" in refusal(f"{tmp_path}/bad.toml")
    own_service(tmp_path, name="udp")
    assert "is called like the workload udp: rename the file" in refusal(f"{tmp_path}/udp.toml")
    (tmp_path / "other").mkdir()
    words = (str(own_service(tmp_path)), str(own_service(tmp_path / "other")))
    assert "two services are called mine" in refusal(*words)


def test_a_missing_program_is_named_with_its_package(tmp_path: Path) -> None:
    path = own_service(tmp_path)
    text = path.read_text()
    started = f'["{sys.executable}", "server.py"'
    assert started in text
    text = text.replace(started, '["no-such-server"')
    path.write_text(text + '[programs.no-such-server]\npackage = "the-package"\n')
    assert "(no-such-server): apt-get install the-package" in refusal(str(path))


def test_options_that_it_has_not_are_refused(tmp_path: Path) -> None:
    path = str(own_service(tmp_path))
    for words in ({"rate_per_s": 10.0}, {"workers": 2}):
        with pytest.raises(UsageError, match=r"service (has no --rate|is the work of one process)"):
            make_plan(asked(workloads=(path,), seed=1, **words))


def test_the_plan_is_stored_with_its_text(tmp_path: Path) -> None:
    path = own_service(tmp_path)
    plan = make_plan(asked(workloads=(str(path),), seed=1))
    stored = StoredPlan.read(plan_document(plan))
    assert stored.services["mine"].text == path.read_text()
    assert stored.operation_of("mine") == "connect, one byte there and back, close"
    assert stored.operation_of("udp") == "socket, connect, send, close (UDP)"
    assert stored.operation_of("gone") == ""
    assert stored.seconds_of("mine") is None


def test_services_are_among_the_choices() -> None:
    assert choices.workloads().keys() >= SERVICES.keys()


SERVED = {"udp": {"operation": "one request", "digest": "a", "per_second": 500}}


def test_two_runs_of_other_files_are_not_alike(tmp_path: Path) -> None:
    runs = []
    for digest in ("a", "b"):
        services = {"udp": {**SERVED["udp"], "digest": digest}}
        runs.append(write_run(tmp_path / "m" / digest, plan={"services": services}))
    cell = Cell("udp", "rules", "assemble")
    found = find_differences(*map(load_run, runs), [CellPair(cell, cell)], chosen=False)
    assert [each.words for each in found] == ["service file of udp a → b"]


def test_throughput_is_shown_of_services_and_of_nothing_else(tmp_path: Path) -> None:
    def shown(services: dict[str, object]) -> str:
        run = write_run(tmp_path / str(len(services)) / "run", plan={"services": services})
        file = io.StringIO()
        page = result_page(make_result(load_run(run)))
        render_page(page, Console(file=file, width=100, highlight=False))
        return file.getvalue()

    text = shown(SERVED)
    assert "udp (one request): 8 blocks, about 2 s per trial" in text
    table = text[text.index("Operations per second") :]
    rows = {line.split()[0]: line.split() for line in table.splitlines()[3:9]}
    # Twice as long is half as many.
    reference, rules = (float(rows[name][1].replace(",", "")) for name in ("no-audit", "rules"))
    assert rules / reference == pytest.approx(float(rows["rules"][2]), abs=0.002)
    assert 0.3 < rules / reference < 0.5
    assert "No latency is told by the client of udp." in table
    assert "not known beforehand" in " ".join(table.split())
    assert "Operations per second" not in shown({})


def test_a_service_that_fails_does_not_speak_against_its_consumer(tmp_path: Path) -> None:
    plan = make_plan(asked(workloads=(str(own_service(tmp_path)), "udp"), seed=1))
    bench = cast(Bench, SimpleNamespace(plan=plan))
    found = [
        failing(bench, Trial(0, Cell(name, "rules", "assemble"), 1, 0, 1, 1))
        for name in ("mine", "udp")
    ]
    assert found == ["mine assemble", "assemble"]
