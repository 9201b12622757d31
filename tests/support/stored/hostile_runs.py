"""A made-up run whose every string was chosen by somebody who means harm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.answers.result import in_plan_order, make_result
from harness.model.caution import Caution
from harness.model.result import ReportView
from harness.model.run import Sample
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.store import StoredRun, load_run
from tests.support.stored.two_runs import write_run

MARKUP = "<script>window.hacked=1</script>"
IMAGE = "\"'><img src=x onerror=window.hacked=1>"
SVG = "--></text></svg><svg onload=window.hacked=1>]]>"
ESCAPE = "\x1b[31mred\x1b[0m\x07\x9b2J"
BIDI = "\u202egnp.exe\u202c\u2066"
FORMULA = '=HYPERLINK("http://evil.example","x")'
TEMPLATE = "{{ 7*191 }}${7*191}"
MATHS = "$\\frac{1}{2}$\\x1b"
MARKDOWN = "|a|`b`[c](http://evil.example)@everyone"
ALL = " ".join((MARKUP, IMAGE, SVG, ESCAPE, BIDI, FORMULA, TEMPLATE, MATHS, MARKDOWN, "a\tb\rc\nd"))
_RULES = f"\t-1{MATHS}{MARKDOWN}\r\n#{SVG}{BIDI}{TEMPLATE}"
NAMES = {
    "disabled": f"{FORMULA}{MARKUP}",
    "no-rules": f"+1{IMAGE}{ESCAPE}",
    "rules": _RULES,
    "rules+exclude-exe": _RULES + "+exclude-exe",
}
"""What the scenarios of a made-up run are called instead: a rule file's name may be anything."""
WORKLOAD, CONSUMER = f"udp{IMAGE}{ESCAPE}", f"@assemble{MARKUP}{BIDI}"


def hostile_run(folder: Path) -> StoredRun:
    """A run with the above in names, rules, arguments, facts, warnings and documents."""
    write_run(folder, rename=NAMES, lost_share=0.1, rules={name: [ALL] for name in NAMES})
    stored = load_run(folder)
    samples = tuple(_renamed(sample) for sample in stored.samples)
    cautions = (Caution(ALL, ALL, ALL),)
    environment = {**stored.environment.document, **_environment(stored.environment.document)}
    return replace(
        stored,
        samples=samples,
        cautions=cautions,
        plan=StoredPlan.read(_plan(stored.plan.document)),
        environment=StoredEnvironment.read(environment),
        folder=stored.folder.with_name(f"run{IMAGE.replace('/', '')}{ESCAPE}"),
    )


def view_of(stored: StoredRun) -> ReportView:
    """The run as reports are made from it."""
    return ReportView(make_result(stored), tuple(in_plan_order(stored)))


def _renamed(sample: Sample) -> Sample:
    return replace(
        sample,
        workload=WORKLOAD,
        consumer=CONSUMER,
        warnings=(ALL,),
        workload_document={
            **sample.workload_document,
            "argv": [ALL],
            "comm": ALL,
            "exe": ALL,
            "details": {"program": ALL},
        },
    )


def _plan(plan: dict[str, Any]) -> dict[str, Any]:
    (scenarios,) = plan["scenarios"].values()
    scenarios = [{**entry, "rules": [ALL], "summary": ALL} for entry in scenarios]
    return {
        **plan,
        "name": ALL,
        "summary": ALL,
        "workloads": [WORKLOAD],
        "consumers": [CONSUMER],
        "ops": {WORKLOAD: 1000},
        "scenarios": {WORKLOAD: scenarios},
        "workload_options": {ALL: ALL},
        "command": [ALL],
        "excluded_program": {"path": ALL, "copy": ALL, "workloads": [ALL, WORKLOAD]},
    }


def _environment(environment: dict[str, Any]) -> dict[str, Any]:
    facts = environment["facts"]
    return {
        "argv": ["auditbench", "run", ALL],
        "label": ALL,
        "auditbench": ALL,
        "python": ALL,
        "started_at": ALL,
        "facts": {
            **facts,
            "hostname": ALL,
            "machine": ALL,
            "kernel": {**facts["kernel"], "release": ALL, "boot_parameters": [ALL]},
            "cpu": {**facts["cpu"], "model": ALL},
        },
        "cautions": [{"name": ALL, "what": ALL, "remedy": ALL}],
    }
