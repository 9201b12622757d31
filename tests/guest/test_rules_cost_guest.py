"""The bill of a rule file in real guests, started by a user without root."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.guests.nobody import run_as_nobody
from tests.support.schemas import schema

RULES = """\
-a always,exit -F arch=b64 -S mount -k one
-w /etc/passwd -p wa -k two
-a always,exit -F arch=b64 -S all -F dir=/etc -F perm=wa -k two
-a always,exit -F arch=b64 -S getppid -k all
-a always,exit -F arch=b32 -S all -F auid=4242 -k one
-a always,exit -F arch=b64 -S all -F uid=4242 -F auid=4242
-a always,exit -F arch=b64 -S connect -F auid>=1000 -k net
"""
RECORDING, FOLDER, WATCH, CALL, CONNECT = 4, 3, 2, 1, 7


@pytest.fixture(scope="module")
def bill(image: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The bill as JSON, made as nobody where we are root."""
    folder = tmp_path_factory.mktemp("cost")
    (folder / "my.rules").write_text(RULES)
    folder.chmod(0o777)
    (folder / "my.rules").chmod(0o644)
    words = ("rules", "cost", "my.rules", "--kernel", str(image), "--json")
    done = run_as_nobody(folder, *words)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def taxes(bill: dict[str, Any]) -> dict[int, float]:
    """Instructions by line."""
    return {row["line"]: row["tax"] for row in bill["rows"]}


def test_the_document_follows_its_schema(bill: dict[str, Any]) -> None:
    jsonschema.validate(bill, schema("cost"))


def test_first_row_and_taxes_are_the_whole(bill: dict[str, Any]) -> None:
    assert bill["any_rule"] > 200
    assert abs(bill["residue"]) < 0.01 * bill["whole"]
    assert bill["floor"] < 1


def test_a_folder_is_dear_a_call_cheap_and_a_watch_free(bill: dict[str, Any]) -> None:
    found = taxes(bill)
    assert found[WATCH] == pytest.approx(0, abs=0.2)
    assert 2 < found[CALL] < 60
    assert found[FOLDER] > 2 * found[CALL]
    assert [row["tax"] for row in bill["rows"]] == sorted(found.values(), reverse=True)


def test_a_rule_that_records_the_load_is_named_and_not_on_the_bill(bill: dict[str, Any]) -> None:
    assert RECORDING not in taxes(bill)
    (said,) = bill["warnings"]
    assert said["name"] == "records-everything"
    assert f"my.rules:{RECORDING}" in said["what"]


def test_an_event_is_priced_where_a_load_makes_one(bill: dict[str, Any]) -> None:
    events = {row["line"]: row["event"] for row in bill["rows"]}
    assert [line for line, event in events.items() if event is not None] == [CONNECT]
    event = events[CONNECT]
    assert event["loads"] == ["connect", "udp"]
    assert event["records"] == 3
    assert 3_000 < event["kauditd"] < event["load"]
    assert event["consumer"] > 3_000
    assert 300 < event["bytes"] < 1500


def test_records_cost_alike_whatever_event_they_are_of(bill: dict[str, Any]) -> None:
    prices = {load["name"]: load["per_record"] for load in bill["loads"]}
    assert sorted(prices) == ["connect", "files", "shells", "udp"]
    assert max(prices.values()) < 1.5 * min(prices.values())
    behind = {load["name"]: load["behind"] for load in bill["loads"]}
    assert behind == {"connect": False, "udp": True, "files": True, "shells": True}
