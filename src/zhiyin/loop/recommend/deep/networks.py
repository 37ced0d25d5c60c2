"""The networks as PyTorch teaches them; the names of their parts are those by which NumPy finds the weights."""

from __future__ import annotations

import torch
from torch import nn


class Transformer(nn.Module):
    """Items (batch x steps, the last number for none) → vectors (batch x steps x size)."""

    def __init__(self, items: int, size: int, length: int, blocks: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.none, self.scale = items, size**0.5
        self.items = nn.Embedding(items + 1, size, padding_idx=items)
        self.places = nn.Embedding(length, size)
        self.blocks = nn.ModuleList(_Block(size, heads, dropout) for _ in range(blocks))
        self.last = nn.LayerNorm(size)
        self.drop = nn.Dropout(dropout)
        for table in (self.items, self.places):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        """Each step sees itself and what came before it."""
        steps = seen.shape[1]
        places = torch.arange(steps - 1, -1, -1)
        x = self.drop(self.items(seen) * self.scale + self.places(places))
        there = seen != self.none
        later = torch.ones(steps, steps, dtype=torch.bool).triu(1)
        hidden = later[None] | ~there[:, None, :]
        hidden = (
            hidden & ~torch.eye(steps, dtype=torch.bool)[None]
        )  # who is filled up sees itself: no empty sum
        for block in self.blocks:
            x = block(x, hidden)
        found: torch.Tensor = self.last(x)
        return found


class _Block(nn.Module):
    def __init__(self, size: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(size), nn.LayerNorm(size)
        self.parts, self.out = nn.Linear(size, 3 * size), nn.Linear(size, size)
        # no wider than the vectors, as Kang & McAuley have it: half the time, and on real data nothing is lost
        self.wide, self.narrow = nn.Linear(size, size), nn.Linear(size, size)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        batch, steps, size = x.shape
        asked, offered, told = (
            part.reshape(batch, steps, self.heads, -1).transpose(1, 2)
            for part in self.parts(self.first(x)).chunk(3, dim=2)
        )
        seen = nn.functional.scaled_dot_product_attention(asked, offered, told, attn_mask=~hidden[:, None])
        x = x + self.drop(self.out(seen.transpose(1, 2).reshape(batch, steps, size)))
        inner = self.narrow(self.drop(nn.functional.gelu(self.wide(self.second(x)))))
        found: torch.Tensor = x + self.drop(inner)
        return found


class Recurrent(nn.Module):
    """Items (batch x steps, the last number for none) → vectors (batch x steps x size)."""

    def __init__(self, items: int, size: int, dropout: float) -> None:
        super().__init__()
        self.none = items
        self.items = nn.Embedding(items + 1, size, padding_idx=items)
        self.cell = nn.GRU(size, size, batch_first=True)
        self.out = nn.Linear(size, size)
        self.drop = nn.Dropout(dropout)
        nn.init.normal_(self.items.weight, std=0.02)

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        """The state after each step. What fills up stands before the history and is not read."""
        there = (seen != self.none).sum(dim=1)
        steps = seen.shape[1]
        # histories stand at the right; the cell reads from the left, so each is moved there and back
        shift = (torch.arange(steps)[None] + (steps - there)[:, None]) % steps
        states, _ = self.cell(self.drop(self.items(seen.gather(1, shift))))
        back = (torch.arange(steps)[None] + there[:, None]) % steps
        states = states.gather(1, back[:, :, None].expand_as(states))
        found: torch.Tensor = self.out(self.drop(states))
        return found


class Tastes(nn.Module):
    """Tastes (... x 2 size) and items (...) → how well they go together: a product beside two layers."""

    def __init__(self, items: int, size: int, dropout: float) -> None:
        super().__init__()
        self.size = size
        self.taken, self.items = nn.Embedding(items, 2 * size), nn.Embedding(items, 2 * size)
        self.bias = nn.Embedding(items, 1)
        self.first, self.beside = nn.Linear(size, size, bias=False), nn.Linear(size, size)
        self.second, self.out = nn.Linear(size, size // 2), nn.Linear(size + size // 2, 1, bias=False)
        self.drop = nn.Dropout(dropout)
        nn.init.zeros_(self.bias.weight)
        nn.init.ones_(self.out.weight)  # at first it is a plain product
        for table in (self.taken, self.items):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, tastes: torch.Tensor, items: torch.Tensor) -> torch.Tensor:
        """One score for each item."""
        tastes, vectors = self.drop(tastes), self.drop(self.items(items))
        product = tastes[..., : self.size] * vectors[..., : self.size]
        inner = torch.relu(self.first(tastes[..., self.size :]) + self.beside(vectors[..., self.size :]))
        inner = torch.relu(self.second(self.drop(inner)))
        shape = (*inner.shape[:-1], self.size)
        both = torch.cat([product.expand(shape), inner], dim=-1)
        found: torch.Tensor = self.out(both)[..., 0] + self.bias(items)[..., 0]
        return found
