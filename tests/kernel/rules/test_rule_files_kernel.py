"""Whole rule files: what `auditctl -R` leaves in the running kernel is what we say, in its order.

And what a watch of a link, or of a file as a directory, then records.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.kernel.client import AuditClient
from harness.kernel.rules.checks.lint import rule_warnings
from harness.kernel.rules.file import RuleFile, load_rule_file
from harness.kernel.rules.format import format_listing
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.text import parse_rule
from tests.golden.rules.auditctl_shim import auditctl_or_skip
from tests.kernel.conftest import enabled

pytestmark = pytest.mark.kernel

USER_MARKER = 1111
NOBODY = "-F pid=4194304"
"""No process has this pid: the rules match nothing."""
FILES = {
    "list-order": f"""-a always,exit -F arch=b32 -S open {NOBODY} -k one
        -a always,exclude -F msgtype=CWD
        -a never,user -F uid=4294967294
        -a never,task -F uid=4294967294
        -A always,exit -F arch=b64 -S openat {NOBODY} -k first
        -w /etc/hosts -p wa -k w
        -a always,filesystem -F fstype=tracefs
        -a never,filesystem -F fstype=debugfs""",
    "path-not-equal": f"""-a always,exit -F arch=b64 -S open -F dir!=/etc {NOBODY} -k x
        -a always,exit -F arch=b64 -S connect {NOBODY} -k net""",
    "ignored-refusals": f"""-i
        -a always,exit -F arch=b64 -S open -F dir!=/etc {NOBODY} -k x
        -w /no/such/dir/file -p wa -k x
        -a always,exit -F exe=/no/such/dir/file {NOBODY}
        -a always,exit -F subj_type>x {NOBODY}
        -a always,exit -F arch=b64 -S connect {NOBODY} -k net
        -a always,exit -F arch=b64 -S connect {NOBODY} -k net
        --backlog_wait_time 99999999
        -d always,exit -F pid=1
        -a always,exit -F arch=b64 -S bind {NOBODY} -k net""",
    "ignore-with-argument": f"""-i 1
        -a always,exit -F arch=b64 -S nosuchcall -k bad
        -a always,exit -F arch=b64 -S connect {NOBODY} -k net""",
    "ignore-too-late": f"""-a always,exit -F arch=b64 -S connect {NOBODY} -k net
        -w /no/such/dir/file -p wa -k x
        -i
        -a always,exit -F arch=b64 -S bind {NOBODY} -k net""",
    "dir-is-a-file": f"-a always,exit -F dir=/etc/passwd -F perm=wa {NOBODY} -k x",
    "too-long-a-wait": f"""-a always,exit -F arch=b64 -S connect {NOBODY} -k net
        --backlog_wait_time 99999999
        -a always,exit -F arch=b64 -S bind {NOBODY} -k net""",
    "prints": f"""-l
        -s
        -a always,exit -F arch=b64 -S connect {NOBODY} -k net""",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_leaves_what_auditctl_leaves(empty: AuditClient, tmp_path: Path, name: str) -> None:
    auditctl = auditctl_or_skip()
    path = tmp_path / f"{name}.rules"
    lines = [line.strip() for line in FILES[name].split("\n")]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    theirs = subprocess.run([auditctl, "-R", str(path)], capture_output=True, check=False)
    listing = subprocess.run([auditctl, "-l"], capture_output=True, check=True).stdout.decode()
    held = [Rule.from_bytes(payload) for payload in empty.list_rules()]
    file = loaded(path, stops=theirs.returncode != 0)
    assert [(rule.filter_list, rule.action, rule.fields) for rule in file.rules] == [
        (rule.filter_list, rule.action, rule.fields) for rule in held
    ]
    assert format_listing(file.rules) == ([] if not held else listing.split("\n")[:-1])


def loaded(path: Path, *, stops: bool) -> RuleFile:
    """The file as we read it; where auditctl stopped, up to the line that we refuse."""
    if not stops:
        return load_rule_file(path)
    with pytest.raises(UsageError) as caught:
        load_rule_file(path)
    number = int(caught.value.what.removeprefix(f"{path}:").partition(":")[0])
    lines = path.read_text(encoding="ascii").split("\n")
    path.write_text("\n".join(lines[: number - 1]), encoding="ascii")
    return load_rule_file(path)


def recorded(client: AuditClient, words: list[str], command: list[str]) -> bool:
    """Whether a command makes an event under one rule of these words."""
    rule = parse_rule(["-a", "always,exit", *words, "-F", "key=auditbench-watch"]).rule
    assert rule is not None
    client.add_rule(rule.to_bytes())
    with enabled(client) as reader:
        subprocess.run(command, check=True)
        client.send_user_message("auditbench-watch-end", kind=USER_MARKER)
        seen = b""
        while b"auditbench-watch-end" not in seen:
            seen += reader.recv(16384)
    for payload in client.list_rules():
        client.delete_rule(payload)
    return b'key="auditbench-watch"' in seen


def warned(words: list[str]) -> bool:
    rule = parse_rule(["-a", "always,exit", *words]).rule
    assert rule is not None
    return any(each.code in ("watch-symlink", "dir-is-a-file") for each in rule_warnings(rule))


def test_a_watch_of_a_link_sees_neither_execution_nor_what_is_below(
    empty: AuditClient, tmp_path: Path
) -> None:
    folder, program = tmp_path / "folder", tmp_path / "program"
    folder.mkdir()
    shutil.copy("/bin/true", program)
    folder_link, program_link = tmp_path / "folder-link", tmp_path / "program-link"
    folder_link.symlink_to(folder)
    program_link.symlink_to(program)
    write = [sys.executable, "-c", f"open({str(folder_link / 'file')!r}, 'w')"]
    replace = [sys.executable, "-c", f"import os; os.lchown({str(program_link)!r}, 0, 0)"]
    for watch, command, seen in (
        (f"path={program_link} perm=x", [str(program_link)], False),
        (f"path={program} perm=x", [str(program_link)], True),
        (f"dir={folder_link} perm=w", write, False),
        (f"dir={folder_link}/ perm=w", write, True),
        (f"dir={folder} perm=w", write, True),
        (f"path={program_link} perm=a", replace, True),
    ):
        words = [word for condition in watch.split() for word in ("-F", condition)]
        assert recorded(empty, words, command) is seen, watch
        assert warned(words) is not seen, watch


def test_a_file_watched_as_a_directory_is_lost_when_it_is_replaced(
    empty: AuditClient, tmp_path: Path
) -> None:
    file, new = tmp_path / "file", tmp_path / "new"
    file.touch()
    write = f"open({str(file)!r}, 'w')"
    replace_and_write = (
        f"import os; open({str(new)!r}, 'w'); os.rename({str(new)!r}, {str(file)!r})"
    )
    for name, expected in (("dir", True), ("path", False)):
        words = ["-F", f"{name}={file}", "-F", "perm=w"]
        assert recorded(empty, words, [sys.executable, "-c", write])
        assert warned(words) is expected

    def lost(name: str) -> bool:
        words = ["-F", f"{name}={file}", "-F", "perm=w"]
        rule = parse_rule(["-a", "always,exit", *words, "-F", "key=auditbench-watch"]).rule
        assert rule is not None
        empty.add_rule(rule.to_bytes())
        subprocess.run([sys.executable, "-c", replace_and_write], check=True)
        with enabled(empty) as reader:
            subprocess.run([sys.executable, "-c", write], check=True)
            empty.send_user_message("auditbench-watch-end", kind=USER_MARKER)
            seen = b""
            while b"auditbench-watch-end" not in seen:
                seen += reader.recv(16384)
        for payload in empty.list_rules():
            empty.delete_rule(payload)
        return b'key="auditbench-watch"' not in seen

    assert lost("dir")
    assert not lost("path")
