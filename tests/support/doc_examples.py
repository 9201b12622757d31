"""The command lines that the pages show: where each stands, and where it can be executed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.command import ROOT

PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "consumer/README.md",
    ROOT / "notebooks/README.md",
    ROOT / "results/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
FENCE = re.compile(r"^(```)(\w*)\n(.*?)^```", re.S | re.M)
PROMPTS = {"console": ("$ ", "# "), "": ("$ ",)}
SHELL = ("sh", "bash")

EXEMPT = {
    r"make (bench|test|lint|types|docs|man|fuzz|requirements)\b": "tests, builds, measures",
    r"make install\b": "test_make installs into a folder of its own",
    r"(\S*/)?pip(x)? install |apt-get install ": "fetches packages",
    r"python3 -m venv |chmod |\./auditbench-linux": "belongs to an installation",
    r"podman ": "needs a container engine",
    r"ansible(-playbook)? ": "needs ansible-core and hosts; test_init_fleet holds the playbook",
    r"auditbench rules explain .* -- ": "needs strace; test_rules_explain_verb runs such a line",
    r"python -m build\b|packaging/\w+\.sh": "takes minutes and fetches packages",
    r"(\w+=\S+ )*git bisect ": "test_bisect runs the script, in a repository of its own",
    r"auditbench capacity": "takes minutes; test_capacity_kernel runs parts of one",
    r"auditbench run --resume": "takes a run that was stopped; test_resume_verb stops some",
    r"auditbench (count|rules co\w+|\w+ --count)\b": "boots kernels, as tests/guest does",
    r"auditbench rules advise .*--timed\b": "test_timed_advice_kernel runs such a line",
    r"auditbench gate .*blind:0|auditbench rules lint .*--kernel\b": "boots a kernel, too",
    r"auditbench (list kernels|remove --kernel)\b": "asks the archive; test_guest_kept runs them",
    r"auditbench run --workload (nginx|redis)": "needs servers that the tests do without",
    r"vng ": "boots another kernel in a virtual machine",
    r"\S*python benchmarks/": "takes minutes of an idle machine",
    r"jupyter lab\b": "opens a browser; the notebooks are executed by a test of their own",
    r"python results/keep.py\b": "takes a run of the reader's, whose name it leaves open",
    r"python -m pytest\b": "test_pytest_plugin_kernel runs the sample repository",
    r"python -m consumer --mode fd": "test_consumer_fd hands it a socket",
}
"""Lines that no test executes as they stand, and why."""

SIZES = {
    "run": {"--blocks": "1", "--ops": "20"},
    "ab": {"--blocks": "2", "--ops": "20"},
    "gate": {"--blocks": "2", "--ops": "20"},
    "record": {"--ops": "20"},
    "size": {"--trials": "1"},
    "top": {"--listen": "1s"},
    "workloads": {"--ops": "200"},
    "consumer": {"--duration": "0.5"},
}
"""How much is measured, by verb. Sizes that a line gives are made small, others appended."""
FEWER = {
    "run": {"--scenario": ["no-rules"], "--workload": ["udp"]},
    "ab": {"--workload": ["udp"]},
    "gate": {"--workload": ["udp"]},
}
"""Which cells, by verb, where a line leaves that to the plan; `auditbench run` itself is whole."""
FEWER_OF_PLAN = {
    "overhead": FEWER["run"],
    "pressure": {"--scenario": ["backlog-64-wait", "stop-mcast"]},
    "consumers": {"--consumer": ["assemble"], "--workload": ["udp"]},
}
"""The same for lines that name a plan."""
ONLY_WHERE_GIVEN = {"--max-time": "2s", "--listen": "1s", "--burst": "200"}
CODES = {
    "rules": (0, 1, 3),
    "compare": (0, 1, 3),
    "gate": (0, 1, 3),
    "ab": (0, 1, 3),
    "verify": (0, 1),
    "size": (0, 3),
}
"""Exit codes other than 0 that are an answer, as the verbs' pages say."""
KERNEL_VERBS = ("run", "size", "ab", "gate", "record", "doctor", "status", "restore")


