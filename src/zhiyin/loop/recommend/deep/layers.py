"""The layers of small networks in NumPy, as PyTorch has them: what serving needs."""

from __future__ import annotations

import numpy as np
from scipy.special import erf, expit

from zhiyin.loop.recommend.arrays import F32, I32, I64
from zhiyin.loop.recommend.interface import Arrays
from zhiyin.loop.recommend.queries import Queries

_EPSILON = np.float32(1e-5)


def linear(x: F32, arrays: Arrays, name: str) -> F32:
    """``x Wᵀ + b``."""
    return np.asarray(x @ arrays[f"{name}.weight"].T + arrays[f"{name}.bias"], dtype=np.float32)


def normed(x: F32, arrays: Arrays, name: str) -> F32:
    """Each row with mean 0 and variance 1, then scaled and moved (Ba, Kiros & Hinton 2016)."""
    middle = x.mean(axis=-1, keepdims=True)
    spread = np.sqrt(((x - middle) ** 2).mean(axis=-1, keepdims=True) + _EPSILON)
    return np.asarray((x - middle) / spread * arrays[f"{name}.weight"] + arrays[f"{name}.bias"], np.float32)


def gelu(x: F32) -> F32:
    """``x Φ(x)`` (Hendrycks & Gimpel 2016)."""
    return np.asarray(0.5 * x * (1 + erf(x / np.sqrt(2))), dtype=np.float32)


def relu(x: F32) -> F32:
    """What is above nothing."""
    return np.maximum(x, np.float32(0))


def attended(x: F32, arrays: Arrays, name: str, heads: int) -> F32:
    """What each step makes of itself and those before it: one sequence, steps x size (Vaswani et al. 2017)."""
    steps, size = x.shape
    asked, offered, told = (
        part.reshape(steps, heads, size // heads).transpose(1, 0, 2)
        for part in np.split(linear(x, arrays, f"{name}.parts"), 3, axis=1)
    )
    fits = asked @ offered.transpose(0, 2, 1) / np.float32(np.sqrt(size // heads))
    fits[:, np.triu(np.ones((steps, steps), dtype=np.bool_), 1)] = -np.inf
    shares = np.exp(fits - fits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return linear((shares @ told).transpose(1, 0, 2).reshape(steps, size), arrays, f"{name}.out")


def remembered(x: F32, arrays: Arrays, name: str) -> F32:
    """The state after each step of a gated recurrent unit (Cho et al. 2014), in PyTorch's order of gates."""
    size = arrays[f"{name}.weight_hh_l0"].shape[1]
    seen = x @ arrays[f"{name}.weight_ih_l0"].T + arrays[f"{name}.bias_ih_l0"]
    state, states = np.zeros(size, dtype=np.float32), []
    for step in seen:
        held = arrays[f"{name}.weight_hh_l0"] @ state + arrays[f"{name}.bias_hh_l0"]
        reset = expit(step[:size] + held[:size])
        keep = expit(step[size : 2 * size] + held[size : 2 * size])
        new = np.tanh(step[2 * size :] + reset * held[2 * size :])
        state = np.asarray((1 - keep) * new + keep * state, dtype=np.float32)
        states.append(state)
    return np.stack(states)


def latest(asked: Queries, row: int, length: int) -> tuple[I32, I64]:
    """The last items of one question, oldest first, and their places in its history.

    What happens to the same item at once, such as a view and then a purchase, is one step.
    """
    start, end = asked.indptr[row : row + 2].tolist()
    items = asked.item[start:end]
    places = np.flatnonzero(steps(items, asked.kind[start:end]))[-length:]
    return items[places], places


def steps(items: I32, kinds: np.ndarray) -> np.ndarray:
    """Which events of one history are a step: all but another kind of event with the item of the event before."""
    found = np.ones(len(items), dtype=np.bool_)
    found[1:] = (items[1:] != items[:-1]) | (kinds[1:] == kinds[:-1])
    return found
