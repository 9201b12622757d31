"""Every load through both protocols: the documents, and that what they count was done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.loads import Document, controlled_load, load_command, run_load
from workloads.catalog import WORKLOADS

CASES = {
    "shells": ["--ops", 5],
    "udp": ["--ops", 200],
    "mixed": ["--ops", 5],
    "osquery-stress": ["-n", 2, "--ops", 8],
    "connect": ["--ops", 1000],
    "syscalls": ["--ops", 1000],
    "files": ["--ops", 50],
    "command": ["--ops", 5, "--", "sh", "-c", "exit 3"],
}
IN_BOTH = {"pid", "session", "session_reason", "auid", "exe"}
NUMBERS = {
    "elapsed_ns",
    "cpu_user_ns",
    "cpu_system_ns",
    "cpu_children_user_ns",
    "cpu_children_system_ns",
    "voluntary_switches",
    "involuntary_switches",
    "max_rss_bytes",
    "loop_start_ns",
    "loop_end_ns",
    "behind_ns",
}


def check_result(name: str, words: list[object], found: Document) -> None:
    ops = words[words.index("--ops") + 1]
    assert found["schema"] == "auditbench.workload/1"
    assert (found["workload"], found["ops"], found["failures"]) == (name, ops, 0)
    assert found["errors"] == {}
    assert found.keys() >= IN_BOTH
    assert all(isinstance(found[key], int) and found[key] >= 0 for key in NUMBERS)
    assert 0 < found["elapsed_ns"] == found["loop_end_ns"] - found["loop_start_ns"]
    assert found["noisy"] == WORKLOADS[name].noisy
    check_latency(found)


def check_latency(found: Document) -> None:
    latency = found["latency"]
    assert latency["count"] == sum(count for _, count in latency["buckets"])
    assert latency["count"] == -(-found["ops"] // found["details"]["batch"])
    ladder = ["min_ns", "p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns"]
    assert all(latency[low] <= latency[high] for low, high in pairwise(ladder))
    assert latency["min_ns"] <= latency["mean_ns"] <= latency["max_ns"]
    assert all(low[0] < high[0] for low, high in pairwise(latency["buckets"]))


def words_of(name: str, *options: object) -> list[object]:
    """The case's command line with options before the command."""
    case: list[object] = list(CASES[name])
    at = case.index("--") if "--" in case else len(case)
    return [name, *case[:at], *options, *case[at:]]


def test_every_workload_has_a_case() -> None:
    # These have files of their own.
    assert CASES.keys() == WORKLOADS.keys() - {"replay", "service"}


@pytest.mark.parametrize("name", CASES)
def test_one_document(name: str) -> None:
    found = run_load(*words_of(name))
    check_result(name, list(CASES[name]), found)
    assert found["workers"] == 1


