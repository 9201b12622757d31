"""The ledger finds the truth of simulated kernels that drop at every stage."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.ledger import close_ledger
from harness.analysis.ledger_others import strays_of
from harness.metrics.audit import AuditDelta
from harness.model.run import Ledger
from harness.run.trials.metrics import Circumstances, evidence_of
from harness.run.trials.said import consumer_said
from tests.support.queues import OWN, Queues

probability = st.one_of(st.just(0.0), st.floats(0.001, 0.05), st.floats(0.05, 0.999))


def kernels(most_at_once: int, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Queues]:
    """Kernels that drop with any probability at each stage."""
    return st.builds(
        Queues,
        seed=st.integers(0, 2**32),
        size=st.integers(1, 9),
        backlog=probability,
        rate=probability,
        multicast=st.booleans(),
        socket=probability,
        burst=st.integers(1, most_at_once),
        **more,
    )


dropping = kernels(400, straggle=probability)


def ledger_of(
    kernel: Queues,
    sent: int,
    demanded: int | None,
    changes: dict[str, Any] | None = None,
    *,
    scoped: bool = True,
) -> Ledger:
    delta = AuditDelta(lost=kernel.lost, waited_jiffies=0, waited_ms=0.0)
    circumstances = Circumstances(
        session=OWN,
        demanded=demanded,
        backlog_limit=64,
        rate_limit=int(kernel.rate > 0),
        markers_sent=sent,
        scoped=scoped,
    )
    return close_ledger(
        evidence_of(
            consumer_said(kernel.consumer_document() | (changes or {})), delta, circumstances
        )
    )


@given(dropping, st.integers(0, 300))
def test_every_term_is_the_truth(kernel: Queues, operations: int) -> None:
    kernel.load(operations)
    ledger = ledger_of(kernel, kernel.drain(), operations)
    found = {name: getattr(ledger, name) for name in kernel.truth}
    assert found == kernel.truth
    assert (ledger.unexplained, ledger.foreign_lost) == (0, 0)
    assert ledger.generated == operations
    assert ledger.refused_low is not None
    assert ledger.refused_high is not None
    assert ledger.refused_low <= kernel.truth["refused"] <= ledger.refused_high
    assert ledger.duplicate_records == kernel.duplicates
    named = [serial for serial in kernel.stragglers if 0 in kernel.received[serial][1]]
    assert ledger.after_marker_events == len(named)
    # The other way to the vanished: the truth, and the markers that did not come back.
    drops = kernel.socket_drops or kernel.rate
    lost_markers = ledger.markers_missing if drops else 0
    assert ledger.serial_gaps == kernel.truth["vanished"] + (lost_markers or 0)


@given(st.integers(0, 2**32), probability, st.integers(1, 50), st.booleans())
def test_events_too_many_are_seen(seed: int, backlog: float, events: int, scoped: bool) -> None:
    """Where nothing but the backlog drops, both sides are exact: the ledger can be wrong."""
    kernel = Queues(seed=seed, backlog=backlog)
    kernel.load(200)
    ledger = ledger_of(kernel, kernel.drain(), 200 + events, scoped=scoped)
    assert (ledger.unexplained, ledger.foreign_lost) == (events, 0)


@given(st.integers(0, 2**32), probability, st.integers(1, 50), st.booleans())
def test_events_too_few_are_seen(seed: int, backlog: float, events: int, scoped: bool) -> None:
    """What others can have lost is no contradiction, but shows; what nobody can is one."""
    kernel = Queues(seed=seed, backlog=backlog)
    kernel.load(200)
    ledger = ledger_of(kernel, kernel.drain(), 200 - events, scoped=scoped)
    refused = kernel.truth["refused"]
    assert ledger.foreign_lost is not None
    assert ledger.unexplained is not None
    assert ledger.foreign_lost - ledger.unexplained == events
    assert ledger.unexplained <= min(refused - events, 0)
    if not scoped:
        assert ledger.foreign_lost == min(refused, events)
    else:
        received = (ledger.complete or 0) + (ledger.partial or 0)
        strays = strays_of(ledger.lost, ledger.foreign_events, received)
        assert ledger.foreign_lost <= strays or ledger.refused == ledger.generated


@given(st.integers(0, 2**32), probability, probability, st.integers(1, 300))
def test_multicast_drops_keep_both_sides_exact(
    seed: int, backlog: float, socket: float, burst: int
) -> None:
    """Every drop of a multicast socket is counted, so that a hidden serial is seen."""
    kernel = Queues(seed=seed, backlog=backlog, multicast=True, socket=socket, burst=burst)
    kernel.load(200)
    sent = kernel.drain()
    document = kernel.consumer_document()
    ledger = ledger_of(kernel, sent, 200)
    hidden = {"serials": {"gaps": document["serials"]["gaps"] + 40}}
    wrong = ledger_of(kernel, sent, 200, hidden)
    assert ledger.unexplained == 0
    received = (ledger.complete or 0) + (ledger.partial or 0)
    # Where few events arrived and many of them were others', others may have lost the hidden ones.
    if strays_of(ledger.lost, ledger.foreign_events, received) < 40:
        assert wrong.unexplained or sent != 2 or not ledger.complete


@given(
    kernels(100, everyone=st.just(True), company=st.floats(0.0, 1.0)),
    st.integers(0, 200),
)
def test_what_others_lose_is_a_bound_and_no_contradiction(kernel: Queues, operations: int) -> None:
    """However many records their events have, and at whatever stage they are dropped."""
    kernel.load(operations)
    ledger = ledger_of(kernel, kernel.drain(), operations, scoped=False)
    terms = {name: getattr(ledger, name) for name in kernel.truth}
    missing = ledger.markers_missing or 0
    assert ledger.unexplained == 0
    assert sum(terms.values()) == ledger.generated == operations
    assert min(terms.values()) >= 0
    for name, truth in kernel.truth.items():
        assert abs(terms[name] - truth) <= kernel.foreign_hit + missing, name
    if not kernel.foreign_hit:
        assert ledger.foreign_lost == 0
    assert ledger.refused_low is not None
    assert ledger.refused_high is not None
    assert ledger.refused_low <= terms["refused"] <= ledger.refused_high


def test_unknown_yield_leaves_unknown_what_depends_on_it() -> None:
    kernel = Queues(seed=1, backlog=0.2)
    kernel.load(300)
    ledger = ledger_of(kernel, kernel.drain(), None)
    assert (ledger.generated, ledger.unexplained) == (None, None)
    assert ledger.refused == kernel.truth["refused"]


def test_what_the_kernel_records_for_nobody_is_foreign() -> None:
    kernel = Queues(seed=2)
    kernel.load(100)
    sent = kernel.drain()
    document = kernel.consumer_document()
    events = document["events"] | {"complete": document["events"]["complete"] + 3}
    ledger = ledger_of(kernel, sent, 100, {"events": events, "records": document["records"] + 3})
    assert (ledger.unexplained, ledger.partial, ledger.unnamed_events) == (0, 0, 0)
    assert ledger.foreign_events == len(kernel.received) + 3 - 100
