"""Rule text to bytes and back to text, held against what auditctl 3.0.9 made of the same lines."""

from __future__ import annotations

import json
import platform
from typing import Any

import pytest

from harness.errors import HostUnfitError, UsageError
from harness.kernel.rules.format import listing_bytes
from harness.kernel.rules.libaudit import libaudit
from harness.kernel.rules.parsed_line import ParsedLine
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.text import parse_rule
from harness.kernel.rules.words import split_line
from tests.golden.rules.auditctl_shim import AUDIT_ADD_RULE
from tests.golden.rules.regenerate import HERE, as_listed, fnv1a, lines_of, unpack
from tests.support.rule_lines import parse_rule_text

DOCUMENT = json.loads((HERE / "goldens.json").read_text(encoding="utf-8"))
GOLDENS: list[dict[str, Any]] = [golden for golden in DOCUMENT["goldens"] if "rule" in golden]

# Vectors that were made by hand with libaudit 3.0.9, apart from the goldens: FNV-1a of the rule.
VECTORS = {
    "-a always,exit -F arch=b64 -S execve": (1040, "4f6126ff"),
    "-a always,exit -F arch=b64 -S execve,bind,connect -F success=1 -F auid!=unset -F uid>=1000"
    " -F exit=-EINVAL": (1040, "7d86970b"),
    "-a never,exit -S all -F pid=4242": (1040, "21ea5d22"),
    "-a never,task": (1040, "a353d6c4"),
    "-a always,exit -S all -F path=/etc/passwd -F perm=wa -F key=wk": (1053, "ea50290f"),
    "-a never,user -F msgtype=USER_LOGIN": (1040, "07803a5c"),
}

pytestmark = pytest.mark.skipif(
    platform.machine() != DOCUMENT["machine"],
    reason=f"the goldens were made on {DOCUMENT['machine']}, where b64 and syscalls are others",
)


@pytest.fixture(autouse=True, scope="module")
def _library() -> None:
    try:
        libaudit()
    except HostUnfitError as error:
        pytest.skip(str(error))


def narrows() -> bool:
    """Whether this libaudit (4.0 and newer) turns perm= with an arch into a list of syscalls."""
    rule = parse_rule_text("-a always,exit -F arch=b64 -F path=/x -F perm=x").rule
    return rule is not None and not rule.names_every_syscall


def read(line: str) -> ParsedLine:
    return parse_rule(split_line(line.encode()))


def test_there_are_enough_goldens() -> None:
    assert len(GOLDENS) >= 140
    assert DOCUMENT["auditctl"] == "3.0.9"


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden["line"][:60])
def test_bytes_are_auditctls(golden: dict[str, Any]) -> None:
    expected = unpack(golden["rule"])
    assert fnv1a(expected) == golden["fnv1a"]
    parsed = read(golden["line"])
    assert parsed.rule is not None
    assert parsed.operation == ("add" if golden["request"] == AUDIT_ADD_RULE else "delete")
    ours = parsed.rule.to_bytes()
    if "perm=" in golden["line"] and "arch=" in golden["line"] and narrows():
        ours, expected = (payload[:12] + payload[268:] for payload in (ours, expected))
    assert ours == expected


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden["line"][:60])
def test_listing_is_auditctls(golden: dict[str, Any]) -> None:
    expected = golden["listing"]
    if "exe!=" in golden["line"] and libaudit().knows_io_uring:
        # auditctl 3.0.9, of the goldens, prints another operator than the rule has.
        expected = expected.replace("exe=", "exe!=")
    rule = Rule.from_bytes(as_listed(unpack(golden["rule"])))
    assert listing_bytes([rule]) == [expected.encode()]


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden["line"][:60])
def test_bytes_come_through_the_type(golden: dict[str, Any]) -> None:
    payload = unpack(golden["rule"])
    assert Rule.from_bytes(payload).to_bytes() == payload


@pytest.mark.parametrize(("line", "vector"), VECTORS.items())
def test_hand_made_vectors(line: str, vector: tuple[int, str]) -> None:
    rule = read(line).rule
    assert rule is not None
    assert (len(rule.to_bytes()), fnv1a(rule.to_bytes())) == vector


@pytest.mark.parametrize("line", lines_of("refused.txt"), ids=lambda line: line[:60].decode())
def test_what_auditctl_refuses_is_refused_in_one_line(line: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rule(split_line(line))
    message = caught.value.one_line()
    assert "\n" not in message
    assert caught.value.remedy
    assert message.isprintable()


def test_goldens_are_those_of_the_list() -> None:
    """`rules.txt` was not changed without `regenerate.py`."""
    lines = [golden["line"].encode() for golden in DOCUMENT["goldens"]]
    assert lines == lines_of("rules.txt")
