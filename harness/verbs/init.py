"""`auditbench init`: a plan, a rules repository, CI workflows or a playbook to start from."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.errors import EXIT_FINE
from harness.verbs.shared.parameters import Json, To

What = Literal["plan", "rules", "ci", "fleet"]
HERE = Path(__file__).parent / "starts"
SUFFIX = ".start"


@dataclass(frozen=True, slots=True)
class Start:
    """What is written, by its path in the folder, and the commands to go on with."""

    files: tuple[str, ...]
    then: tuple[str, ...]


STARTS: Mapping[What, Start] = {
    "plan": Start(("my-plan.toml",), ("auditbench run my-plan.toml --fast",)),
    "rules": Start(
        (
            "README.md",
            "pytest.ini",
            "rules/base.rules",
            "rules/watched.rules",
            "tests/test_rules.py",
        ),
        ("auditbench rules lint rules/base.rules", 'sudo "$(command -v python)" -m pytest'),
    ),
    "ci": Start(
        (".github/workflows/audit-count.yml", ".github/workflows/audit-rules.yml"),
        ("set the variable AUDITBENCH of the repository to where pip finds auditbench",),
    ),
    "fleet": Start(
        ("fleet.yml", "inventory.yml"),
        (
            "write into inventory.yml which hosts are measured, and what is copied to them",
            "ansible-playbook -i inventory.yml fleet.yml --limit web1",
        ),
    ),
}


def init_verb(what: What, folder: Path = Path(), /, *, to: To = None, json: Json = False) -> int:
    """Write a plan, a rules repository with tests, CI workflows or a playbook to start from.

    Parameters
    ----------
    what
        plan: a commented plan. rules: rule files, and tests of what they may cost. ci: workflows
        for GitHub that lint rules/base.rules of a pull request, and compare it with that of its
        base: counted without root, and measured in time. fleet: an Ansible playbook that measures
        the hosts of an inventory and brings the runs home.
    folder
        The folder to write into; the present one if none is named. Nothing is overwritten.
    to
        Write the list of files as json=FILE, or print it as json.
    """
    from harness.files.tree import write_new_files
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import out

    forms = Forms(("json",), to, json=json)
    start = STARTS[what]
    written = write_new_files(folder, {name: text_of(name) for name in start.files})
    then = [*([f"cd {shlex.quote(str(folder))}"] if folder != Path() else []), *start.then]
    lines = [*(f"wrote {path}" for path in written), *(f"next: {line}" for line in then)]
    forms.deliver(
        lambda: out().print("\n".join(lines), markup=False, soft_wrap=True),
        lambda: {
            "schema": "auditbench.init/1",
            "written": list(map(str, written)),
            "next": then,
        },
    )
    return EXIT_FINE


def text_of(name: str) -> str:
    """What a file of a start will hold."""
    return (HERE / f"{Path(name).name}{SUFFIX}").read_text(encoding="utf-8")
