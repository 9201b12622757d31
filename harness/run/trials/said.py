"""The documents of child processes at the border: checked once, typed from there on."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from harness.model.stored.documents import ConsumerDocument, WorkerDocument
from harness.processes.line_process import ChildFailedError

T = TypeVar("T")


def worker_said(document: Any) -> WorkerDocument:
    """The result of a worker; ChildFailedError, by field, where it is none."""
    return said("workload", document, WorkerDocument)


def consumer_said(document: Any) -> ConsumerDocument | None:
    """What a consumer received, None where it cannot tell; ChildFailedError for another shape."""
    return None if document is None else said("consumer", document, ConsumerDocument)


def said(name: str, document: Any, kind: type[T]) -> T:
    """What a child said, as one of the shapes of `harness.model.stored.documents`."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise ChildFailedError(f"what the {name} answered is damaged ({error})") from None
