"""`Rule`: the structure, what it refuses, and its mask."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import KernelAnswerError, UsageError
from harness.kernel.rules.fields import (
    ALL_SYSCALLS,
    NO_SYSCALLS,
    STRING_FIELDS,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rules.rule import FIXED_BYTES, Rule, RuleField, mask_of, merged

words = st.integers(0, 0xFFFFFFFF)
numbers = st.builds(RuleField, words.filter(lambda n: n not in STRING_FIELDS), words, words)
texts = st.builds(
    RuleField, st.sampled_from(sorted(STRING_FIELDS)), words, st.binary(min_size=0, max_size=30)
)
rules = st.builds(
    Rule,
    filter_list=st.integers(0, 15),
    action=words,
    mask=st.binary(min_size=256, max_size=256),
    fields=st.lists(numbers | texts, max_size=64).map(tuple),
    prepend=st.booleans(),
)


@given(rules)
def test_every_rule_comes_back(rule: Rule) -> None:
    assert Rule.from_bytes(rule.to_bytes()) == rule


def test_the_layout_is_the_kernels() -> None:
    rule = Rule(
        FilterList.EXIT,
        2,
        mask_of([59, 42]),
        (
            RuleField(Field.ARCH, Operator.EQUAL, 0xC000003E),
            RuleField(Field.WATCH, Operator.EQUAL, b"/etc/passwd"),
            RuleField(Field.FILTERKEY, Operator.EQUAL, b"k"),
        ),
        prepend=True,
    )
    payload = rule.to_bytes()
    assert len(payload) == 1040 + 12
    assert struct.unpack_from("=III", payload) == (4 | 0x10, 2, 3)
    assert struct.unpack_from("=II", payload, 12) == (0, 1 << 27 | 1 << 10)
    assert struct.unpack_from("=III", payload, 268) == (11, 105, 210)
    assert struct.unpack_from("=III", payload, 524) == (0xC000003E, 11, 1)
    assert struct.unpack_from("=I", payload, 780) == (0x40000000,)
    assert struct.unpack_from("=I", payload, 1036) == (12,)
    assert payload[1040:] == b"/etc/passwdk"


def test_mask() -> None:
    rule = Rule(4, 2, merged(mask_of([0, 59]), mask_of([2047])))
    assert rule.syscalls() == (0, 59, 2047)
    assert rule.names_syscall(59)
    assert not rule.names_syscall(60)
    assert not rule.names_syscall(-1)
    assert not rule.names_syscall(2048)
    assert not rule.names_every_syscall
    # The kernel clears the class bits of the last word; it still lists as all.
    assert Rule(4, 2, ALL_SYSCALLS[:-4] + b"\xff\xff\0\0").names_every_syscall
    with pytest.raises(UsageError):
        mask_of([2048])


def test_appended_clears_the_flag_only() -> None:
    rule = Rule(4, 2, ALL_SYSCALLS, (), prepend=True)
    assert rule.appended() == Rule(4, 2, ALL_SYSCALLS)
    assert rule.appended().appended() is not rule


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        bytes(FIXED_BYTES - 1),
        struct.pack("=III", 4, 2, 65) + bytes(FIXED_BYTES - 12),
        bytes(FIXED_BYTES) + b"x",
        bytes(FIXED_BYTES - 4) + struct.pack("=I", 1),
        bytes(300) + b"\x01" + bytes(FIXED_BYTES - 301),
    ],
    ids=["empty", "short", "too many fields", "text behind", "text missing", "field behind"],
)
def test_bytes_that_are_no_rule(payload: bytes) -> None:
    with pytest.raises(KernelAnswerError) as caught:
        Rule.from_bytes(payload)
    assert "\n" not in str(caught.value)


def test_a_string_that_ends_behind_the_rule() -> None:
    payload = bytearray(Rule(4, 2, NO_SYSCALLS, (RuleField(210, 0, b"key"),)).to_bytes())
    struct.pack_into("=I", payload, 524, 4)
    with pytest.raises(KernelAnswerError, match="ends after"):
        Rule.from_bytes(bytes(payload))


@pytest.mark.parametrize(
    "arguments",
    [
        (4, 2, b""),
        (4, 2, NO_SYSCALLS, (RuleField(0, 0, 0),) * 65),
        (4, 2, NO_SYSCALLS, (RuleField(Field.PID, 0, b"text"),)),
        (4, 2, NO_SYSCALLS, (RuleField(Field.EXE, 0, 7),)),
    ],
)
def test_what_the_structure_cannot_hold(arguments: tuple[object, ...]) -> None:
    with pytest.raises(UsageError):
        Rule(*arguments)  # type: ignore[arg-type]


def test_numbers_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="32 bits"):
        Rule(4, 2, NO_SYSCALLS, (RuleField(0, 0, 1 << 32),)).to_bytes()


def test_typed_values() -> None:
    assert RuleField(Field.PID, 0, 5).number == 5
    assert RuleField(Field.EXE, 0, b"/x").text == b"/x"
    with pytest.raises(TypeError):
        _ = RuleField(Field.EXE, 0, b"/x").number
    with pytest.raises(TypeError):
        _ = RuleField(Field.PID, 0, 5).text
