"""The login uid of a run: one for all cells, the reference's too, settled before any is measured.

The one under which most rules can match, unless the user decides; the caller's if no other is
better. Where the kernel lets none be set, the caller's, and that is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.kernel.messages import FEATURE_NAMES
from harness.kernel.rules.fields import UNSET
from harness.model.matching import Login, LoginBasis
from harness.run.plan.matching import PlanRules
from harness.run.plan.plan import Plan
from workloads.running.session import caller_loginuid, kept_loginuid

KEEP = "keep"
UNSET_WORD = "unset"


@dataclass(frozen=True, slots=True)
class LoginRights:
    """What this process may do with login uids.

    `kept` is the login uid of a load that keeps the caller's; `hinders` is empty, or why the kernel
    lets no other be set; `remark` is empty, or why `kept` is not what the caller has.
    """

    kept: int
    hinders: str = ""
    remark: str = ""


def read_login_rights(features: int | None, *, can_control: bool) -> LoginRights:
    """From the kernel's audit features (None: it has none) and CAP_AUDIT_CONTROL."""
    if caller_loginuid() == UNSET:
        # Anybody may set a login uid that is unset.
        kept, remark = kept_loginuid()
        return LoginRights(kept, remark=remark or "")
    on = [name for bit, name in FEATURE_NAMES.items() if (features or 0) & bit]
    why = [*on, *([] if can_control else ["no CAP_AUDIT_CONTROL"])]
    return LoginRights(caller_loginuid(), " and ".join(why))


def settle_login(plan: Plan, rights: LoginRights) -> Plan:
    """The plan with its login uid, and with what its rules can match under it."""
    rules = PlanRules(plan)
    login = _settled(plan, rights, rules)
    auid = plan.auid
    if login.basis == "chosen":
        auid = UNSET_WORD if login.auid == UNSET else str(login.auid)
    return replace(plan, auid=auid, login=login, matching=tuple(rules.matches(login.auid)))


def _settled(plan: Plan, rights: LoginRights, rules: PlanRules) -> Login:
    kept = rights.kept
    wanted = best_auid(rules, kept) if plan.auid_free else _number(plan.auid, kept)
    fixed = bool(rights.hinders) and wanted != kept
    auid = kept if fixed else wanted
    of_choice: LoginBasis = "caller" if auid == kept else "chosen"
    return Login(
        auid=auid,
        caller=kept,
        basis="fixed" if fixed else of_choice if plan.auid_free else "asked",
        hinders=rights.hinders if fixed else "",
        rules=rules.score(auid),
        caller_rules=rules.score(kept),
        best=wanted if fixed else None,
        best_rules=rules.score(wanted) if fixed else 0,
        remark=rights.remark if auid == kept else "",
    )


def best_auid(rules: PlanRules, kept: int) -> int:
    """The login uid under which most rules can match: `kept` if none is better, else the least."""
    best, most = kept, rules.score(kept)
    for candidate in rules.candidates():
        if (score := rules.score(candidate)) > most:
            best, most = candidate, score
    return best


def _number(auid: str, kept: int) -> int:
    """The login uid that a load gets with this word of `--auid`."""
    if auid == KEEP:
        return kept
    return UNSET if auid == UNSET_WORD else int(auid)
