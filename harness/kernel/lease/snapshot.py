"""The kernel's audit state before a run changes it, as a value and as a file.

It reads the kernel; reading the file is `file.py`'s business, giving back `restore.py`'s. The
file is JSON: numbers by name, rules as hexadecimal payloads in the order in which the kernel lists
them.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from harness.kernel.client import AuditClient
from harness.kernel.lease.state_dir import write_durably
from harness.kernel.rules.describe import describe_rule
from harness.processes.identity import PROC, ProcessId, identify

SCHEMA: Final = "auditbench.lease/1"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The host's audit state as far as a run changes it.

    `settings` are those of `AuditStatus.settings()`; `features` and `feature_lock` are the
    words of struct audit_features, None where the kernel has none; `rules` are payloads as
    listed.
    """

    settings: Mapping[str, int]
    features: int | None
    feature_lock: int | None
    rules: tuple[bytes, ...]
    rules_known: bool = True
    """False if they are missing from a damaged record: then they are neither compared nor changed.
    """

    @classmethod
    def capture(cls, client: AuditClient) -> Snapshot:
        """Read the state from the kernel."""
        features = client.features()
        return cls(
            settings=client.status().settings(),
            features=features.features if features else None,
            feature_lock=features.lock if features else None,
            rules=tuple(client.list_rules()),
        )


def differences(now: Snapshot, wanted: Snapshot) -> list[str]:
    """The differences of `now` from `wanted`, in words. Feature locks do not count."""
    found = [
        f"{name} is {now.settings[name]} instead of {value}"
        for name, value in wanted.settings.items()
        if name in now.settings and now.settings[name] != value
    ]
    if now.features != wanted.features and None not in (now.features, wanted.features):
        found.append(f"features are {now.features:#x} instead of {wanted.features:#x}")
    return [*found, *_rule_differences(now, wanted)] if wanted.rules_known else found


def _rule_differences(now: Snapshot, wanted: Snapshot) -> list[str]:
    there, right = set(now.rules), set(wanted.rules)
    missing = [rule for rule in wanted.rules if rule not in there]
    extra = [rule for rule in now.rules if rule not in right]
    found = [f"{describe_rule(rule)} is missing" for rule in missing]
    found += [f"{describe_rule(rule)} is not from before" for rule in extra]
    if now.rules != wanted.rules and not missing and not extra:
        found.append("the rules are in another order or number")
    return found


@dataclass(frozen=True, slots=True)
class BorrowedDaemon:
    """An audit daemon that was asked to stop, with everything needed to start it again.

    `unit` is its systemd unit, None where systemd does not run it; `umask` and
    `oom_score_adj` are those it ran with.
    """

    process: ProcessId
    executable: str
    command: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    unit: str | None
    umask: int
    oom_score_adj: int

    def describe(self) -> str:
        """For a message: its unit, or its command line."""
        return self.unit or " ".join(self.command)


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """The content of lease.json: the snapshot, the holder of the host's audit, and since when.

    `token` marks, in the environment, the processes that the holder started. `problems` is
    empty except in the file that is kept when something could not be restored; `damage` is
    empty unless the file was damaged, and names the parts that cannot be used.
    """

    boot_id: str
    token: str
    command: str
    holder: ProcessId
    taken_at: str
    snapshot: Snapshot
    daemon: BorrowedDaemon | None = None
    problems: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()

    @classmethod
    def take(cls, client: AuditClient, command: str) -> LeaseRecord:
        """Capture the state for a lease held by this process."""
        holder = identify(os.getpid())
        return cls(
            boot_id=read_boot_id(),
            token=secrets.token_hex(8),
            command=command,
            holder=holder or ProcessId(os.getpid(), 0),
            taken_at=datetime.now().astimezone().isoformat(timespec="seconds"),
            snapshot=Snapshot.capture(client),
        )

    def save(self, path: Path) -> None:
        """Write the record so that it survives a crash; HostUnfitError if that fails."""
        document = {"schema": SCHEMA, **asdict(self)}
        document["snapshot"]["rules"] = [rule.hex() for rule in self.snapshot.rules]
        del document["damage"], document["snapshot"]["rules_known"]
        write_durably(path, json.dumps(document, indent=1).encode() + b"\n")

    def with_problems(self, problems: tuple[str, ...]) -> LeaseRecord:
        """The same record with what could not be restored."""
        return replace(self, problems=problems)

    def with_damage(self, damage: tuple[str, ...]) -> LeaseRecord:
        """The same record with the parts of its file that cannot be used."""
        return replace(self, damage=damage)


def read_boot_id(proc: Path = PROC) -> str:
    """The kernel's identity of this boot."""
    return (proc / "sys/kernel/random/boot_id").read_text().strip()
