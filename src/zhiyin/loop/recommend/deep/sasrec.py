"""SASRec: a small transformer reads what a customer did and foretells what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from zhiyin.loop.recommend.arrays import F32, I32
from zhiyin.loop.recommend.deep.layers import attended, gelu, linear, normed
from zhiyin.loop.recommend.deep.sequential import Sequential
from zhiyin.loop.recommend.interface import Space

if TYPE_CHECKING:
    import torch


class SasRec(Sequential):
    """Kang & McAuley: Self-attentive sequential recommendation, ICDM 2018; with cross-entropy in place of their
    one random item, which makes most of the difference to later models (Klenitskiy & Vasilev, RecSys 2023).

    Its ``blocks`` look back with ``heads`` each; places count from the end of the history.
    """

    PARAMETERS: ClassVar[Space] = {
        "size": (64, 128, 32),
        "blocks": (2, 1),
        "dropout": (0.2, 0.5),
        "jitter": (0.0, 3.0),
        "length": (50, 200),
    }

    def __init__(
        self,
        size: int = 64,
        length: int = 50,
        rate: float = 3e-3,
        dropout: float = 0.2,
        batch: int = 64,
        epochs: int = 30,
        patience: int = 10,
        negatives: int = 0,
        jitter: float = 0.0,
        blocks: int = 2,
        heads: int = 2,
    ) -> None:
        super().__init__(size, length, rate, dropout, batch, epochs, patience, negatives, jitter)
        self.blocks = blocks
        self.heads = heads

    def network(self, items: int) -> torch.nn.Module:
        from zhiyin.loop.recommend.deep.networks import Transformer

        return Transformer(items, self.size, self.length, self.blocks, self.heads, self.dropout)

    def forward(self, items: I32) -> F32:
        own = self.learned_
        x = own["items.weight"][items] * self.size**0.5 + own["places.weight"][: len(items)][::-1]
        for block in range(self.blocks):
            name = f"blocks.{block}"
            x = x + attended(normed(x, own, f"{name}.first"), own, name, self.heads)
            inner = gelu(linear(normed(x, own, f"{name}.second"), own, f"{name}.wide"))
            x = x + linear(inner, own, f"{name}.narrow")
        vector: F32 = normed(x[-1:], own, "last")[0]
        return vector

    def shape(self) -> dict[str, Any]:
        return {**super().shape(), "blocks": self.blocks, "heads": self.heads}
