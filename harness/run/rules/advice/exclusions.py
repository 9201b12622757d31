"""Exclusions in front of the rules: of a program, an LSM's domain or a user, each of some calls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from consumer.text.archs import syscall_name
from harness.counted import counted
from harness.kernel.rules.fields import UNSET, Action, Field, FilterList, Operator
from harness.kernel.rules.rule import Rule, RuleField, mask_of
from harness.model.rules.advice import Kind, Proposal
from harness.run.rules.advice.lines import line_of
from harness.run.rules.advice.logged import ARCH, Logged, Shape

LEAST_OF_GROUP: Final = 0.05
"""A call that makes less than this share of a group's events stays recorded."""
_SELINUX = re.compile(rb"[^:\s()/]+:[^:\s()/]+:([^:\s()/]+)(?::\S+)?")
_MODES = rb"enforce|complain|kill|unconfined|user|mixed|prompt"
_APPARMOR = re.compile(rb"([^:\s]\S*) \((?:" + _MODES + rb")\)")
_UNCONFINED = frozenset(
    {b"unconfined", b"unconfined_t", b"unconfined_service_t", b"initrc_t", b"kernel_t"}
)
"""Domains of whatever has none of its own."""
_ROOT: Final = 0
_INTERPRETERS = re.compile(
    rb"(?:(?:ba|da|k|z|c|tc|fi)?sh|busybox|python|perl|ruby|node|php|java|lua|tclsh|awk|[gm]awk"
    rb"|pwsh|Rscript)[\d.]*"
)
ANYTHING: Final = "it is a shell or an interpreter: whatever it runs is no longer seen"


@dataclass(frozen=True, slots=True)
class _Whom:
    """Whose calls are left out: in words, and as conditions."""

    kind: Kind
    name: str
    conditions: tuple[RuleField, ...]
    scope: str
    notes: tuple[str, ...] = ()


def exclusions(logged: Logged) -> Iterator[Proposal]:
    """What to leave out, the narrowest first: programs, then of the rest domains, then users."""
    whose: tuple[Callable[[Shape], _Whom | None], ...] = (_program, _domain, _user)
    for of in whose:
        for whom, places in logged.groups(of):
            if logged.is_noise(logged.free(places)):
                proposal = _exclusion(logged, whom, places)
                if proposal is not None:
                    yield proposal


def _exclusion(logged: Logged, whom: _Whom, places: Sequence[int]) -> Proposal | None:
    calls: Counter[int] = Counter()
    free = logged.free(places)
    for place in free:
        calls[logged.shapes[place]["number"]] += logged.shapes[place]["events"]
    least = LEAST_OF_GROUP * sum(calls.values())
    noisy = sorted(call for call, events in calls.items() if events >= least)
    arch = RuleField(Field.ARCH, Operator.EQUAL, ARCH)
    rule = Rule(FilterList.EXIT, Action.NEVER, mask_of(noisy), (arch, *whom.conditions))
    line = line_of(rule)
    if line is None:
        return None
    gone = [place for place in places if logged.shapes[place]["number"] in noisy]
    names = ", ".join(syscall_name(ARCH, call) or str(call) for call in noisy)
    total = counted(logged.events, "event")
    proposal = Proposal(
        kind=whom.kind,
        reason=f"{whom.name} makes {logged.saving(gone).events:,} of {total} by {names}",
        lines=(),
        old=(),
        new=(line,),
        goes_blind=f"{names} of {whom.name}, {whom.scope}",
        notes=whom.notes,
    )
    return logged.claimed(proposal, gone)


def _equal(field: Field, value: int | bytes) -> RuleField:
    return RuleField(field, Operator.EQUAL, value)


def _program(shape: Shape) -> _Whom | None:
    program: bytes = shape["exe"] or b""
    if not program.startswith(b"/"):
        return None
    return _Whom(
        "exclusion",
        program.decode("utf-8", "backslashreplace"),
        (_equal(Field.EXE, program),),
        "by whoever runs it and for whatever purpose",
        (ANYTHING,) if _INTERPRETERS.fullmatch(program.rpartition(b"/")[2]) else (),
    )


def domain_of(subject: bytes) -> tuple[Field, bytes] | None:
    """The field by which a rule asks for the domain of a context, and its value; None for none.

    SELinux is asked for the type, AppArmor for the profile, which it takes as a role. Source:
    security/apparmor/audit.c, aa_audit_rule_init().
    """
    if found := _SELINUX.fullmatch(subject):
        return None if found[1] in _UNCONFINED else (Field.SUBJ_TYPE, found[1])
    if found := _APPARMOR.fullmatch(subject):
        return None if found[1] in _UNCONFINED else (Field.SUBJ_ROLE, found[1])
    return None


def _domain(shape: Shape) -> _Whom | None:
    asked = domain_of(shape["subj"] or b"")
    if asked is None:
        return None
    field, value = asked
    name = value.decode("utf-8", "backslashreplace")
    is_profile = field == Field.SUBJ_ROLE
    note = (
        "the kernel refuses the rule where AppArmor has no such profile loaded"
        if is_profile
        else "where SELinux is not active the rule is loaded and leaves nothing out"
    )
    return _Whom(
        "domain",
        f"the {'AppArmor profile' if is_profile else 'SELinux domain'} {name}",
        (_equal(field, value),),
        "whatever program of it makes them",
        (note,),
    )


def _user(shape: Shape) -> _Whom | None:
    """A login by the uid that it has now, or a service by its uid; never what root does."""
    auid, uid = shape["auid"], shape["uid"]
    if auid is None or uid in (None, _ROOT):
        return None
    name = f"uid {uid} without a login" if auid == UNSET else f"login uid {auid} as uid {uid}"
    return _Whom(
        "user",
        name,
        (_equal(Field.LOGINUID, auid), _equal(Field.UID, uid)),
        "by whatever program, set-user-ID programs included",
    )


def domains_sentence(logged: Logged) -> str:
    """How far rules can ask for the domains of this log."""
    subjects: Counter[str] = Counter()
    for shape in logged.shapes:
        subject = shape["subj"] or b""
        if domain_of(subject) is not None:
            known = "SELinux" if _SELINUX.fullmatch(subject) else "AppArmor"
        else:
            known = "none" if subject else ""
        subjects[known] += shape["events"]
    if not subjects or set(subjects) == {""}:
        return "No domain can be asked for: the log has no subj=, as no LSM labels processes."
    asked = {
        "SELinux": "of SELinux domains, which rules ask for by subj_type=",
        "AppArmor": "of AppArmor profiles, which rules can ask for by subj_role= only",
        "none": "of unconfined processes or another LSM, which rules are not proposed to ask for",
        "": "without subj=",
    }
    parts = [f"{counted(subjects[kind], 'event')} {words}" for kind, words in asked.items()
             if subjects[kind]]  # fmt: skip
    return f"Domains: {'; '.join(parts)}."
