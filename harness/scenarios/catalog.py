"""Every named scenario and plan, by the file that defines it.

A scenario is a rule file in auditctl's syntax whose first comment says what it is. `{exe}` is
replaced by the program to exclude, `{noisy}` by the workload's noisy syscall.
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError, one_of
from harness.files.reading import is_file
from harness.renamed import GONE_PLANS, hint

HERE = Path(__file__).parent

SCENARIOS: dict[str, str] = {
    "never-enabled": "never-enabled.rules",
    "no-audit": "no-audit.rules",
    "disabled": "disabled.rules",
    "no-rules": "no-rules.rules",
    "rules": "rules.rules",
    "rules+exclude-exe": "rules-exclude-exe.rules",
    "rules+exclude-call": "rules-exclude-call.rules",
    "connect-scoped": "connect-scoped.rules",
    "rules-scoped": "rules-scoped.rules",
    "rules-42": "rules-42.rules",
}

NOT_INTERLEAVED = frozenset({"never-enabled"})
"""States that cannot be entered again: measured first, with nothing on the host changed."""

PLANS: dict[str, str] = {
    "overhead": "overhead.toml",
    "replay": "replay.toml",
    "pressure": "pressure.toml",
    "consumers": "consumers.toml",
    "workers": "workers.toml",
    "victim": "victim.toml",
    "published": "published.toml",
    "soak": "soak.toml",
}


def scenario_text(name: str) -> str:
    """The rule file of a named scenario; UsageError, listing the known ones, if it is unknown."""
    if name not in SCENARIOS:
        raise UsageError(
            f"no scenario is called {name!r}",
            remedy=hint(name)
            or one_of(name, SCENARIOS, otherwise=", or --rules FILE for a rule file of yours"),
        )
    return (HERE / SCENARIOS[name]).read_text(encoding="utf-8")


def scenario_summary(name: str) -> str:
    """The first comment of the scenario's file."""
    return scenario_text(name).splitlines()[0].lstrip("# ")


def plan_path(name: str) -> Path:
    """The file of a built-in plan, or a plan file of the user's own."""
    if name in PLANS:
        return HERE / PLANS[name]
    path = Path(name)
    if path.suffix == ".toml" or is_file(path):
        return path
    if name in GONE_PLANS:
        raise UsageError(f"there is no plan {name} any more", remedy=GONE_PLANS[name])
    raise UsageError(
        f"no plan is called {name!r}", remedy=one_of(name, PLANS, otherwise=", or a .toml file")
    )
