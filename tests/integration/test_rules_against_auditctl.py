"""Held against the auditctl of this machine: what it sends, prints and refuses, so do we.

auditctl runs on a made-up kernel (`tests/golden/rules/auditctl_shim.py`); the host's audit state
is not touched.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.kernel.rules.file import load_rule_file, parse_rules_text
from harness.kernel.rules.format import format_rule, listing_bytes
from harness.kernel.rules.parsed_line import ParsedLine
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.text import parse_rule
from harness.kernel.rules.words import split_line
from tests.golden.rules.auditctl_shim import (
    AUDIT_ADD_RULE,
    Answer,
    ShimmedAuditctl,
    packaged_files,
)
from tests.golden.rules.regenerate import as_listed, lines_of

RANDOM_LINES = int(os.environ.get("AUDITBENCH_RANDOM_RULES", "300"))


@pytest.fixture(scope="module")
def auditctl(tmp_path_factory: pytest.TempPathFactory) -> ShimmedAuditctl:
    return ShimmedAuditctl(tmp_path_factory.mktemp("auditctl"))


def ours(line: bytes) -> ParsedLine | None:
    """What we make of a line, None if we refuse it."""
    try:
        words = split_line(line)
        return parse_rule(words) if words else ParsedLine("none", None)
    except UsageError:
        return None


def assert_same(line: bytes, theirs: Answer, auditctl: ShimmedAuditctl) -> bool:
    """Hold our reading of a line against auditctl's; says whether a rule was compared."""
    parsed = ours(line)
    assert (parsed is None) == (theirs.exit_code != 0), (line, theirs.said)
    if parsed is None or parsed.rule is None:
        assert not theirs.rules, line
        return False
    ((request, payload),) = theirs.rules
    assert (parsed.operation == "add") == (request == AUDIT_ADD_RULE), line
    assert parsed.rule.to_bytes() == payload, line
    listed = Rule.from_bytes(as_listed(payload))
    assert listing_bytes([listed]) == auditctl.listing([listed.to_bytes()]), line
    return True


def too_new_to_compare(line: bytes, auditctl: ShimmedAuditctl) -> bool:
    """auditctl 3.1 to 4.0.1 prints `exe!=` as `exe=`, which libaudit cannot tell from 4.0.2."""
    return b"exe!=" in line and (3, 1) <= auditctl.version < (4, 0, 2)


def test_golden_lines_are_read_as_auditctl_reads_them(auditctl: ShimmedAuditctl) -> None:
    compared = 0
    for line in lines_of("rules.txt"):
        if not too_new_to_compare(line, auditctl):
            compared += assert_same(line, auditctl.run_line(line), auditctl)
    assert compared >= 140


def test_refused_lines_are_refused_here_and_there(auditctl: ShimmedAuditctl) -> None:
    for line in lines_of("refused.txt"):
        assert ours(line) is None, line
        if auditctl.version < (3, 1):
            assert auditctl.run_line(line).exit_code != 0, line


def test_every_line_of_the_packaged_rule_files(auditctl: ShimmedAuditctl) -> None:
    files = packaged_files()
    compared = 0
    for file in files:
        for written in file.read_bytes().split(b"\n"):
            # What is commented out are rules, too.
            line = written if split_line(written) else re.sub(rb"^ *#+ *", b"", written)
            if line.startswith(b"-"):
                compared += assert_same(line, auditctl.run_line(line), auditctl)
    assert compared >= 100


