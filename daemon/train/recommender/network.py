"""The session network: an item encoder with content in it, and a gated recurrent unit over what was played.

GRU4Rec (Hidasi et al. 2016; Hidasi and Karatzoglou 2018: sampled softmax with additional negatives), its item table
tied to its output (Inan et al. 2017), with content added to each item's own vector and that vector dropped at random
(DropoutNet, Volkovs et al. 2017), so that an item nobody has played stands near what sounds and is called like it.
"""

import torch
from torch import nn

from daemon.recommend.deep.features import BUCKETS, MAX_POSITION, N_NUMBERS
from daemon.recommend.deep.model import HIDDEN, SIZE


class ItemEncoder(nn.Module):
    """Items to vectors of `size` + 1 numbers: the last one is how much an item is played at all."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.words = nn.Embedding(BUCKETS, size, padding_idx=0)
        self.sound = nn.Sequential(nn.Linear(N_NUMBERS, 64), nn.GELU(), nn.Linear(64, size))
        self.norm = nn.LayerNorm(size)
        self.liked = nn.Linear(size, 1)
        nn.init.normal_(self.words.weight, std=0.02)
        with torch.no_grad():
            self.words.weight[0] = 0.0

    def forward(self, numbers: torch.Tensor, tokens: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        """(n, N_NUMBERS), (n, N_TOKENS), and the items' own vectors (n, size + 1), 0 for none -> (n, size + 1)."""
        content = self.sound(numbers) + self.words(tokens).sum(1)
        vector = self.norm(content + own[:, :-1])
        return torch.cat([vector, self.liked(vector) + own[:, -1:]], 1)


class Step(nn.Module):
    """One played item: its vector and the state before -> the state after and what is looked for next."""

    def __init__(self, size: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.position = nn.Embedding(MAX_POSITION, size)
        self.drop = nn.Dropout(dropout)
        self.unit = nn.GRU(size, hidden, batch_first=True)
        self.out = nn.Sequential(nn.Dropout(dropout), nn.Linear(hidden + size, size))
        nn.init.normal_(self.position.weight, std=0.02)

    def forward(
        self, items: torch.Tensor, position: torch.Tensor, state: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(b, t, size + 1), (b, t) or (t,), (1, b, hidden) -> queries (b, t, size + 1), and the state after.

        A query's inner product with an item's vector is that item's score.
        """
        seen = self.drop(items[..., :-1] + self.position(position.clamp(max=MAX_POSITION - 1)))
        told, state = self.unit(seen, state)
        query = self.out(torch.cat([told, seen], -1))
        return torch.cat([query, torch.ones_like(query[..., :1])], -1), state


class Network(nn.Module):
    """Both, and the items' own vectors."""

    def __init__(self, n_items: int, size: int = SIZE, hidden: int = HIDDEN, dropout: float = 0.25) -> None:
        super().__init__()
        self.encoder = ItemEncoder(size)
        self.step = Step(size, hidden, dropout)
        self.own = nn.Embedding(n_items, size + 1, sparse=True)
        self.size, self.hidden = size, hidden
        nn.init.normal_(self.own.weight, std=0.1)
        with torch.no_grad():
            self.own.weight[:, -1] = 0.0
