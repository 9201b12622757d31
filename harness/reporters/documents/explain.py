"""The JSON document of `auditbench rules explain`; see `docs/schema/explain.schema.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consumer.text.archs import arch_name, syscall_name
from harness.kernel.rules.explain.forecast import Which
from harness.kernel.rules.explain.writer import Explanation
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.rule import key_words
from harness.reporters.explain import (
    ANSWERS,
    Commanded,
    Explained,
    command_sentence,
    ordered,
    sentence,
)

SCHEMA = "auditbench.explain/1"


def explained_document(explained: Explained) -> dict[str, Any]:
    """Every answer with its rules; `command` is null for events, and `events` empty for it."""
    command = explained.command
    return {
        "schema": SCHEMA,
        "files": list(explained.files),
        "explained": explained.is_explained,
        "cautions": [caution.one_line() for caution in explained.cautions],
        "events": [_event(each) for each in explained.events],
        "command": None if command is None else _command(command),
    }


def _event(each: Explanation) -> dict[str, Any]:
    return {
        "event": each.event.name,
        "verdict": each.verdict,
        "sentence": sentence(each),
        "key": key_words(each.event.key) or None,
        "writer": None if each.writer is None else _rule(each.writer),
        "candidates": [_rule(rule) for rule in each.candidates],
        "rules": [
            {
                **_rule(attempt.rule),
                "answer": ANSWERS[attempt.answer],
                "why": list(attempt.why),
            }
            for attempt in each.tried
        ],
    }


def _rule(rule: LoadedRule) -> dict[str, Any]:
    return {
        "file": rule.place.file,
        "line": rule.place.line,
        "text": rule.text,
        "key": key_words(rule.view.key) or None,
        "records": rule.view.records,
    }


def _command(command: Commanded) -> dict[str, Any]:
    found = command.forecast
    return {
        "words": list(command.words),
        "exit_status": command.status,
        "sentence": command_sentence(command),
        "calls": found.calls,
        "recorded": found.recorded,
        "rules": [
            {**_rule(found.rules[place]), "calls": _calls(counts)}
            for place, counts in sorted(found.by_rule.items())
        ],
        "none": _calls(found.by_none),
        "dropped": _calls(found.dropped),
        "open": [
            {
                "candidates": [
                    None if place is None else _rule(found.rules[place])
                    for place in each.candidates
                ],
                "why": list(each.why),
                "calls": _calls(counts),
            }
            for each, counts in found.open.items()
        ],
    }


def _calls(counts: Mapping[Which, int]) -> list[dict[str, Any]]:
    return [
        {
            "syscall": syscall_name(which.arch, which.number) or str(which.number),
            "number": which.number,
            "arch": arch_name(which.arch) or f"{which.arch:#x}",
            "count": number,
        }
        for which, number in ordered(dict(counts))
    ]
