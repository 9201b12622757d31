"""A history as one JSON document, and as flat rows for CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from harness.model.history import History, PastRun, Point, Track

SCHEMA = "auditbench.history/1"


def history_document(history: History) -> dict[str, Any]:
    """As in `docs/schema/history.schema.json`."""
    return {
        "schema": SCHEMA,
        "machine": history.machine,
        "plan": history.plan,
        "metrics": list(history.metrics),
        "least_runs_for_changes": history.least_runs,
        "runs": [{**asdict(run), "notes": list(run.notes)} for run in history.runs],
        "cells": [_track(track) for track in history.tracks],
        "warnings": [asdict(caution) for caution in history.cautions],
    }


def _track(track: Track) -> dict[str, Any]:
    return {
        **asdict(track.cell),
        "kernel": track.kernel,
        "metric": track.metric,
        "unit": track.unit,
        "is_ratio": track.is_ratio,
        "runs_looked_at_for_changes": track.judged,
        "points": [None if point is None else asdict(point) for point in track.points],
    }


def history_rows(history: History) -> Iterator[dict[str, Any]]:
    """A row per cell, metric and run that has it."""
    for track in history.tracks:
        for run, point in zip(history.runs, track.points, strict=True):
            if point is not None:
                yield _row(run, track, point)


def _row(run: PastRun, track: Track, point: Point) -> dict[str, Any]:
    step = point.step
    return {
        "run": run.name,
        "started_at": run.started_at,
        "label": run.label,
        "complete": run.complete,
        "trustworthy": run.trustworthy,
        **asdict(track.cell),
        "kernel": track.kernel,
        "metric": track.metric,
        "unit": track.unit,
        "estimate": point.estimate,
        "ratio": point.level if track.is_ratio else None,
        "ci_low": point.ci_low,
        "ci_high": point.ci_high,
        "blocks": point.blocks,
        "against_run_before": point.change,
        "verdict": point.verdict,
        "level_before": step.before if step else None,
        "level_after": step.after if step else None,
    }
