"""Power: what a holdout of a given size can show, asked before sending."""

from __future__ import annotations

from math import sqrt

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri


def power(n_message: int, n_holdout: int, rate: float, effect: float, alpha: float = 0.05) -> float:
    """The chance that a difference of ``effect`` is found, two-sided, when the holdout's rate is ``rate``.

    Normal approximation with the pooled variance under no effect and the separate ones under the effect
    (Fleiss 1981).
    """
    treated = rate + effect
    pooled = (treated * n_message + rate * n_holdout) / (n_message + n_holdout)
    null = sqrt(pooled * (1 - pooled) * (1 / n_message + 1 / n_holdout))
    real = sqrt(treated * (1 - treated) / n_message + rate * (1 - rate) / n_holdout)
    if real == 0:
        return 1.0 if effect else alpha
    reach = float(ndtri(1 - alpha / 2)) * null
    return float(ndtr((effect - reach) / real) + ndtr((-effect - reach) / real))


def smallest_effect(
    n_message: int, n_holdout: int, rate: float, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """The smallest rise of a rate that is found with the wanted power; 0.01 is one point.

    None where no rise can be: a group is empty, the rate is not inside 0 and 1, or even everybody buying
    would not be enough.

    >>> round(smallest_effect(9000, 1000, 0.05), 4)
    0.023
    """
    if n_message < 1 or n_holdout < 1 or not 0 < rate < 1:
        return None
    most = 1 - rate
    if _power(n_message, n_holdout, rate, most, alpha) < power:
        return None
    return float(
        brentq(
            lambda effect: _power(n_message, n_holdout, rate, effect, alpha) - power, 0.0, most, xtol=1e-12
        )
    )


def needed_holdout(
    n: int, rate: float, effect: float, power: float = 0.8, alpha: float = 0.05, most: float = 0.5
) -> float | None:
    """The smallest share of n people that must be held out to find that effect; None if ``most`` is too few.

    >>> needed_holdout(10_000, 0.05, 0.02)
    0.133
    """
    smallest, largest = 1, int(n * most)
    if largest < 1 or not 0 < rate < 1 or not 0 < effect <= 1 - rate:
        return None
    if _power(n - largest, largest, rate, effect, alpha) < power:
        return None
    while smallest < largest:
        middle = (smallest + largest) // 2
        if _power(n - middle, middle, rate, effect, alpha) >= power:
            largest = middle
        else:
            smallest = middle + 1
    return largest / n


_power = power  # the functions above have a parameter of that name
