"""However a load ends, nothing of it stays: the processes are looked for by their group."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.loads import Controlled, controlled_load, load_command
from tests.support.patience import PATIENCE_S

FOREVER = 10**9
LONG = ["command", "--ops", 5, "--workers", 2, "--", "sh", "-c", "sleep 1000 & sleep 1000"]
LOADS = {
    "udp": ["udp", "--ops", FOREVER],
    "shells": ["shells", "--ops", FOREVER, "--workers", 2],
    "open": ["udp", "--ops", FOREVER, "--rate", 0.1],
    "stress": ["osquery-stress", "-n", 6, "--ops", 10**6],
    "command": LONG,
}


def group_of(leader: int) -> list[int]:
    """The living members of the process group `leader`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == leader and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def wait_until_gone(leader: int, *others: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while group_of(leader) or any(Path(f"/proc/{pid}").exists() for pid in others):
        assert time.monotonic() < deadline, f"still there: {group_of(leader)}"
        time.sleep(0.01)


def start(load: Controlled, seconds: float = 0.1) -> int:
    """Says go and lets it run for a while; the group's leader."""
    leader = int(load.ready["pid"])
    load.say("go")
    time.sleep(seconds)
    assert group_of(leader)
    return leader


def words_with_control(words: list[object]) -> list[object]:
    at = words.index("--") if "--" in words else len(words)
    return [*words[:at], "--control", *words[at:]]


def controlled(words: list[object]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        load_command(*words_with_control(words)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", LOADS)
def test_the_end_of_input_ends_it_with_a_result(name: str) -> None:
    with controlled(LOADS[name]) as process:
        load = Controlled(process)
        leader = start(load)
        load.hang_up()
        result = load.listen()
        assert process.wait(PATIENCE_S) == 0
    assert result["event"] == "result"
    assert result["details"]["stopped"]
    assert result["ops"] < result["details"]["ops_asked"]
    assert group_of(leader) == []


def test_the_end_of_input_before_go() -> None:
    with controlled(LOADS["udp"]) as process:
        load = Controlled(process)
        load.hang_up()
        assert process.wait(PATIENCE_S) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""
    assert group_of(int(load.ready["pid"])) == []


def test_stop_is_the_same_while_the_caller_lives() -> None:
    with controlled_load("udp", "--ops", FOREVER) as load:
        start(load)
        load.say("stop")
        result = load.listen()
        assert 0 < result["ops"] == result["latency"]["count"] < FOREVER
        assert load.process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("name", LOADS)
def test_kill_9_of_the_supervisor_ends_everything(name: str) -> None:
    with controlled(LOADS[name]) as process:
        leader = start(Controlled(process))
        process.kill()
        process.wait()
        wait_until_gone(leader)


@pytest.mark.parametrize("name", ["shells", "command"])
def test_kill_9_of_the_leader_is_told_and_ends_everything(name: str) -> None:
    with controlled(LOADS[name]) as process:
        load = Controlled(process)
        leader = start(load)
        os.kill(leader, signal.SIGKILL)
        told = load.listen()
        assert process.wait(PATIENCE_S) == 3
        wait_until_gone(leader)
    assert told["event"] == "error"
    assert told["exit_code"] == 3


def test_kill_9_of_one_worker_is_told() -> None:
    with controlled_load("udp", "--ops", 200_000, "--workers", 2) as load:
        leader = start(load, 0.05)
        os.kill(load.ready["acting_pids"][1], signal.SIGKILL)
        os.kill(leader, 0)
        told = load.listen()
        assert (told["event"], told["exit_code"]) == ("error", 3)
        wait_until_gone(leader)


def test_kill_9_of_a_waiting_worker_is_told() -> None:
    with controlled_load("udp", "--ops", 5) as load:
        os.kill(load.ready["pid"], signal.SIGKILL)
        assert load.listen()["event"] == "error"
        assert load.process.wait(PATIENCE_S) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_what_there_is(number: signal.Signals) -> None:
    words = load_command("udp", "--ops", FOREVER)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        time.sleep(0.5)
        process.send_signal(number)
        output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 5
    assert errors == b""
    assert 0 < json.loads(output)["ops"] < FOREVER


def test_a_terminal_interrupt_does_not_reach_the_workers_first() -> None:
    """Ctrl-C goes to the foreground group; the load has one of its own."""
    words = load_command("udp", "--ops", FOREVER)
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0
    ) as process:
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE_S)
    assert json.loads(output)["details"]["stopped"]


def test_what_a_command_leaves_behind_is_ended(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f"setsid sh -c 'echo $$ > {note}; exec sleep 1000' & sleep 0.2"
    words = load_command("command", "--ops", 1, "--", "sh", "-c", script)
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    assert json.loads(done.stdout)["details"]["leftovers_killed"] == 1
    assert not Path(f"/proc/{note.read_text().strip()}").exists()


def test_the_death_of_the_caller_is_enough(tmp_path: Path) -> None:
    """The caller dies, and somebody else still holds the other end of the load's input."""
    words = load_command(*words_with_control(LOADS["shells"]))
    keeper, kept = os.pipe()
    script = 'exec 3<&0; "$@" <&3 & sleep 0.7; kill -9 $$'
    ready = tmp_path / "ready"
    with ready.open("w") as output:
        caller = subprocess.Popen(["sh", "-c", script, "sh", *words], stdin=keeper, stdout=output)
        os.write(kept, b"go\n")
        caller.wait()
    leader = json.loads(ready.read_text().splitlines()[0])["pid"]
    wait_until_gone(leader)
    os.close(keeper)
    os.close(kept)


def test_no_reader_is_no_crash() -> None:
    words = load_command("udp", "--ops", 200_000)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE_S) == 0