def test_packaged_rule_files_as_a_whole(auditctl: ShimmedAuditctl) -> None:
    """The rules a file leaves in the kernel, and their listing in one piece."""
    files = packaged_files()
    loaded = 0
    for file in files:
        theirs = auditctl.run(["-R", str(file)])
        if theirs.exit_code != 0:
            # One rule names the user chrony, who is not everywhere.
            with pytest.raises(UsageError, match=rf"{re.escape(str(file))}:\d+: "):
                load_rule_file(file, ignore_lock=True, elsewhere=True)
            continue
        rules = load_rule_file(file, ignore_lock=True, elsewhere=True)
        payloads = [rule.to_bytes() for rule in rules.rules]
        assert payloads == [payload for _, payload in theirs.rules], file
        if payloads:
            assert listing_bytes(rules.rules) == auditctl.listing(payloads), file
        loaded += 1
    assert loaded >= len(files) // 2


SWITCHES = """-i 1|-c 1|-i|-c|-i -e 1|-ib 5|-ci|-t 1|--reset-lost x|-q /a,/b c|-l|-s|-v|-l -i
    |-l -k x|-m word|-h|-R x|-v 1|-i -D|-D -i|-D 1|-b 5 1|-b 5 -i|-r 1 -z|--loginuid-immutable 1
    |-a always,exit -F pid=7 -i|-a always,exit -F pid=7 stray|-c -a always,exit -F pid=7|-f 1 -i 1
    |--reset_backlog_wait_time_actual 1|-a always,exit -F pid=7 -b 5|-z|-e 3|-S open"""


@pytest.mark.parametrize("first", [line.strip() for line in SWITCHES.split("|")])
@pytest.mark.parametrize("switch", ["", "-i\n", "-c\n"])
def test_files_that_go_on_behind_a_bad_line(
    auditctl: ShimmedAuditctl, tmp_path: Path, first: str, switch: str
) -> None:
    """Which line ends the file, and which rules it leaves: options without a value or with one too
    many, settings in bad lines.
    """
    file = tmp_path / "switch.rules"
    rule, bad = "-a always,exit -F pid={}\n", "-a always,exit -F bogus=1\n"
    text = f"{switch}{rule.format(1)}{first}\n{rule.format(2)}{bad}{rule.format(3)}"
    file.write_text(text, encoding="ascii")
    theirs = auditctl.run(["-R", str(file)])
    try:
        rules, controls = load_rule_file(file).rules, load_rule_file(file).controls
    except UsageError as error:
        assert theirs.exit_code != 0
        stopped = int(error.what.removeprefix(f"{file}:").partition(":")[0])
        before = "\n".join(text.split("\n")[: stopped - 1])
        rules = parse_rules_text(before, "before").rules
    else:
        # After -c it goes on, and says at the end that not all was well.
        assert theirs.exit_code == 0 or controls.continue_on_error
    assert [rule.to_bytes() for rule in rules] == [payload for _, payload in theirs.rules]


def test_listing_in_one_piece_names_syscalls_by_the_arch_before(auditctl: ShimmedAuditctl) -> None:
    lines = (b"-a always,exit -F arch=b32 -S open", b"-a always,exit -S open", b"-w /etc/passwd")
    rules = [parse_rule(split_line(line)).rule for line in lines]
    held = [rule for rule in rules if rule is not None]
    assert listing_bytes(held) == auditctl.listing([rule.to_bytes() for rule in held])
    assert listing_bytes(held)[1] != format_rule(held[1]).encode()


def test_words_of_a_command_line(auditctl: ShimmedAuditctl) -> None:
    """Without a file there are no escapes: a word may hold spaces and backslashes."""
    words = ["-w", "/no/such/with space", "-p", "wa", "-k", "back\\slash and space"]
    ((_, payload),) = auditctl.run(words).rules
    parsed = parse_rule(words)
    assert parsed.rule is not None
    assert parsed.rule.to_bytes() == payload


def test_the_longest_rule_that_can_be_sent(auditctl: ShimmedAuditctl) -> None:
    words = ["-a", "always,exit", "-F", f"path=/{'p' * 3899}", "-F", f"exe=/{'e' * 3999}"]
    fits, not_any_more = "subj_type=twelve-bytes", "subj_type=thirteen-byte"
    assert len(auditctl.run([*words, "-F", fits]).rules) == 1
    assert parse_rule([*words, "-F", fits]).rule is not None
    assert auditctl.run([*words, "-F", not_any_more]).rules == ()
    with pytest.raises(UsageError):
        parse_rule([*words, "-F", not_any_more])


