"""Where and how a stored run was measured."""

from __future__ import annotations

import msgspec

from harness.model.caution import Caution
from harness.model.numbers import Count
from harness.model.stored.base import Stored
from harness.model.stored.facts import StoredFacts


class StoredAuditBefore(msgspec.Struct, frozen=True):
    """The audit state of the host that a run borrowed, and gave back."""

    settings: dict[str, int] = msgspec.field(default_factory=dict)
    features: int | None = None
    rules: tuple[str, ...] = ()


class StoredProgram(msgspec.Struct, frozen=True):
    """The program of a foreign consumer."""

    path: str = ""
    version: str = ""


class StoredEverEnabled(msgspec.Struct, frozen=True):
    state: str = ""


class StoredGuest(msgspec.Struct, frozen=True):
    """One kernel of a counted run; `source` is where its image came from.

    `name` is what the samples call it: its release, where no other kernel of the run has the same.
    `machine` is the guest's kind, as `uname -m` has it.
    """

    name: str = ""
    kernel: str = ""
    kernel_version: str = ""
    sha256: str = ""
    source: str = ""
    emulator: str = ""
    machine: str = "x86_64"


class StoredEnvironment(Stored, frozen=True, kw_only=True):
    """What the numbers depend on and the plan does not say."""

    auditbench: str = ""
    """The version that measured."""
    python: str = ""
    label: str = ""
    started_at: str = ""
    resumed_at: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    facts: StoredFacts = StoredFacts()
    cpus: dict[str, tuple[Count, ...]] = msgspec.field(default_factory=dict)
    ever_enabled: StoredEverEnabled | None = None
    audit_before: StoredAuditBefore | None = None
    consumers: dict[str, StoredProgram] = msgspec.field(default_factory=dict)
    guests: tuple[StoredGuest, ...] = ()
    """Empty for a run of this host's own kernel."""
    cautions: tuple[Caution, ...] = ()


class PlanName(msgspec.Struct, frozen=True):
    """What is read of a plan to find a run, which may be damaged in another place."""

    name: str = ""
    instrument: str = "timed"


class _Machine(msgspec.Struct, frozen=True):
    machine: str


class MachineName(msgspec.Struct, frozen=True):
    """The same of an environment."""

    facts: _Machine
