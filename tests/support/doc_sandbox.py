"""A folder in which the command lines of the pages find what they name; its runs are made up."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import tomli_w

from harness.model.count import CONSUMER, INSTRUCTIONS
from harness.store import PLAN, SAMPLES
from tests.support.command import ROOT
from tests.support.doc_examples import Example
from tests.support.patience import PATIENCE_S
from tests.support.records.audit_logs import CAPTURE, recorded, repeated
from tests.support.records.outputs import by_event, go_audit_log, laurel_log, mapped_log
from tests.support.stand_ins import make_stand_in
from tests.support.stored.counted_runs import BASIC, counted_run
from tests.support.stored.profiled_runs import add_profiles
from tests.support.stored.two_runs import write_run

RULE_FILES = (
    "30-stig.rules", "base.rules", "head.rules", "my-new.rules", "my-own.rules", "my.rules",
    "new.rules", "old.rules", "base/my.rules", "head/my.rules", "etc/audit/audit.rules",
    "etc/audit/rules.d/10-base.rules",
)  # fmt: skip
RULES = "-D\n-b 8192\n-f 1\n-a always,exit -F arch=b64 -S connect -k net\n"
LOGS = ("audit.log", "audit.log.2.gz", "audit.log.3.gz")
STAND_INS = {
    "bin/pg_dump": "#!/bin/sh\nexec true\n",
    "my-program/Makefile": "all:\n\t@true\n",
}
"""Programs that the pages take as examples and that this machine need not have."""
MACHINE = "vm-1a2b3c4d"
LATENCIES = {"p50": 0.9, "p99": 2.0, "p999": 5.0}
LABELS = (
    *("before", "before", "before", "linux-base", "linux-base", "linux-head", "linux-head"),
    *("after", "after", "", ""),
)
"""Of the made-up runs, in order of time."""
HOSTS = ("web1", "db1")
"""Of which a fleet consists; each with a run older than all others."""
COUNTED = {
    "6.1": {"6.1.0-x": 1.0},
    "6.12": {"6.12.9-x": 1.05},
    "kernels": {"6.1.0-x": 1.0, "6.12.9-x": 1.05},
    "base": {"6.1.0-x": 1.0},
    "head": {"6.1.0-x": 1.01},
    "exe": {"6.12.9-x": 1.0},
    "daemons": {"6.12.9-x": 1.0},
}
"""Labels of the counted runs, which are older than the others, with their kernels."""
COUNTS = {
    **BASIC,
    "rules": (900.0, 900.0),
    "rules+exclude-exe": (1_000.0, 1_000.0),
    "rules+auditd@3": (900.0, 900.0),
    "rules+auditd@4": (900.0, 900.0),
}
EXTRA_SCENARIOS = ("old", "new", "base", "head")


def make_sandbox(folder: Path) -> Path:
    """Rule files, logs, stand-ins, a plan, and made-up runs under `results`."""
    for name in RULE_FILES:
        _write(folder / name, RULES)
    for name, content in STAND_INS.items():
        _write(folder / name, content)
        (folder / name).chmod(0o755)
    make_stand_in(folder, "go_audit")
    log = repeated(1)
    for name in LOGS:
        (folder / name).write_bytes(gzip.compress(log) if name.endswith(".gz") else log)
    _write(folder / "var/log/audit/audit.log", log.decode())
    (folder / "consumer.log").write_bytes(log)
    (folder / "laurel.json").write_bytes(laurel_log())
    (folder / "go-audit.json").write_bytes(go_audit_log(by_event(recorded())))
    for place in ("", "b/", "h/"):
        program = folder / f"{place}mine"
        program.parent.mkdir(exist_ok=True)
        make_stand_in(program.parent, "own_consumer").rename(program)
    _write(folder / "x", "--output events.log\n")
    (folder / "mine.json").write_bytes(mapped_log(recorded()))
    (folder / "raw.auditcap.gz").write_bytes(CAPTURE.read_bytes())
    (folder / "var/tmp").mkdir()
    (folder / "usr/sbin").mkdir(parents=True)  # without the program that the pages exclude
    plan = re.search(r"```toml\n(.*?)```", (ROOT / "docs/plans.md").read_text(), re.S)
    assert plan is not None
    _write(folder / "my-plan.toml", plan[1])
    service = re.search(r"```toml\n(.*?)```", (ROOT / "docs/services.md").read_text(), re.S)
    assert service is not None
    _write(folder / "my-service.toml", service[1])
    for seed, label in enumerate(LABELS):
        name = f"2026-11-{seed + 1:02}T120000Z-overhead"
        named = {"label": label} if label else {}
        run = write_run(folder / "results" / MACHINE / name, seed=seed, environment=named)
        _completed(run)
        add_profiles(run)
    for seed, host in enumerate(HOSTS):
        name = f"{host}/2026-09-01T120000Z-overhead"
        write_run(folder / "results" / name, seed=seed, environment={"label": host})
    for day, (label, kernels) in enumerate(COUNTED.items(), start=1):
        place = folder / "results" / MACHINE / f"2026-10-{day:02}T120000Z-overhead"
        metrics = {INSTRUCTIONS: 1.0, CONSUMER: 40.0}
        counted_run(place, COUNTS, kernels=kernels, metrics=metrics, environment={"label": label})
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _completed(run: Path) -> None:
    """The samples of `rules` once more as those of rule files; latencies and a timeline for all."""
    lines = (run / SAMPLES).read_text(encoding="utf-8").splitlines()
    samples = [json.loads(line) for line in lines]
    for name in EXTRA_SCENARIOS:
        again = [{**s, "scenario": name} for s in samples if s["scenario"] == "rules"]
        samples += again
    for index, sample in enumerate(samples):
        sample["index"] = index
        elapsed = sample["metrics"]["elapsed_ns_per_op"]
        latencies = {f"latency_{name}_ns": elapsed * by for name, by in LATENCIES.items()}
        sample["metrics"] |= latencies
        sample["timeline"] = [[0, 0, 0, 0], [50, 3, 0, 4096], [100, 0, 0, 0]]
        sample["workload_document"]["latency"] = {
            "buckets": [[round(elapsed), sample["ops"]]],
            "max_ns": round(elapsed),
        }
    _write(run / SAMPLES, "".join(json.dumps(sample) + "\n" for sample in samples))
    plan = tomllib.loads((run / PLAN).read_text(encoding="utf-8"))
    plan["trials"] = len(samples)
    plan["scenarios"]["udp"] += [{"name": name, "rules": []} for name in EXTRA_SCENARIOS]
    _write(run / PLAN, tomli_w.dumps(plan))


def placed(words: list[str], folder: Path) -> list[str]:
    """Absolute paths as those of the sandbox, where it has the place."""
    return [
        str(folder / word[1:])
        if word.startswith("/") and len(word) > 1 and (folder / word[1:]).parent.is_dir()
        else word
        for word in words
    ]


def execute(example: Example, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one line as a process of its own, made small."""
    module = "harness" if example.program == "auditbench" else example.program
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *placed(example.small, folder)],
        cwd=folder,
        env=environment(folder),
        input=(folder / "audit.log").read_text() if example.fed else "",
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if example.redirected:
        _write(folder / example.redirected, done.stdout)
    return done


