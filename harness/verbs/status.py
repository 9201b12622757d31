"""`auditbench status`: the kernel's audit state, and who holds it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.errors import EXIT_FINE
from harness.verbs.shared.parameters import Json, To


def status_verb(*, to: To = None, json: Json = False) -> int:
    """Show the kernel's audit state and who holds it.

    Parameters
    ----------
    to
        Write the state as json=FILE, or print it as json.
    """
    from harness.kernel.client import AuditClient
    from harness.kernel.rules.format import format_rule
    from harness.kernel.rules.rule import Rule
    from harness.plain import plain
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import out

    forms = Forms(("json",), to, json=json)
    with AuditClient() as client:
        status, features, payloads = client.status(), client.features(), client.list_rules()
    rules = [format_rule(Rule.from_bytes(payload)) for payload in payloads]
    holder = _holder()
    document: dict[str, Any] = {
        "schema": "auditbench.status/1",
        "status": asdict(status),
        "features": features.names() if features is not None else None,
        "rules": rules,
        "held_by": holder,
    }
    lines = [f"{name} {value}" for name, value in document["status"].items() if name != "mask"]
    lines += [f"{name} {value}" for name, value in (document["features"] or {}).items()]
    lines += rules or ["No rules"]
    lines.append(f"held by {holder}" if holder else "not held by auditbench")
    forms.deliver(
        lambda: out().print("\n".join(map(plain, lines)), markup=False, soft_wrap=True),
        lambda: document,
    )
    return EXIT_FINE


def _holder() -> str | None:
    """The run that borrows the host's audit now, in words."""
    from harness.kernel.lease.lock import read_holder
    from harness.kernel.lease.state_dir import DEFAULT_STATE_DIR, StateDir
    from harness.processes.identity import is_alive

    holder = read_holder(StateDir(DEFAULT_STATE_DIR).lock)
    return holder.describe() if holder is not None and is_alive(holder.process) else None
