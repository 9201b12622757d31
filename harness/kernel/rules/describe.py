"""A rule in words for a message: as auditctl writes it, or else as much as its bytes show."""

from __future__ import annotations

from harness.counted import counted
from harness.kernel.messages import RULE_FIXED_BYTES, RULE_LIST_NAMES, rule_list, with_prepend

_SHOWN_BYTES = 32


def describe_rule(payload: bytes) -> str:
    """``rule `-a always,exit …` ``; its list, strings and first bytes if that fails.

    The formatter is only imported here: the guard must be able to name a rule even when
    neither libaudit nor the disk is available any more.
    """
    try:
        # Here, not above: see the docstring.
        from harness.kernel.rules.format import format_rule  # noqa: PLC0415
        from harness.kernel.rules.rule import Rule  # noqa: PLC0415

        return f"rule `{format_rule(Rule.from_bytes(with_prepend(payload, False)))}`"
    except Exception:  # whatever is wrong with it, the message must get out
        return describe_bytes(payload)


def describe_bytes(payload: bytes) -> str:
    """The list, the strings and the first bytes of a rule. Cannot fail."""
    if len(payload) < RULE_FIXED_BYTES:
        return f"rule of {counted(len(payload), 'byte')} (bytes {payload[:_SHOWN_BYTES].hex()})"
    name = RULE_LIST_NAMES.get(rule_list(payload), "?")
    payload = with_prepend(payload, False)
    strings = payload[RULE_FIXED_BYTES:].decode("utf-8", "backslashreplace")
    text = f" with {strings!r}" if strings else ""
    return f"rule on list {name}{text} (bytes {payload[:_SHOWN_BYTES].hex()}…)"
