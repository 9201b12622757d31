"""The timeline of a trial: peaks survive thinning, and only the consumer's sockets count."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness.host.tree import HostTree
from harness.metrics.timeline import MOST_MOMENTS, Timeline
from harness.model.run import Moment
from harness.store import SAMPLES, load_run
from tests.support.runs import made_up_run

HEADER = "sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode\n"


@dataclass(frozen=True)
class Queue:
    backlog: int
    lost: int


def host(tmp_path: Path, *rows: str) -> HostTree:
    table = tmp_path / "proc/net/netlink"
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return HostTree(tmp_path)


def test_lost_counts_from_the_start(tmp_path: Path) -> None:
    timeline = Timeline(Queue(1, 1000), (), host(tmp_path))
    timeline.add(Queue(5, 1010))
    assert [moment[1:] for moment in timeline.end(Queue(0, 1012))] == [
        (1, 0, None),
        (5, 10, None),
        (0, 12, None),
    ]


def test_only_the_audit_sockets_of_the_consumer_count(tmp_path: Path) -> None:
    tree = host(
        tmp_path,
        "0 9 0 00000000 999 0 0 2 0 1",  # the kernel's own
        "0 9 70 00000000 1000 0 0 2 0 2",
        "0 9 71 00000001 200 0 0 2 0 3",
        "0 9 80 00000000 40 0 0 2 0 4",  # somebody else's
        "0 0 70 00000000 5 0 0 2 0 5",  # not of audit
    )
    assert [m.unread_bytes for m in Timeline(Queue(0, 0), (70, 71), tree).end(Queue(0, 0))] == [
        1200,
        1200,
    ]


def test_thinning_is_bounded_and_keeps_peaks_ends_and_order(tmp_path: Path) -> None:
    timeline = Timeline(Queue(0, 0), (), host(tmp_path))
    looks = 7 * MOST_MOMENTS + 3
    for look in range(1, looks):
        timeline.add(Queue(9999 if look in (5, 777) else look % 10, look))
    moments = timeline.end(Queue(0, looks))
    assert MOST_MOMENTS // 2 < len(moments) <= MOST_MOMENTS
    assert sum(moment.backlog == 9999 for moment in moments) == 2
    assert (moments[0].lost, moments[-1].lost) == (0, looks)
    assert [m.lost for m in moments] == sorted(m.lost for m in moments)
    assert [m.t_ms for m in moments] == sorted(m.t_ms for m in moments)


def test_a_timeline_is_stored_as_lists_and_an_old_line_has_none(tmp_path: Path) -> None:
    folder = made_up_run(tmp_path / "run", blocks=1).folder
    path = folder / SAMPLES
    first, _, *rest = path.read_text().splitlines(keepends=True)
    old = json.loads(first)
    del old["timeline"]
    sample = load_run(folder).samples[1]
    kept = replace(sample, timeline=(Moment(0, 1, 2), Moment(250, 3, 4, 5)))
    line = json.dumps(asdict(kept))
    assert '"timeline": [[0, 1, 2, null], [250, 3, 4, 5]]' in line
    path.write_text("".join((json.dumps(old) + "\n", line + "\n", *rest)))
    samples = load_run(folder).samples
    assert samples[0].timeline == ()
    assert samples[1] == kept
    assert isinstance(samples[1].timeline[1], Moment)
