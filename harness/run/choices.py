"""What can be chosen by name, each with what it is: for lists, and for shells that complete names.

Light to import: a catalog is read when it is asked for.
"""

from __future__ import annotations


def scenarios() -> dict[str, str]:
    """The built-in scenarios, each with its summary."""
    from harness.scenarios.catalog import SCENARIOS, scenario_summary

    return {name: scenario_summary(name) for name in SCENARIOS}


def plans() -> dict[str, str]:
    """The built-in plans, each with its summary."""
    from harness.run.plan.file import load_plan_file
    from harness.scenarios.catalog import PLANS

    return {name: load_plan_file(name).summary for name in PLANS}


def workloads() -> dict[str, str]:
    """The workloads, each with its summary; the services among them by their own names."""
    from workloads.catalog import WORKLOADS
    from workloads.services.catalog import SERVICES
    from workloads.services.file import read_service

    services = {name: read_service(name).file.summary for name in SERVICES}
    return {name: info.summary for name, info in WORKLOADS.items()} | services


def loads() -> dict[str, str]:
    """The workloads that `--workload` takes by name, each with its summary."""
    from harness.run.plan.selection import PRESSING
    from workloads.services.catalog import SERVICES

    known = workloads()
    return {name: known[name] for name in (*PRESSING, *SERVICES)}


def victims() -> dict[str, str]:
    """The workloads that can be a victim, each with its summary."""
    from harness.run.plan.victim import VICTIMS

    return {name: workloads()[name] for name in VICTIMS}


def counted_workloads() -> dict[str, str]:
    """Those that can be counted, each with its summary."""
    from harness.run.count import COUNTED_WORKLOADS

    return {name: workloads()[name] for name in COUNTED_WORKLOADS}


def counted_consumers() -> dict[str, str]:
    """Those that can be counted, each with its summary."""
    from harness.consumers.counted.adapters import ADAPTERS
    from harness.run.plan.counted_consumers import COUNTED_CONSUMER

    return {name: consumers()[name] for name in (COUNTED_CONSUMER, *ADAPTERS)}


def consumers() -> dict[str, str]:
    """The consumers, each with its summary, or why that of a package cannot be used."""
    from harness.consumers.catalog import consumer_names, find_consumer
    from harness.errors import UsageError

    def summary(name: str) -> str:
        try:
            return str(find_consumer(name).summary)
        except UsageError as error:
            return error.what

    return {name: summary(name) for name in consumer_names()}
