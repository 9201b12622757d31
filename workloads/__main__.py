"""`python -m workloads NAME …`: runs one load and prints one JSON document.

With `--control` it speaks JSON lines instead (`ready`, then after `go`: `result`). This is the
only place where errors become a line and an exit code.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from workloads.catalog import WORKLOADS
from workloads.errors import (
    EXIT_HOST_UNFIT,
    EXIT_INTERRUPTED,
    WorkloadError,
    drop_output,
    explain,
    tell,
)


def main(words: Sequence[str]) -> int:
    """Run the program with the command line `words`; return its exit code."""
    control = "--control" in words
    try:
        return _run(words)
    except WorkloadError as error:
        return _complain(str(error), error.exit_code, control)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        drop_output()
        return 0
    except Exception as error:
        return _complain(*explain(error), control)


def _run(words: Sequence[str]) -> int:
    if sys.stdout is None:
        raise WorkloadError(
            "standard output is closed: give it a place to print to", exit_code=EXIT_HOST_UNFIT
        )
    from workloads.running import options as _options  # noqa: PLC0415 - --list answers without the rest

    if _options.wants_list(words):
        print(_listing(as_json="--json" in words), flush=True)
        return 0
    options, info = _options.parse_options(words)
    from workloads.running import supervisor as _supervisor  # noqa: PLC0415
    from workloads.running.temporary import pass_over_open_place  # noqa: PLC0415

    pass_over_open_place()

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
    tell(message)
    if control and sys.stdout is not None:
        document = {"event": "error", "message": message, "exit_code": exit_code}
        try:
            print(json.dumps(document), flush=True)
        except OSError:
            drop_output()
    else:
        drop_output()
    return exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
