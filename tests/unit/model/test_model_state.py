"""The settings of the kernel's audit: declared once, and known wherever one of them is used."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.kernel.messages import STATUS_FIELDS
from harness.kernel.rules.file import parse_rules_text
from harness.kernel.status import AuditStatus
from harness.model.run import Scenario
from harness.model.state import LIMITS, SETTINGS, AuditState
from harness.run.plan.file import load_plan_file

RULE_FILE = "-e 0\n-f 0\n-b 5\n-r 6\n--backlog_wait_time 7\n"


def test_every_setting_has_its_place_on_the_wire() -> None:
    assert sorted(STATUS_FIELDS.keys() - {"pid"}) == sorted(SETTINGS)
    status = [field.name for field in fields(AuditStatus)]
    assert [status.index(name) for name in SETTINGS] == [STATUS_FIELDS[n][1] for n in SETTINGS]


def test_every_setting_has_its_option_of_auditctl() -> None:
    given = parse_rules_text(RULE_FILE, "all").controls.given()
    assert sorted(given) == sorted(SETTINGS)


def test_every_limit_can_be_set_in_a_cell(tmp_path: Path) -> None:
    path = plan_with(tmp_path, *(f"{name} = 1" for name in LIMITS))
    bare = Scenario("rules", "", enabled=1)
    (cell,) = load_plan_file(str(path)).cells
    assert cell.bind(bare).given() == dict.fromkeys(SETTINGS, 1)
    assert cell.bind(bare).name == "mine"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("failure = 2", r"failure 2: use 0 to 1.*\$.cells\[0\]"),
        ("backlog_limit = -1", r"backlog_limit -1: use 0 to 4294967295.*\$.cells\[0\]"),
        ("rate_limit = 4294967296", r"rate_limit 4294967296: .*\$.cells\[0\]"),
        ('backlog_wait_time = "1 s"', r"got `str` - at `\$.cells\[0\].backlog_wait_time"),
        ("backlog_limits = 1", r"unknown field `backlog_limits` - at `\$.cells\[0\]`"),
        ("enabled = 1", r"unknown field `enabled` - at `\$.cells\[0\]`"),
    ],
)
def test_what_a_cell_cannot_have_is_named(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_plan_file(str(plan_with(tmp_path, line)))


def test_what_is_not_given_is_as_the_host_has_it() -> None:
    assert AuditState().given() == {}
    assert list(AuditState(backlog_limit=0, enabled=0).given()) == ["enabled", "backlog_limit"]


def plan_with(folder: Path, *lines: str) -> Path:
    path = folder / "p.toml"
    path.write_text(
        'summary = "s"\nworkloads = ["udp"]\n[[cells]]\nname = "mine"\nscenario = "rules"\n'
        + "".join(f"{line}\n" for line in lines)
    )
    return path