def test_reading_rules_asks_the_kernel_nothing(auditctl: ShimmedAuditctl, tmp_path: Path) -> None:
    """libaudit itself would ask for the kernel's features where these fields and lists occur."""
    log = tmp_path / "requests"
    program = (
        "from tests.support.rule_lines import parse_rule_text as read\n"
        "read('-a always,exit -F exe=/x -F sessionid=1')\n"
        "read('-a always,exclude -F pid=1 -F msgtype=CWD')\n"
        "read('-a never,filesystem -F fstype=tracefs -F key=k')\n"
        "print('read')\n"
    )
    environment = {"LD_PRELOAD": str(auditctl.shim), "SHIM_LOG": str(log)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("read\n", "")
    assert not log.exists()


POOLS = {
    "field": """pid uid euid gid auid arch msgtype exit success a0 a2 exe path dir perm key inode
        sessionid ppid obj_uid subj_type obj_type filetype fstype saddr_fam devmajor""",
    "value": """0 1 -1 -13 0x10 017 09 5x 4294967295 99999999999999999999 unset root b64 b32 x86_64
        CWD 1300 -EACCES EPERM wa rwxa /etc /etc/ /etc/passwd k file tracefs""",
    "operator": "= != > < >= <= & &=",
    "pair": """arch=b64 arch=b32 perm=wa perm=x perm=rwxa path=/etc/passwd dir=/etc exe=/bin/x
        exe!=/x key=a key=b key!=c msgtype=CWD msgtype=1300 success=1 exit=-EACCES exit>=0
        auid!=unset auid>=1000 uid=root gid=0 sessionid=3 sessionid=unset filetype=dir
        fstype=tracefs fstype=5 subj_type=t obj_type=t a0=0x1 a2&=03
        inode=7 devminor=1 ppid=1 pers=4 saddr_fam=2""",
    "list": "exit,always never,exit task,never always,exclude never,user always,filesystem",
    "S": "open execve,bind all 59 2040 , openat,nosuch socketcall",
    "C": "uid!=euid uid=obj_uid gid=egid uid=gid auid!=fsuid uid>euid",
    "k": "a b=c d!=e",
    "p": "wa x RW q",
    "w": "/etc/passwd /etc/ relative",
}


def random_lines(count: int) -> Iterator[bytes]:
    """Lines of plausible words in implausible company, always the same."""
    draw = random.Random(20240229)
    pools = {name: text.split() for name, text in POOLS.items()}

    def word() -> str:
        option = draw.choice("FFFFFFSSkpCaAw")
        if option == "F" and draw.random() < 0.7:
            value = draw.choice(pools["pair"])
        elif option == "F":
            value = "".join(draw.choice(pools[part]) for part in ("field", "operator", "value"))
        else:
            value = draw.choice(pools["list" if option in "aA" else option])
        return f"-{option}{draw.choice((' ', ' ', ''))}{value}"

    for _ in range(count):
        start = f"-a {draw.choice(pools['list'])}" if draw.random() < 0.8 else word()
        yield " ".join([start, *(word() for _ in range(draw.randrange(4)))]).encode()


def test_random_lines_get_the_same_verdict_and_bytes(auditctl: ShimmedAuditctl) -> None:
    compared = 0
    for line in random_lines(RANDOM_LINES):
        if auditctl.version >= (3, 1) and (b"exclude" in line or b"filesystem" in line):
            continue  # newer ones take fields on these lists that the kernel does not evaluate
        if not too_new_to_compare(line, auditctl):
            compared += assert_same(line, auditctl.run_line(line), auditctl)
    assert compared >= RANDOM_LINES // 10