def environment(folder: Path) -> dict[str, str]:
    """The caller's, with the stand-ins in front and without what CI systems add."""
    ours = {name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"}
    return {**ours, "PATH": f"{folder / 'bin'}:{ours['PATH']}", "COLUMNS": "80"}


def complaint(example: Example, code: int, output: str, errors: str) -> str:
    """What is wrong with how a line ended; empty where nothing is."""
    if code not in example.codes:
        return f"{example.where}\n  exit code {code}, expected {example.codes}: {errors[-600:]}"
    if "Traceback" in errors:
        return f"{example.where}\n  a traceback: {errors[-600:]}"
    said = {" ".join(line.split()) for line in output.splitlines()}
    missing = [line for line in example.shown if line != "…" and " ".join(line.split()) not in said]
    if missing:
        return f"{example.where}\n  the page shows what it does not print: {missing[0]!r}"
    return ""


def copied(template: Path, folder: Path, examples: Iterable[Example] = ()) -> Path:
    """A sandbox of one's own, with the kept runs where a line names one."""
    sandbox = Path(shutil.copytree(template, folder / "sandbox"))
    if any("results/reference/" in example.command for example in examples):
        shutil.copytree(ROOT / "results/reference", sandbox / "results/reference")
    if any("docs/examples/" in example.command for example in examples):
        shutil.copytree(ROOT / "docs/examples", sandbox / "docs/examples")
    return sandbox
