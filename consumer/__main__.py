"""`python -m consumer`: the built-in audit consumer as a program of its own."""

from __future__ import annotations

import sys

from consumer.arguments import parse_arguments, usage
from consumer.errors import ConsumerError


def main(arguments: list[str]) -> int:
    """Run with these arguments and return the exit code."""
    if "--help" in arguments or "-h" in arguments:
        sys.stdout.write(usage())
        return 0
    try:
        options = parse_arguments(arguments)
        from consumer.run import Run  # noqa: PLC0415 - bad arguments are told without delay

        Run(options).execute()
    except ConsumerError as error:
        return _fail(error, tell="--control" in arguments)
    except BrokenPipeError:
        sys.stderr.close()
    return 0


def _fail(error: ConsumerError, *, tell: bool) -> int:
    sys.stderr.write(f"consumer: {error.line}\n")
    if tell:
        from consumer.control import print_line  # noqa: PLC0415 - errors only

        print_line({"event": "error", "message": error.line, "exit_code": error.exit_code})
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
