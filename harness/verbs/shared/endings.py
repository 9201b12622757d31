"""How the help of each verb ends: examples, and the exit codes with what they mean there.

The command line, the manual pages and the tests take them from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.errors import (
    EXIT_CODES,
    EXIT_ERROR,
    EXIT_FINE,
    EXIT_HOST_UNFIT,
    EXIT_INTERRUPTED,
    EXIT_REGRESSION,
    EXIT_UNTRUSTWORTHY,
    EXIT_USAGE,
)

COMMAND = "[-- COMMAND]"
"""Ends the usage line of a verb that takes a command of the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of a verb's help."""

    examples: tuple[tuple[str, str], ...]
    """Command lines without `auditbench`, each with what it is for."""
    codes: Mapping[int, str]
    """The exit codes of this verb; those of every verb need no words."""
    usage: str = ""
    """What the usage line says behind the verb, where help cannot tell by itself."""
    of_all: Mapping[int, str] = field(
        default_factory=lambda: {code: EXIT_CODES[code] for code in (EXIT_USAGE, EXIT_ERROR)}
    )

    def all_codes(self) -> dict[int, str]:
        """Every code that the verb may end with, in order, and its meaning."""
        return dict(sorted({**self.of_all, **self.codes}.items()))

    def text(self) -> str:
        """The ending as help prints it."""
        return f"{self._examples()}\n\n{codes_text(self.all_codes())}"

    def _examples(self) -> str:
        lines = [f"  {what}:\n    auditbench {words}" for words, what in self.examples]
        return "\n".join(["Examples:", *lines])


def codes_text(codes: Mapping[int, str]) -> str:
    """Exit codes as help prints them."""
    return "\n".join(["Exit codes:", *(f"{code:4}  {meaning}" for code, meaning in codes.items())])


_UNFIT = "the host is unfit: `auditbench doctor` says why"
_STOPPED = "stopped; the host's audit state is as before, what was measured is stored"
_NO_KERNEL = "the kernel cannot be had, or this machine is not x86_64"
_MEASURING = {EXIT_HOST_UNFIT: _UNFIT, EXIT_INTERRUPTED: _STOPPED}

