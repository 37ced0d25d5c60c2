"""GRU4Rec: a recurrent network reads what a customer did and foretells what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zhiyin.loop.recommend.arrays import F32, I32
from zhiyin.loop.recommend.deep.layers import linear, remembered
from zhiyin.loop.recommend.deep.sequential import Sequential
from zhiyin.loop.recommend.interface import Space

if TYPE_CHECKING:
    import torch


class Gru4Rec(Sequential):
    """Hidasi et al.: Session-based recommendations with recurrent neural networks, ICLR 2016; with cross-entropy,
    as their later work found best (Hidasi & Karatzoglou, CIKM 2018). One layer of gated units, then its items."""

    PARAMETERS: ClassVar[Space] = {
        "size": (64, 128, 32),
        "dropout": (0.2, 0.5),
        "jitter": (0.0, 3.0),
        "length": (50, 20),
    }

    def network(self, items: int) -> torch.nn.Module:
        from zhiyin.loop.recommend.deep.networks import Recurrent

        return Recurrent(items, self.size, self.dropout)

    def forward(self, items: I32) -> F32:
        own = self.learned_
        states = remembered(own["items.weight"][items], own, "cell")
        return linear(states[-1], own, "out")
