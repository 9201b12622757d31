"""Parts of a search for the capacity on the live kernel: what a consumer does not take in time is
seen, however large the backlog is; and a search that is stopped gives the host back.

The consumer is `tests/fakes/own_consumer.py`, which takes no more than a few events per second.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import jsonschema
import pytest

from harness.answers.searches.capacity import Pair, rate_trial
from harness.kernel.client import AuditClient
from harness.kernel.lease.lease import take_lease
from harness.model.run import Sample
from harness.model.searches.capacity import RATE
from harness.run.capacity.blocks import CapacityBlocks
from harness.run.capacity.plan import capacity_plan
from harness.run.trials.trial import Bench, run_trial
from harness.store import SAMPLES
from tests.support.command import ROOT, auditbench, start_auditbench
from tests.support.patience import PATIENCE_S
from tests.support.requests import asked
from tests.support.stand_ins import make_stand_in
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kernel]
SCHEMA = json.loads((ROOT / "docs/schema/capacity.schema.json").read_text(encoding="utf-8"))
TAKEN = 300
"""Events per second: far less than any host can do, so that a busy one can, too."""


def tried(folder: Path, backlog: int, *rates: int) -> list[Sample]:
    """A second at each of the rates."""
    program = make_stand_in(folder, "own_consumer")
    request = asked(consumer_commands=(f"slow={program} --per-second {TAKEN}",))
    plan = capacity_plan(request, backlog=backlog, retrial_s=0.0)
    assert plan.capacity is not None
    search = CapacityBlocks(plan, plan.capacity)
    pair = Pair.of((), plan.capacity, "rules", "slow")
    samples = []
    with take_lease(command="test of a capacity") as lease, AuditClient() as client:
        bench = Bench(
            plan=plan,
            lease=lease,
            client=client,
            consumers={"slow": plan.consumer("slow")},
            cpus={},
            trial_timeout_s=PATIENCE_S,
            folder=folder,
        )
        for rate in rates:
            (trial,) = search.block([search.at_rate(pair, RATE, rate, 1.0)])
            bench.plan = search.plan
            samples.append(run_trial(bench, trial))
    return samples


@pytest.mark.parametrize("backlog", [512, 32_768])
@pytest.mark.usefixtures("audit_host")
def test_what_is_queued_when_the_load_ends_was_not_forwarded(tmp_path: Path, backlog: int) -> None:
    few, many = tried(tmp_path, backlog, TAKEN // 3, TAKEN * 3)
    assert (few.invalid_reason, many.invalid_reason) == ("", "")
    assert rate_trial(TAKEN // 3, few).lost == 0
    trial = rate_trial(TAKEN * 3, many)
    # It takes 300 of 900 in a second; less where it did not get the CPU in time.
    assert trial.missing > trial.offered // 3
    assert trial.forwarded_per_s < TAKEN * 1.1
    assert not many.ledger.unexplained


def lines_of(place: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in place.glob(f"results/*/*/{SAMPLES}"))


def test_a_search_that_is_stopped_gives_the_host_back(
    audit_host: AuditClient, tmp_path: Path
) -> None:
    before = audit_host.status()
    process = start_auditbench("capacity", "--no-live", cwd=tmp_path)
    try:
        wait_until(lambda: lines_of(tmp_path) >= 1, "a trial")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 5
    finally:
        process.kill()
        process.communicate()
    now = audit_host.status()
    assert (now.backlog_limit, now.enabled) == (before.backlog_limit, before.enabled)
    done = auditbench("show", "--json", cwd=tmp_path)
    assert done.returncode == 3
    document = json.loads(done.stdout)
    jsonschema.validate(document, SCHEMA)
    (found,) = document["found"]
    assert (found["outcome"], document["complete"]) == ("open", False)
    assert found["records_per_op"] == pytest.approx(4, abs=0.01)
    assert found["fastest_per_s"] > 0
