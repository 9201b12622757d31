"""Looking where processes sleep, on a made-up /proc."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harness.run.trials.backlog_watch import BacklogWatch, watched
from tests.support.waiting import wait_until

S = 1_000_000_000


def process(proc: Path, pid: int, sleeps_in: str) -> Path:
    (proc / str(pid)).mkdir(parents=True)
    path = proc / str(pid) / "wchan"
    path.write_text(sleeps_in, encoding="ascii")
    return path


def test_what_was_seen_holds_half_way_to_the_next_look() -> None:
    watch = BacklogWatch(1, [0, 2 * S, 4 * S, 10 * S], [0, 1, 0, 0])
    assert watch.share(0, 10 * S) == pytest.approx(0.2)
    assert watch.share(S, 3 * S) == pytest.approx(1.0)
    assert watch.share(2 * S, 4 * S) == pytest.approx(0.5)
    assert watch.share(4 * S, 10 * S) == 0.0
    assert watch.share(-2 * S, 2 * S) == pytest.approx(0.25)
    assert watch.share(3 * S, 40 * S) == 0.0


def test_several_processes_share_the_time() -> None:
    assert BacklogWatch(2, [0, S, 2 * S], [1, 2, 0]).share(0, 2 * S) == pytest.approx(0.625)


def test_what_was_never_looked_at_is_not_known() -> None:
    assert BacklogWatch(1, [0, 2 * S], [1, 1]).share(S // 2, S) is None
    assert BacklogWatch(1, [0, S], [1, 1]).share(S, S) is None
    assert BacklogWatch(0, [0, S], [0, 0]).share(0, S) is None
    assert BacklogWatch(1).share(0, S) is None


def test_it_sees_when_the_waiting_begins(tmp_path: Path) -> None:
    path = process(tmp_path, 7, "hrtimer_nanosleep")
    process(tmp_path, 8, "do_wait")
    with watched([7, 8, 9], tmp_path) as watch:
        wait_until(lambda: len(watch.moments_ns) > 2, "looked at")
        began = time.monotonic_ns()
        path.write_text("audit_log_start", encoding="ascii")
        wait_until(lambda: sum(watch.waiting) > 2, "seen to wait")
    assert watch.processes == 2
    assert watch.waiting[0] == 0
    assert max(watch.waiting) == 1
    first = watch.waiting.index(1)
    assert watch.moments_ns[first] >= began - S
    assert 0 < (watch.share(watch.moments_ns[first], watch.moments_ns[-1]) or 0) <= 0.5
