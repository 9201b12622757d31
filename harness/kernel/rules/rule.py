"""`Rule`: one audit rule as the kernel stores it, to bytes and back without losing a bit.

`struct audit_rule_data` of `include/uapi/linux/audit.h`: 1040 bytes, then the strings one
after the other. It knows nothing of rule text (`text`, `format`) nor of sockets.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import Self

from harness.counted import counted
from harness.errors import KernelAnswerError, UsageError
from harness.kernel.rules.fields import (
    FIRST_CLASS_BIT,
    KEY_SEPARATOR,
    MASK_BITS,
    MASK_BYTES,
    MASK_WORDS,
    MAX_FIELDS,
    PREPEND,
    STRING_FIELDS,
)

_HEAD = struct.Struct("=III")
_SLOTS = struct.Struct(f"={MAX_FIELDS}I")
"""The mask's words, the fields, the values and the operators: 64 of each."""
_BUFLEN = struct.Struct("=I")
_MASK_AT = _HEAD.size
_FIELDS_AT = _MASK_AT + MASK_BYTES
_VALUES_AT = _FIELDS_AT + _SLOTS.size
_OPERATORS_AT = _VALUES_AT + _SLOTS.size
_BUFLEN_AT = _OPERATORS_AT + _SLOTS.size
FIXED_BYTES = _BUFLEN_AT + _BUFLEN.size
"""1040: the part before the strings."""


@dataclass(frozen=True, slots=True)
class RuleField:
    """One condition: `field op value`.

    `field` and `op` are the kernel's numbers (see `Field`, `Operator`); `value` is a u32, or
    the text itself for the fields in `STRING_FIELDS`.
    """

    field: int
    op: int
    value: int | bytes

    @property
    def number(self) -> int:
        """`value` of a field that holds a number."""
        if isinstance(self.value, int):
            return self.value
        raise TypeError(f"field {self.field} holds text")

    @property
    def text(self) -> bytes:
        """`value` of a field that holds text."""
        if isinstance(self.value, bytes):
            return self.value
        raise TypeError(f"field {self.field} holds a number")