ENDINGS: Mapping[str, Ending] = {
    "run": Ending(
        usage=f"[PLAN] [OPTIONS] {COMMAND}",
        examples=(
            ("run --fast", "What audit costs here, in about two minutes"),
            ("run --rules my.rules", "What a rule file costs"),
            (
                "run --rules my.rules --exclude-exe /usr/sbin/mysqld",
                "Whether excluding a program pays",
            ),
            ("run --rules my.rules -- pg_dump mydb", "What the rules cost a command of yours"),
            ("run consumers", "Which consumer keeps up, and what it costs"),
            ("run --rules my.rules --profile", "Where the kernel spends what the rules cost"),
        ),
        codes={
            EXIT_FINE: "measured",
            EXIT_UNTRUSTWORTHY: "measured, but nothing can be decided, or it is untrustworthy",
            **_MEASURING,
        },
    ),
    "count": Ending(
        usage="[PLAN] [OPTIONS]",
        examples=(
            ("count --rules my.rules", "What each call costs under a rule file, in instructions"),
            ("count --kernel 6.1", "The same under another kernel"),
        ),
        codes={
            EXIT_FINE: "counted",
            EXIT_UNTRUSTWORTHY: "counted in part: something could not be counted",
            **_MEASURING,
        },
    ),
    "capacity": Ending(
        examples=(
            (
                "capacity --rules my.rules --consumer auditd store",
                "Which rate each takes without loss",
            ),
            ("capacity --consumer auditd --confirm 60s", "The two rates again, for a minute each"),
        ),
        codes={
            EXIT_FINE: "decided",
            EXIT_UNTRUSTWORTHY: "not decided, no rule matched the load, or it is untrustworthy",
            **_MEASURING,
        },
    ),
    "size": Ending(
        usage="--rules FILE (--rate R --burst B | --log LOG...) [OPTIONS]",
        examples=(
            (
                "size --rules my.rules --rate 500 --burst 20000 --consumer auditd",
                "The -b for a burst of 20,000 connects",
            ),
            ("size --rules my.rules --log /var/log/audit", "The -b for the load of a log"),
        ),
        codes={
            EXIT_FINE: "decided, also where no backlog helps",
            EXIT_UNTRUSTWORTHY: "not decided, no rule matched the load, or it is untrustworthy",
            **_MEASURING,
        },
    ),
    "ab": Ending(
        usage=f"A B [OPTIONS] {COMMAND}",
        examples=(
            ("ab old.rules new.rules", "Which of two rule files costs less"),
            ("ab old.rules new.rules --fail-if-worse", "The same, with exit code 1 if B is worse"),
        ),
        codes={
            EXIT_FINE: "decided for every workload",
            EXIT_REGRESSION: "B is worse than A, with --fail-if-worse",
            EXIT_UNTRUSTWORTHY: "inconclusive for some workload, or untrustworthy",
            **_MEASURING,
        },
    ),
    "show": Ending(
        usage="[RUN] [OPTIONS]",
        examples=(
            ("show", "The latest run"),
            ("show latest~1 --details", "Every metric of the run before it"),
        ),
        codes={EXIT_FINE: "shown", EXIT_UNTRUSTWORTHY: "shown, but the run is untrustworthy"},
    ),
    "compare": Ending(
        usage="BASE [HEADS...] [OPTIONS]",
        examples=(
            ("compare latest~1 latest", "What changed since the run before"),
            (
                "compare latest:rules :rules+exclude-exe",
                "Two scenarios of one run",
            ),
            ("compare latest~1 latest --allow kernel", "The same on another kernel"),
        ),
        codes={
            EXIT_FINE: "nothing is worse",
            EXIT_REGRESSION: "something is worse: a metric that was compared, or loss",
            EXIT_UNTRUSTWORTHY: "inconclusive, or a run is untrustworthy",
        },
    ),
    "gate": Ending(
        usage=f"[PLAN] [OPTIONS] {COMMAND}",
        examples=(
            (
                "gate --rules my.rules --fail elapsed:50% --fail lost:0",
                "Measure, and fail by limits",
            ),
            (
                "gate --rules base.rules head.rules --reference base --fail lost:0",
                "Rule files of a pull request",
            ),
            (
                "gate --count --rules my.rules --fail instructions:200%",
                "Count instead of measuring times, without root",
            ),
            ("gate --run latest --fail elapsed:200%", "Judge a stored run"),
        ),
        codes={
            EXIT_FINE: "all within their limits",
            EXIT_REGRESSION: "a limit is exceeded",
            EXIT_UNTRUSTWORTHY: "inconclusive, or untrustworthy",
            **_MEASURING,
        },
    ),
    "history": Ending(
        examples=(
            ("history", "The runs of the latest run's plan, and where a cost changed"),
            ("history --cell udp/rules --to svg=history.svg", "One cell, as a picture"),
        ),
        codes={
            EXIT_FINE: "shown",
            EXIT_UNTRUSTWORTHY: "no run has such a cell, or all are damaged",
        },
    ),
    "rules lint": Ending(
        usage="[FILES...] [OPTIONS]",
        examples=(
            ("rules lint my.rules", "What is wrong with a rule file"),
            ("rules lint /etc/audit/rules.d --fail-on warning", "The rules of this host, strictly"),
        ),
        codes={
            EXIT_FINE: "no finding as grave as --fail-on",
            EXIT_REGRESSION: "at least one finding as grave as --fail-on",
            EXIT_UNTRUSTWORTHY: "with --kernel: the guest failed",
            EXIT_HOST_UNFIT: f"with --kernel: {_NO_KERNEL}",
            EXIT_INTERRUPTED: "stopped; no guest is left",
        },
    ),
    "rules explain": Ending(
        usage=f"RULES [OPTIONS] {COMMAND}",
        examples=(
            ("rules explain my.rules --event event.log", "Which rule wrote an event"),
            ("rules explain my.rules -- ls /etc", "Which calls of a command would be recorded"),
        ),
        codes={
            EXIT_FINE: "explained",
            EXIT_UNTRUSTWORTHY: "cannot be told from the event",
            EXIT_INTERRUPTED: "stopped",
        },
    ),
    "rules cost": Ending(
        examples=(
            ("rules cost my.rules", "What each line costs other calls, and what its events cost"),
            ("rules cost my.rules --log /var/log/audit", "The same with the events of a log"),
            ("rules cost my.rules --kernel 6.1", "The same under another kernel"),
        ),
        codes={
            EXIT_FINE: "counted",
            EXIT_UNTRUSTWORTHY: "counted in part: something could not be counted",
            EXIT_HOST_UNFIT: "no kernel, or not an x86_64 machine; with --timed the host is unfit",
            EXIT_INTERRUPTED: "stopped; no guest is left; with --timed: the run is stored",
        },
    ),
    "rules cover": Ending(
        usage="FILES... [OPTIONS]",
        examples=(
            ("rules cover my.rules", "Which operations are recorded, by which rule"),
            ("rules cover old.rules new.rules", "What a change no longer records"),
        ),
        codes={
            EXIT_FINE: "shown",
            EXIT_UNTRUSTWORTHY: "an operation could not be done, or records were lost",
            EXIT_HOST_UNFIT: _NO_KERNEL,
            EXIT_INTERRUPTED: "stopped; no guest is left",
        },
    ),
    "rules advise": Ending(
        examples=(
            (
                "rules advise my.rules --log /var/log/audit",
                "What may be changed, and what it saves",
            ),
            ("rules advise my.rules --log audit.log --write new.rules", "The same, carried out"),
        ),
        codes={
            EXIT_FINE: "advised",
            EXIT_UNTRUSTWORTHY: "advised, but something could not be counted",
            EXIT_HOST_UNFIT: f"with --count: {_NO_KERNEL}",
            EXIT_INTERRUPTED: "stopped; no guest is left",
        },
    ),
    "verify": Ending(
        examples=(
            ("verify laurel.log --against audit.log", "Whether a consumer wrote every event"),
            ("verify out.json --against raw.cap.gz", "The same against a capture"),
        ),
        codes={
            EXIT_FINE: "complete",
            EXIT_REGRESSION: "events are missing, cut, changed, doubled or out of order",
            EXIT_UNTRUSTWORTHY: "cannot be told",
        },
    ),
    "top": Ending(
        usage="[FILES...] [OPTIONS]",
        examples=(
            ("top /var/log/audit/audit.log", "What fills a log"),
            ("top --by rule --rules my.rules audit.log", "Which rules fill it"),
            ("top --listen 30s", "The kernel's records of the next half minute"),
        ),
        codes={EXIT_FINE: "shown", EXIT_HOST_UNFIT: _UNFIT, EXIT_INTERRUPTED: "stopped"},
    ),
    "record": Ending(
        usage=f"--output FILE [OPTIONS] {COMMAND}",
        examples=(
            ("record -o shells.capture.gz --workload shells", "Save the records of a workload"),
            ("record -o mine.capture.gz --rules my.rules -- make -j4", "Those of a command"),
        ),
        codes={EXIT_FINE: "recorded", EXIT_HOST_UNFIT: _UNFIT, EXIT_INTERRUPTED: "stopped"},
    ),
    "report": Ending(
        usage="[RUNS...] [OPTIONS]",
        examples=(
            ("report latest -o report.html", "One page to share"),
            ("report latest --to md", "Text for a pull request"),
        ),
        codes={EXIT_FINE: "written", EXIT_UNTRUSTWORTHY: "written, but a run is untrustworthy"},
    ),
    "plot": Ending(
        usage="[RUN] [OPTIONS]",
        examples=(
            ("plot latest -o overhead.svg", "The ratios of a run"),
            ("plot latest --kind latency -o latency.png --dark", "Latencies, for a dark page"),
        ),
        codes={EXIT_FINE: "drawn"},
    ),
    "export": Ending(
        usage="[RUN] [OPTIONS]",
        examples=(
            ("export latest --to csv=trials.csv", "One row per trial, for a spreadsheet"),
            ("export latest --to pyperf=run.json", "For pyperf"),
        ),
        codes={EXIT_FINE: "written"},
    ),
    "doctor": Ending(
        examples=(("doctor", "Whether this host is fit, and how to make it so"),),
        codes={EXIT_FINE: "fit", EXIT_HOST_UNFIT: "a finding prevents measuring"},
    ),
    "status": Ending(
        examples=(("status", "The kernel's audit state, and who holds it"),),
        codes={EXIT_FINE: "shown", EXIT_HOST_UNFIT: "audit does not answer"},
    ),
    "remove": Ending(
        usage="RUNS... [OPTIONS]",
        examples=(
            ("remove latest~3", "A stored run"),
            ("remove --kernel 6.1", "A kernel that `count` keeps"),
        ),
        codes={EXIT_FINE: "removed", EXIT_INTERRUPTED: "stopped"},
    ),
    "restore": Ending(
        examples=(("restore", "The state of before a run that was killed"),),
        codes={
            EXIT_FINE: "restored, or nothing to restore",
            EXIT_HOST_UNFIT: "the state cannot be restored from here",
        },
    ),
    "init": Ending(
        usage="WHAT [FOLDER] [OPTIONS]",
        examples=(
            ("init plan", "A plan of your own, to change"),
            ("init rules my-rules", "A folder with rule files, and tests of what they cost"),
            ("init ci my-rules", "Workflows that judge them in pull requests"),
            ("init fleet my-fleet", "A playbook that measures many hosts"),
        ),
        codes={EXIT_FINE: "written"},
    ),
    "list": Ending(
        examples=(
            ("list runs", "The stored runs, with labels and verdicts"),
            ("list kernels", "The kernels that `count` keeps, and those it can get"),
            ("list plans", "The built-in plans"),
            ("list consumers --json", "The consumers, as JSON"),
        ),
        codes={EXIT_FINE: "listed"},
    ),
    "completion": Ending(
        examples=(
            ("completion bash", "For `source <(auditbench completion bash)`, as in ~/.bashrc"),
            ("completion fish", "For a file in ~/.config/fish/completions"),
        ),
        codes={EXIT_FINE: "printed"},
    ),
}
"""By verb, in the order of `GROUPS` in harness/cli.py."""
