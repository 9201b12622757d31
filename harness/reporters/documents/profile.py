"""What was sampled, as a part of the JSON document of a result."""

from __future__ import annotations

from typing import Any

from msgspec import to_builtins

from harness.model.stored.profile import CellProfile, ProfileChange, Profiles


def profiles_document(found: Profiles) -> dict[str, Any]:
    """The sampled cells with their folded stacks, and the second against the first."""
    return {
        "cells": [_cell(each) for each in found.cells],
        "change": None if found.change is None else _change(found.change),
    }


def _cell(each: CellProfile) -> dict[str, Any]:
    stored = each.stored.document()
    stored.pop("schema")
    return {
        **stored,
        **to_builtins(each.cell),
        "stacks": [{"stack": stack, "samples": samples} for stack, samples in stored.pop("stacks")],
        "groups": [to_builtins(group) for group in each.groups],
    }


def _change(change: ProfileChange) -> dict[str, Any]:
    return {
        **to_builtins(change.cell),
        "against": to_builtins(change.against),
        "extras": [to_builtins(extra) for extra in change.extras],
    }
