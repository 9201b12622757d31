"""Which rules of a run its loads can match, and the login uid that the loads have.

Both are settled before anything is measured, and stored with the plan.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from harness.model.numbers import Count

LOGIN_WARNING = "the load ran with auid "
"""Begins the warning of a trial whose login uid is not the one that its caller has."""


class RuleMatches(msgspec.Struct, frozen=True, kw_only=True):
    """How many rules of one scenario the loads of a run can match.

    `file` is the rule file of the user's, empty for built-in rules. `can_match` are the rules that
    some workload can match, `by_workload` those that each can; `recording` are those of all rules
    that make events; `withholding` those that can match and keep events back, by workload.
    `hindered` counts the other rules by what hinders them, as `kernel.rules.can_match` calls it.
    """

    scenario: str
    rules: Count
    can_match: Count
    recording: Count
    file: str = ""
    by_workload: dict[str, Count] = {}
    withholding: dict[str, Count] = {}
    hindered: dict[str, Count] = {}


LoginBasis = Literal["caller", "chosen", "asked", "fixed"]


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """The login uid of every load of a run, the reference's included; 4294967295 is unset.

    `basis` is why: it is the caller's and no other is matched by more rules; it was chosen because
    more rules can match it; it was asked for; or the kernel does not let another be set, `hinders`
    says why. `rules` are the rules that make events and can match under it, `caller_rules` those
    under the caller's, `best` another one with more of them, `best_rules`. `remark` is what is
    remarkable about the caller's, where the loads have that.
    """

    auid: Count
    caller: Count
    basis: LoginBasis
    hinders: str = ""
    rules: Count = 0
    caller_rules: Count = 0
    best: Count | None = None
    best_rules: Count = 0
    remark: str = ""
