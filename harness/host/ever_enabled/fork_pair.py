"""A program for `probe` that forks children on command and times `getppid` in them alternately.

Started as `python -I -S fork_pair.py`, so that it imports little and starts at once; it knows
nothing of audit. Commands on standard input, one answer line each:

    fork bare|plain N     forks N children into that group       -> `forked`
    time ROUNDS CALLS     times each child in each round         -> {"bare": [[ns, …], …], …}

The child times a loop that stays in C. All run on one CPU, so that whatever slows it affects both
groups alike. End of input ends it and its children.
"""

import json
import os
import sys
from collections import deque
from itertools import repeat, starmap
from time import perf_counter_ns

GROUPS = ("bare", "plain")
Child = tuple[int, int]  # descriptors: command out, answer in


def loop_ns(calls: int) -> int:
    """The time that `calls` calls of getppid take, in ns."""
    pending = starmap(os.getppid, repeat((), calls))
    begin = perf_counter_ns()
    deque(pending, maxlen=0)
    return perf_counter_ns() - begin


def serve(commands: int, answers: int) -> None:
    """Serve as a child: read a count of calls, write their time, until the parent is gone."""
    while command := os.read(commands, 8):
        os.write(answers, loop_ns(int.from_bytes(command, "little")).to_bytes(8, "little"))


def fork_child(others: list[Child]) -> Child:
    """Fork one child, which keeps none of its siblings' descriptors."""
    commands, commands_out = os.pipe()
    answers_in, answers = os.pipe()
    if os.fork() == 0:
        for descriptor in (commands_out, answers_in, *(end for child in others for end in child)):
            os.close(descriptor)
        try:
            serve(commands, answers)
        finally:
            os._exit(0)
    os.close(commands)
    os.close(answers)
    return commands_out, answers_in


def time_round(pairs: list[tuple[Child, Child]], turn: int, calls: int) -> list[list[float]]:
    """Time one round: the two of a pair directly after each other, alternating the first."""
    times: list[list[float]] = [[], []]
    for number, pair in enumerate(pairs):
        for group in (0, 1) if (turn + number) % 2 else (1, 0):
            command, answer = pair[group]
            os.write(command, calls.to_bytes(8, "little"))
            times[group].append(int.from_bytes(os.read(answer, 8), "little") / calls)
    return times


def main() -> None:
    """Read commands until the input ends."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    groups: dict[str, list[Child]] = {name: [] for name in GROUPS}
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        verb, first, second = line.split()
        if verb == "fork":
            for _ in range(int(second)):
                others = [child for group in groups.values() for child in group]
                groups[first].append(fork_child(others))
            print("forked", flush=True)
        else:
            pairs = list(zip(groups["bare"], groups["plain"], strict=True))
            rounds = [time_round(pairs, turn, int(second)) for turn in range(int(first))]
            columns = {
                name: [list(column) for column in zip(*(r[index] for r in rounds), strict=True)]
                for index, name in enumerate(GROUPS)
            }
            print(json.dumps(columns), flush=True)


if __name__ == "__main__":
    main()
