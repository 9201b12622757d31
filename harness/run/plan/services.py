"""The services among the workloads of a plan, each with its file as it was read, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.files.caller import why
from harness.files.reading import read_text
from harness.model.stored.service import StoredService
from workloads.catalog import WORKLOADS, WorkloadInfo
from workloads.errors import WorkloadError
from workloads.services.catalog import service_path
from workloads.services.file import MOST_BYTES, Service, service_of
from workloads.services.programs import acting_program

Services = Mapping[str, Service]
"""By the name that they have as workloads."""


@dataclass(frozen=True, slots=True)
class Named:
    """The workloads of a plan by name, and which of them are services."""

    names: tuple[str, ...]
    services: Services


def named_service(word: str) -> Service | None:
    """The service that a word of `--workload` means; None for one that means none.

    UsageError for a file that cannot be read, or is wrong.
    """
    path = service_path(word)
    if path is None:
        return None
    path = path.absolute()
    try:
        text = read_text(path, named=True)
    except (OSError, ValueError) as error:
        reason = why(error) if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            f"the service {word} cannot be read: {reason}",
            remedy="correct the path, or the file",
        ) from None
    if len(text) > MOST_BYTES:
        raise UsageError(
            f"the service {word} is larger than {MOST_BYTES >> 10} KiB", remedy="shorten the file"
        )
    return _checked(path, text)


def _checked(path: Path, text: str) -> Service:
    try:
        service = service_of(path, text)
    except WorkloadError as error:
        what, _, remedy = str(error).rpartition(": ")
        raise UsageError(what, remedy=remedy) from None
    if service.name in WORKLOADS:
        raise UsageError(
            f"{path} is called like the workload {service.name}", remedy="rename the file"
        )
    return service


def named_workloads(words: tuple[str, ...]) -> Named:
    """What words of `--workload`, or of a plan, mean; words that mean no service stay names.

    UsageError for two files of the same name.
    """
    services: dict[str, Service] = {}
    names = []
    for word in words:
        service = named_service(word)
        if service is None:
            names.append(word)
            continue
        if services.get(service.name, service).path != service.path:
            raise UsageError(
                f"two services are called {service.name}: {services[service.name].path} and "
                f"{service.path}",
                remedy="rename one of the files",
            )
        services[service.name] = service
        names.append(service.name)
    return Named(tuple(dict.fromkeys(names)), services)


def info_of(workload: str, services: Services) -> WorkloadInfo:
    """What the catalog, or the service's file, says of a workload."""
    return services[workload].info if workload in services else WORKLOADS[workload]


def excluded_program_of(workload: str, services: Services) -> str | None:
    """The program that exclusions of a service are of; None for what is no service."""
    return acting_program(services[workload]) if workload in services else None


def stored_services(services: Services) -> dict[str, StoredService]:
    """The services as they are stored with the plan."""
    return {
        name: StoredService(
            path=service.path,
            digest=service.digest,
            text=service.text,
            operation=service.file.operation,
            per_second=service.file.client.per_second,
        )
        for name, service in services.items()
    }
