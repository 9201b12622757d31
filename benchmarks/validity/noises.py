"""Machines with known noise: the logarithm of how much slower than usual each trial runs.

A trial's own noise, TRIAL_NOISE, comes on top.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

TRIAL_NOISE = 0.02
"""Standard deviation of the log of every trial, on top of what the machine does."""


def steady(chance: np.random.Generator, trials: int) -> Series:
    return np.zeros(trials)


def drifting(chance: np.random.Generator, trials: int) -> Series:
    """A random walk of 1 % per trial, and a wave of ±10 % over 20 to 80 trials."""
    walk = np.cumsum(chance.normal(0, 0.01, trials))
    period, phase = chance.uniform(20, 80), chance.uniform(0, 2 * math.pi)
    return np.asarray(walk + 0.1 * np.sin(2 * math.pi * np.arange(trials) / period + phase))


def bursty(chance: np.random.Generator, trials: int) -> Series:
    """Somebody else's work: begins before 3 % of the trials, lasts 5, costs 10 to 50 %."""
    load = np.zeros(trials)
    for start in np.flatnonzero(chance.random(trials) < 0.03):
        end = start + chance.geometric(1 / 5)
        load[start:end] = np.maximum(load[start:end], math.log(chance.uniform(1.1, 1.5)))
    return load


def bimodal(chance: np.random.Generator, trials: int) -> Series:
    """Three trials in ten run in a mode that is 8 % slower."""
    return np.asarray(math.log(1.08) * (chance.random(trials) < 0.3))


NOISES: dict[str, Callable[[np.random.Generator, int], Series]] = {
    noise.__name__: noise for noise in (steady, drifting, bursty, bimodal)
}