@dataclass(frozen=True, slots=True)
class Example:
    """One command line of a page."""

    page: str
    line: int
    text: str
    """As it stands there, continued lines joined, without the prompt."""
    shown: tuple[str, ...] = ()
    """What the page shows below it as its output."""

    @property
    def where(self) -> str:
        """Page and line, to be found again."""
        return f"{self.page}:{self.line}: {self.text}"

    @property
    def exempt(self) -> str | None:
        """Why it is not executed; None where it is."""
        reasons = (why for pattern, why in EXEMPT.items() if re.match(pattern, self.command))
        return next(reasons, None)

    @property
    def command(self) -> str:
        """The part that is ours: no sudo, no comment, no pipe, no redirection."""
        text = self.text.split("  #")[0].split("    #")[0].split(" > ")[0]
        ours = next((part for part in text.split(" | ") if "auditbench" in part), text)
        ours = re.sub(r"^sudo (?:-E )?", "", ours.strip())
        ours = re.sub(r'^"\$\(command -v (\w+)\)"', r"\1", ours)
        return ours.removeprefix(".venv/bin/")

    @property
    def redirected(self) -> str | None:
        """The file that its output goes to."""
        found = re.search(r" > (\S+)", self.text)
        return found[1] if found else None

    @property
    def fed(self) -> bool:
        """Whether another command's output is its input."""
        return " | " in self.text and "auditbench" not in self.text.split(" | ")[0]

    @property
    def program(self) -> str:
        """`auditbench`, or the module that Python runs."""
        words = shlex.split(self.command)
        return words[2] if words[:2] == ["python", "-m"] else words[0]

    @property
    def words(self) -> list[str]:
        """What the program gets."""
        words = shlex.split(self.command)
        return words[3:] if words[:2] == ["python", "-m"] else words[1:]

    @property
    def verb(self) -> str:
        """What sizes and exit codes go by."""
        return self.words[0] if self.program == "auditbench" else self.program

    @property
    def needs_kernel(self) -> bool:
        """Whether it needs root and the kernel's audit."""
        if self.program == "consumer":
            return True
        if self.program != "auditbench":
            return False
        if self.verb == "top":
            return "--listen" in self.words
        stored = "--run" in self.words or self.words[:2] == ["run", "replay"]
        return self.verb in KERNEL_VERBS and not stored

    @property
    def small(self) -> list[str]:
        """The words with every size made small, and fewer cells; all else is as the line says."""
        words = self.words
        end = words.index("--") if "--" in words else len(words)
        ours, command = words[:end], words[end:]
        sizes = SIZES.get(self.verb, {})
        if self.verb == "gate" and "--run" in ours:
            sizes = {}
        for option, size in {**ONLY_WHERE_GIVEN, **sizes}.items():
            if option in ours:
                ours[ours.index(option) + 1] = size
            elif option not in ONLY_WHERE_GIVEN and self.takes_sizes:
                ours += [option, size]
        return [*ours, *self.fewer, *command]

    @property
    def fewer(self) -> list[str]:
        """Options that choose some of the cells, where the line chooses none."""
        words, chosen = self.words, FEWER.get(self.verb, {})
        if words == ["run"] or "--run" in words:
            return []
        if self.verb == "run" and not words[1].startswith("-"):
            chosen = FEWER_OF_PLAN.get(words[1], {})
        added = []
        for option, values in chosen.items():
            if option not in words and not (option == "--workload" and "--" in words):
                added += [option, *values]
        return added

    @property
    def takes_sizes(self) -> bool:
        """Whether it measures anything."""
        return "--list" not in self.words

    @property
    def codes(self) -> tuple[int, ...]:
        """The exit codes that are an answer."""
        return CODES.get(self.verb, (0,))


def all_examples() -> list[Example]:
    """Every command line of every page, in order."""
    return [found for page in PAGES for found in examples_of(page)]


def executed(*, on_kernel: bool) -> list[Example]:
    """Those that a test with, or without, the kernel's audit executes."""
    return [
        example
        for example in all_examples()
        if not example.exempt and example.needs_kernel is on_kernel
    ]


def examples_of(page: Path) -> Iterator[Example]:
    """The command lines of one page."""
    text = page.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        first = text.count("\n", 0, fence.start(3)) + 1
        block = fence[3].replace("\\\n", "\x00")
        named = page.relative_to(ROOT).as_posix()
        if fence[2] in PROMPTS:
            yield from _of_console(named, first, block, PROMPTS[fence[2]])
        elif fence[2] in SHELL:
            for at, line in enumerate(block.splitlines()):
                if line.strip() and not line.startswith("#"):
                    yield Example(named, first + at, _joined(line))


def _of_console(page: str, first: int, block: str, prompts: tuple[str, ...]) -> Iterator[Example]:
    """Lines with a prompt are commands, and the others what they print."""
    found: Example | None = None
    for at, line in enumerate(block.splitlines()):
        if line.startswith(prompts):
            if found:
                yield found
            found = Example(page, first + at, _joined(line[2:]))
        elif found and line.strip():
            found = replace(found, shown=(*found.shown, line.rstrip()))
    if found:
        yield found


def _joined(line: str) -> str:
    return re.sub(r"\s*\x00\s*", " ", line).strip()