@pytest.mark.parametrize("name", CASES)
def test_json_lines(name: str) -> None:
    case = words_of(name, "--control")
    with subprocess.Popen(
        load_command(*case), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["event"] == "ready"
        assert ready.keys() >= IN_BOTH
        process.stdin.write("go\n")
        process.stdin.flush()
        result = json.loads(process.stdout.readline())
        assert process.stdout.readline() == ""
    assert process.returncode == 0
    assert result["event"] == "result"
    assert {key: result[key] for key in IN_BOTH} == {key: ready[key] for key in IN_BOTH}
    check_result(name, list(CASES[name]), result)


@pytest.mark.parametrize("name", CASES)
def test_workers_share_the_operations(name: str) -> None:
    found = run_load(*words_of(name, "--workers", 3))
    assert found["workers"] == 3
    by_worker = found["details"]["ops_by_worker"]
    assert sum(by_worker) == found["ops"] == CASES[name][CASES[name].index("--ops") + 1]
    if name != "osquery-stress":  # one run of the script is not split
        assert max(by_worker) - min(by_worker) <= 1


def test_more_workers_than_operations() -> None:
    found = run_load("udp", "--ops", 2, "--workers", 4)
    assert found["details"]["ops_by_worker"] == [1, 1, 0, 0]
    assert found["elapsed_ns"] > 0


def test_nothing_happens_before_go() -> None:
    with controlled_load("shells", "--program", "/bin/true", "--ops", 3) as load:
        (acting,) = load.ready["acting_pids"]
        assert load.ready["pid"] == acting
        children = Path(f"/proc/{acting}/task/{acting}/children")
        assert children.read_text() == ""
        load.say("go")
        assert load.listen()["ops"] == 3


def test_an_early_go_is_remembered() -> None:
    with subprocess.Popen(
        load_command("udp", "--ops", 10, "--control"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        events = [json.loads(process.stdout.readline())["event"] for _ in range(2)]
    assert events == ["ready", "result"]


def test_shells_really_run(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = f"echo $0 $1 >> {log}"
    found = run_load("shells", "--ops", 7, "--program", "/bin/sh", "--", "-c", script, "me", "you")
    assert log.read_text().split("\n") == ["me you"] * 7 + [""]
    assert found["yields"] == {}
    assert found["details"]["program"] == os.path.realpath("/bin/sh")


def test_commands_are_counted_by_exit_status() -> None:
    found = run_load(*words_of("command"))
    assert found["details"]["exit_statuses"] == {"3": 5}
    killed = run_load("command", "--ops", 2, "--", "sh", "-c", "kill -9 $$")
    assert killed["details"]["exit_statuses"] == {"-9": 2}


def test_a_program_that_cannot_be_loaded_is_a_failure(tmp_path: Path) -> None:
    program = tmp_path / "no-format"
    program.write_text("no magic here")
    program.chmod(0o755)
    found = run_load("shells", "--ops", 4, "--program", program)
    assert (found["ops"], found["failures"], found["errors"]) == (4, 4, {"ENOEXEC": 4})


def test_commands_read_and_write_nothing_of_ours(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = f"cat > {log}; echo noise; echo more noise >&2"
    words = load_command("command", "--ops", 1, "--", "sh", "-c", script)
    done = subprocess.run(words, input="secret", capture_output=True, text=True, check=True)
    json.loads(done.stdout)
    assert done.stderr == ""
    assert log.read_text() == ""


def test_output_can_be_shown() -> None:
    words = load_command("command", "--ops", 1, "--show-output", "--", "sh", "-c", "echo noise")
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    json.loads(done.stdout)
    assert done.stderr == "noise\n"


def test_programs_start_with_default_signals() -> None:
    words = load_command("command", "--ops", 1, "--show-output", "--", "grep", "Sig[BI]",
                         "/proc/self/status")  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    # posix_spawn itself leaves the C library's two internal signals, 32 and 33, ignored.
    sets = [int(line.split()[1], 16) & ~(3 << 31) for line in done.stderr.splitlines()]
    assert sets == [0, 0]


def test_files_leave_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    words = load_command("files", "--ops", 20, "--workers", 2)
    done = subprocess.run(words, capture_output=True, check=True, env=environment)
    assert json.loads(done.stdout)["failures"] == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n", [1, 3])
def test_the_stress_tree_has_n_times_two_to_the_n_nodes(n: int) -> None:
    found = run_load("osquery-stress", "-n", n)
    details = found["details"]
    assert found["ops"] == details["expected"] == details["executed"] == n * 2**n
    assert details["printed"] == [
        f"Expecting {n * 2**n} (default shell) processes",
        f"Executed {n * 2**n} (default shell) processes",
    ]


def test_stress_operations_are_rounded_up_to_whole_trees() -> None:
    found = run_load("osquery-stress", "-n", 2, "--ops", 9, "--workers", 2)
    assert found["ops"] == 16
    assert found["details"]["ops_by_worker"] == [8, 8]


def test_processor_time_is_charged() -> None:
    found = run_load("syscalls", "--ops", 2_000_000)
    own = found["cpu_user_ns"] + found["cpu_system_ns"]
    assert 0 < own <= found["elapsed_ns"] * 1.1
    assert found["cpu_children_user_ns"] + found["cpu_children_system_ns"] == 0
    shells = run_load("shells", "--ops", 100)
    assert shells["cpu_children_user_ns"] + shells["cpu_children_system_ns"] > 0
    assert shells["voluntary_switches"] >= 100


def test_workers_keep_to_their_processors() -> None:
    cpu = min(os.sched_getaffinity(0))
    with controlled_load("udp", "--ops", 1, "--workers", 2, "--cpu", cpu) as load:
        for pid in load.ready["acting_pids"]:
            assert os.sched_getaffinity(pid) == {cpu}


def test_the_session_is_fresh_where_it_can_be() -> None:
    sessions = [run_load("syscalls", "--ops", 64)["session"] for _ in range(2)]
    if None in sessions:
        pytest.skip("loginuid cannot be set here")
    assert sessions[0] < sessions[1]


def test_all_workers_are_in_the_session() -> None:
    with controlled_load("udp", "--ops", 4, "--workers", 3) as load:
        ready = load.ready
        if ready["session"] is None:
            pytest.skip("loginuid cannot be set here")
        assert len(ready["acting_pids"]) == 3
        for pid in ready["acting_pids"]:
            assert Path(f"/proc/{pid}/sessionid").read_text() == str(ready["session"])
            assert Path(f"/proc/{pid}/loginuid").read_text() == str(ready["auid"])
        supervisor = Path(f"/proc/{load.process.pid}/sessionid").read_text()
        assert supervisor != str(ready["session"])


def test_without_a_session_the_reason_is_told() -> None:
    found = run_load("udp", "--ops", 5, "--no-session")
    assert found["session"] is None
    assert found["session_reason"]


def test_only_the_chosen_workload_is_loaded() -> None:
    code = (
        "import sys; from workloads.__main__ import main\n"
        "main(['syscalls', '--ops', '64'])\n"
        "shared = ('workloads.parts', 'workloads.running', 'workloads._')\n"
        "print(sorted(name for name in sys.modules if name.startswith('workloads.')\n"
        "             and not name.startswith(shared)), file=sys.stderr)\n"
        "print([name for name in ('numpy', 'socket', 'harness', 'consumer')\n"
        "       if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "['workloads.catalog', 'workloads.errors', 'workloads.syscalls']\n[]\n"


def test_the_list() -> None:
    names = json.loads(
        subprocess.run(
            load_command("--list", "--json"), capture_output=True, text=True, check=True
        ).stdout
    )
    assert [entry["name"] for entry in names] == list(WORKLOADS)
    assert all(entry["yields"] == dict(WORKLOADS[entry["name"]].yields) for entry in names)
    text = subprocess.run(load_command("--list"), capture_output=True, text=True, check=True).stdout
    assert [line.split()[0] for line in text.splitlines()] == list(WORKLOADS)


@pytest.mark.parametrize(
    ("workload", "more"), [("udp", []), ("syscalls", []), ("udp", ["--rate", 20_000])]
)
def test_work_of_its_own_is_done_and_told(workload: str, more: list[object]) -> None:
    ops, busy_ns = 1000, 3000
    document = run_load(workload, "--ops", ops, "--busy-ns", busy_ns, *more)
    spent_ns = document["details"]["busy_ns"]
    assert spent_ns >= ops * busy_ns
    assert spent_ns <= document["elapsed_ns"]
    assert spent_ns <= document["latency"]["mean_ns"] * ops * 1.01
    assert run_load(workload, "--ops", ops, *more)["details"]["busy_ns"] == 0
