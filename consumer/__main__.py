"""`python -m consumer`: the built-in audit consumer as a program of its own."""

from __future__ import annotations

import sys

from consumer.arguments import parse_arguments, usage
from consumer.errors import (
    EXIT_INTERRUPTED,
    ConsumerError,
    HostUnfitError,
    drop_output,
    tell,
    tell_unexpected,
)


def main(arguments: list[str]) -> int:
    """Run with these arguments and return the exit code."""
    try:
        return _run(arguments)
    except ConsumerError as error:
        return _fail(error, to_caller="--control" in arguments)
    except BrokenPipeError:
        drop_output()
        return 0
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        drop_output()
        return tell_unexpected(error)


def _run(arguments: list[str]) -> int:
    if sys.stdout is None:
        raise HostUnfitError("standard output is closed", "give it a place to print to")
    if "--help" in arguments or "-h" in arguments:
        sys.stdout.write(usage())
        sys.stdout.flush()
        return 0
    options = parse_arguments(arguments)
    from consumer.run import Run  # noqa: PLC0415 - bad arguments are told without delay

    Run(options).execute()
    return 0


def _fail(error: ConsumerError, *, to_caller: bool) -> int:
    tell(error.line)
    if to_caller and sys.stdout is not None:
        from consumer.control import print_line  # noqa: PLC0415 - errors only

        try:
            print_line({"event": "error", "message": error.line, "exit_code": error.exit_code})
        except OSError:
            drop_output()
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
