"""Rule files loaded in a real guest: what its kernel refuses, line by line."""

from __future__ import annotations

from pathlib import Path

from harness.kernel.rules.lint.linter import lint_source
from harness.kernel.rules.lint.source import read_source
from harness.run.rules.loading import ask_kernel

# A line, and what the kernel is to refuse of it; empty for a line that it takes.
LINES = {
    "-D": "",
    "-b 8192": "",
    "--backlog_wait_time 4000000000": "out of the kernel's range",
    "-a always,exit -F arch=b64 -S open -F dir!=/etc -k x": "dir takes only =",
    "-a always,exit -F arch=b64 -S execve -F uid=-1 -k x": "never unset",
    "-a always,filesystem -F fstype=tracefs -F uid=0": "knows fstype and key only",
    "-a always,exit -F arch=b64 -S connect -F saddr_fam=2 -k x": "",
    "-a always,io_uring -S openat -k x": "",
    "-a always,exit -F dir=/srv/none/such -F perm=wa -k x": "",
    "-A always,exit -F arch=b64 -S connect -F saddr_fam=2 -k x": "",
    "-e 2": "",
}
SKIPPING = "-i\n-a always,exit -F arch=b64 -S open -F path!=/etc/passwd -k x\n"


def test_each_line_is_given_to_the_kernel_and_refused_with_its_reason(
    image: Path, tmp_path: Path
) -> None:
    (tmp_path / "first.rules").write_text("".join(f"{line}\n" for line in LINES))
    (tmp_path / "second.rules").write_text(SKIPPING)
    sources = [read_source(tmp_path / name) for name in ("first.rules", "second.rules")]
    asked = ask_kernel(sources, str(image), lambda _: None)
    found = [
        [
            finding
            for finding in lint_source(source, elsewhere=True, answers=answers)
            if finding.kind.code == "refused"
        ]
        for source, answers in zip(sources, asked.answers, strict=True)
    ]
    said = {finding.place.line: finding.reason for finding in found[0]}
    for number, (line, wanted) in enumerate(LINES.items(), start=1):
        assert (number in said) == bool(wanted), (line, said)
        if wanted:
            assert said[number].startswith(f"Linux {asked.kernel} refuses the ")
            assert "(EINVAL, Invalid argument): " in said[number]
            assert wanted in said[number]
    (skipped,) = found[1]
    assert (skipped.severity, skipped.place.line) == ("warning", 2)
    assert skipped.reason.startswith("skipped because of -i: Linux")
