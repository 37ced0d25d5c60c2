"""Sequential looks: intervals that stay honest however often one looks before the window closes."""

from __future__ import annotations

from math import log, sqrt


def reach(fraction: float, level: float = 0.95) -> float:
    """How many standard errors an interval must reach to hold at every look at once.

    The error of an estimate that collects responses is close to a Brownian motion in its variance. The
    normal mixture boundary (Robbins 1970; Waudby-Smith et al. 2021 for estimated variances) contains the
    whole path with the wanted probability, so looking every day finds no effects that are not there.
    ``fraction`` is how much of the information has come in, about the share of the window that has passed;
    the boundary is tightest at its end, and is conservative where responses come early.

    >>> round(reach(1.0), 2), round(reach(0.1), 2)
    (3.03, 3.85)
    """
    if not 0 < level < 1:
        raise ValueError("level must lie between 0 and 1")
    budget = -2 * log(1 - level)
    head = 1 / (budget + log(budget + 1))  # makes the boundary tightest at fraction 1
    share = min(max(fraction, 1e-3), 1.0)
    return sqrt((1 + head / share) * (log(1 + share / head) + budget))
