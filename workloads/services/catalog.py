"""The services that come with the program, one line each: a new one is one file and one line."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent

SERVICES = {
    "nginx": "nginx.toml",
    "nginx-connections": "nginx-connections.toml",
    "redis": "redis.toml",
    "redis-connections": "redis-connections.toml",
    "memcached": "memcached.toml",
    "postgresql": "postgresql.toml",
    "tar": "tar.toml",
    "dd": "dd.toml",
    "compile": "compile.toml",
}


def service_path(word: str) -> Path | None:
    """The file of a service, by its name or its path; None for a word that is neither.

    A path is what has a slash, or ends in `.toml`.
    """
    if word in SERVICES:
        return HERE / SERVICES[word]
    return Path(word) if "/" in word or word.endswith(".toml") else None
