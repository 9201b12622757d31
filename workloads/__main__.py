"""`python -m workloads NAME …`: runs one load and prints one JSON document.

With `--control` it speaks JSON lines instead (`ready`, then after `go`: `result`). This is the
face: the one place where errors become a line and an exit code.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from workloads._errors import EXIT_HOST_UNFIT, EXIT_INTERRUPTED, WorkloadError
from workloads.catalog import WORKLOADS


def main(words: Sequence[str]) -> int:
    """Runs the program with the command line `words`; returns its exit code."""
    try:
        return _run(words)
    except WorkloadError as error:
        return _complain(str(error), error.exit_code, "--control" in words)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except OSError as error:
        return _complain(f"the system refused: {error}", EXIT_HOST_UNFIT, "--control" in words)


def _run(words: Sequence[str]) -> int:
    from workloads import _options  # noqa: PLC0415 - --list answers without the rest

    if _options.wants_list(words):
        print(_listing(as_json="--json" in words))
        return 0
    options, info = _options.parse_options(words)
    from workloads import _supervisor  # noqa: PLC0415

    return _supervisor.run_load(options, info)


def _listing(*, as_json: bool) -> str:
    if not as_json:
        width = max(map(len, WORKLOADS))
        return "\n".join(f"{i.name:<{width}}  {i.summary} ({i.operation})"
                         for i in WORKLOADS.values())  # fmt: skip
    names = ("name", "summary", "operation", "default_ops", "fast_ops", "noisy", "options")
    return json.dumps(
        [
            {name: getattr(info, name) for name in names} | {"yields": dict(info.yields)}
            for info in WORKLOADS.values()
        ]
    )


def _complain(message: str, exit_code: int, control: bool) -> int:
    print(f"workloads: {message}", file=sys.stderr)
    if control:
        document = {"event": "error", "message": message, "exit_code": exit_code}
        print(json.dumps(document), flush=True)
    return exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