@dataclass(frozen=True, slots=True)
class Rule:
    """One audit rule.

    `filter_list` and `action` are the kernel's numbers; `mask` is the 2048-bit syscall set as it
    is in memory (256 bytes); `prepend` asks for the head of the list and is never set in rules
    that the kernel lists. Raises `UsageError` for values that the structure cannot hold.
    """

    filter_list: int
    action: int
    mask: bytes = field(repr=False)
    fields: tuple[RuleField, ...] = ()
    prepend: bool = False

    def __post_init__(self) -> None:
        if len(self.mask) != MASK_BYTES:
            raise UsageError(f"a rule's syscall mask has {MASK_BYTES} bytes, not {len(self.mask)}")
        if len(self.fields) > MAX_FIELDS:
            raise UsageError(
                f"the rule has {counted(len(self.fields), 'field')} and the kernel takes "
                f"{MAX_FIELDS}",
                remedy="split it into several rules",
            )
        for part in self.fields:
            if isinstance(part.value, bytes) != (part.field in STRING_FIELDS):
                raise UsageError(f"field {part.field} cannot hold {part.value!r}")

    def names_syscall(self, number: int) -> bool:
        """Whether the mask has the bit of this syscall (or io_uring operation)."""
        if not 0 <= number < MASK_BITS:
            return False
        (word,) = _BUFLEN.unpack_from(self.mask, number // 32 * 4)
        return bool(word >> number % 32 & 1)

    @property
    def names_every_syscall(self) -> bool:
        """Whether the mask is `-S all`; the last word is ignored, as by auditctl."""
        return self.mask[:-4] == b"\xff" * (MASK_BYTES - 4)

    def syscalls(self) -> tuple[int, ...]:
        """The numbers in the mask, ascending, class bits included."""
        words = _SLOTS.unpack(self.mask)
        return tuple(
            32 * place + bit
            for place, word in enumerate(words)
            if word
            for bit in range(32)
            if word >> bit & 1
        )

    def appended(self) -> Rule:
        """The same rule without the prepend flag, which is how the kernel lists it."""
        return replace(self, prepend=False) if self.prepend else self

    def to_bytes(self) -> bytes:
        """The payload of AUDIT_ADD_RULE: fixed part and strings, without netlink's padding."""
        contents = [part.value for part in self.fields]
        text = b"".join(value for value in contents if isinstance(value, bytes))
        values = [value if isinstance(value, int) else len(value) for value in contents]
        try:
            return b"".join(
                (
                    _HEAD.pack(
                        self.filter_list | (PREPEND if self.prepend else 0),
                        self.action,
                        len(self.fields),
                    ),
                    self.mask,
                    _slots([part.field for part in self.fields]),
                    _slots(values),
                    _slots([part.op for part in self.fields]),
                    _BUFLEN.pack(len(text)),
                    text,
                )
            )
        except struct.error as error:
            raise UsageError(f"a number in the rule does not fit 32 bits ({error})") from error

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """The rule in a payload, such that `to_bytes` gives exactly this payload again.

        Raises `KernelAnswerError` if the payload is not a rule or holds more than `Rule` can.
        """
        if len(payload) < FIXED_BYTES:
            raise KernelAnswerError(
                f"an audit rule of {counted(len(payload), 'byte')} is shorter than {FIXED_BYTES:,}"
            )
        flags, action, count = _HEAD.unpack_from(payload)
        if count > MAX_FIELDS:
            raise KernelAnswerError(
                f"an audit rule claims {counted(count, 'field')} of {MAX_FIELDS}"
            )
        rule = cls(
            filter_list=flags & ~PREPEND,
            action=action,
            mask=payload[_MASK_AT:_FIELDS_AT],
            fields=_fields(payload, count),
            prepend=bool(flags & PREPEND),
        )
        if rule.to_bytes() != payload:
            raise KernelAnswerError("an audit rule holds bytes after its fields or its strings")
        return rule


def _slots(values: list[int]) -> bytes:
    return _SLOTS.pack(*values, *([0] * (MAX_FIELDS - len(values))))


def _fields(payload: bytes, count: int) -> tuple[RuleField, ...]:
    numbers = _SLOTS.unpack_from(payload, _FIELDS_AT)
    values = _SLOTS.unpack_from(payload, _VALUES_AT)
    operators = _SLOTS.unpack_from(payload, _OPERATORS_AT)
    fields = []
    at = FIXED_BYTES
    for number, operator, value in zip(numbers[:count], operators, values, strict=False):
        if number not in STRING_FIELDS:
            fields.append(RuleField(number, operator, value))
            continue
        if at + value > len(payload):
            raise KernelAnswerError(
                f"a string of {counted(value, 'byte')} in an audit rule ends after the rule"
            )
        fields.append(RuleField(number, operator, payload[at : at + value]))
        at += value
    return tuple(fields)


def mask_of(numbers: list[int]) -> bytes:
    """The mask with the bits of these syscalls; raises `UsageError` for one beyond the mask."""
    words = [0] * MASK_WORDS
    for number in numbers:
        if not 0 <= number < MASK_BITS:
            raise UsageError(f"syscall {number} is outside a rule's mask of {FIRST_CLASS_BIT}")
        words[number // 32] |= 1 << number % 32
    return _SLOTS.pack(*words)


def key_words(key: bytes | None) -> str:
    """A key as people write it; several with commas."""
    return (key or b"").replace(KEY_SEPARATOR, b", ").decode("utf-8", "backslashreplace")


def merged(*masks: bytes) -> bytes:
    """The union of masks."""
    total = 0
    for mask in masks:
        total |= int.from_bytes(mask, "little")
    return total.to_bytes(MASK_BYTES, "little")
