"""`python -m consumer.log FILE…`: the sums of files of audit.log as one JSON document."""

from __future__ import annotations

import json
import sys

from consumer.errors import (
    EXIT_INTERRUPTED,
    ConsumerError,
    HostUnfitError,
    UsageError,
    drop_output,
    tell,
    tell_unexpected,
)
from consumer.log.summary import LogSums, read_logs
from consumer.log.tables import KINDS


def _print_sums(arguments: list[str]) -> None:
    if sys.stdout is None:
        raise HostUnfitError("standard output is closed", "give it a place to print to")
    if not arguments or any(word.startswith("--") for word in arguments):
        raise UsageError("files of audit.log are wanted", "python -m consumer.log FILE… or -")
    sums = LogSums(KINDS)
    read_logs(arguments, sums)
    sums.check()
    sys.stdout.write(json.dumps(sums.document()) + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Read the files named and print the document."""
    try:
        _print_sums(arguments)
    except ConsumerError as error:
        tell(error.line)
        return error.exit_code
    except BrokenPipeError:
        drop_output()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        drop_output()
        return tell_unexpected(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
