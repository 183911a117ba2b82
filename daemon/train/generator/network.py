"""The phrase network: a small causal Transformer that foretells a note in three choices, and copies what repeats.

Attention as in Vaswani et al. (2017), with rotary positions (Su et al., 2021) that count notes in half of the heads and
quarters of musical time in the others, so that "four bars ago" is a place to look at. At each choice the symbols that
`daemon.generate.deep.copying` puts forward get a bonus that the network sets (a pointer mixture in the logits).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from daemon.generate.deep.alphabet import CANDIDATES, DURATION, NOTHING, PITCH, PITCHES, TOKEN, Fields

PARTS, LOUDNESSES = 5, 9


class Size(NamedTuple):
    """Of a network."""

    width: int = 160
    layers: int = 4
    heads: int = 5
    inner: int = 448  # of a layer's second half
    head: int = 224  # of what turns the trunk's word into a choice


class Lookup(nn.Module):
    """Integer fields, each looked up in its part of one table, and summed: (..., fields) -> (..., width)."""

    begins: Tensor

    def __init__(self, fields: Fields, width: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(fields.rows, width) * 0.05)
        self.register_buffer("begins", torch.as_tensor(fields.begins), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        flat = (values + self.begins).reshape(-1, values.shape[-1])
        if torch.onnx.is_in_onnx_export():
            return self.table[flat].sum(1).reshape(*values.shape[:-1], -1)
        return nn.functional.embedding_bag(flat, self.table, mode="sum").reshape(*values.shape[:-1], -1)


class Norm(nn.RMSNorm):
    """Root mean square (Zhang and Sennrich, 2019); written out where ONNX has no such operator."""

    def __init__(self, width: int) -> None:
        super().__init__(width, 1e-5)

    def forward(self, x: Tensor) -> Tensor:
        if torch.onnx.is_in_onnx_export():
            return x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * self.weight  # as ONNX Runtime fuses it
        return super().forward(x)


class Layer(nn.Module):
    """Attention, then a small network, each on a normed input and added to it."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.heads = size.heads
        self.norm_1, self.norm_2 = Norm(size.width), Norm(size.width)
        self.attend = nn.Linear(size.width, 3 * size.width, bias=False)
        self.out = nn.Linear(size.width, size.width, bias=False)
        self.up, self.down = nn.Linear(size.width, size.inner), nn.Linear(size.inner, size.width)

    def keys(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys (both turned to their place) and values: (batch, heads, n, width of a head)."""
        batch, n, width = x.shape
        all_heads = self.attend(self.norm_1(x)).reshape(batch, n, 3 * self.heads, width // self.heads).transpose(1, 2)
        placed = turned(all_heads[:, : 2 * self.heads], cos, sin)
        return placed[:, : self.heads], placed[:, self.heads :], all_heads[:, 2 * self.heads :]

    def rest(self, x: Tensor, seen: Tensor, drop: nn.Module) -> Tensor:
        """What attention saw, (batch, heads, n, width of a head), to the layer's output."""
        batch, _, n, _ = seen.shape
        x = x + drop(self.out(seen.transpose(1, 2).reshape(batch, n, -1)))
        return x + drop(self.down(gelu(self.up(self.norm_2(x)))))


def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions: cos and sin of shape (batch or 1, queries and keys, n, half the width of a head)."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)


class Choice(nn.Module):
    """From the trunk's word and what is known since to the logits of one choice."""

    def __init__(self, fields: Fields | None, size: Size, symbols: int) -> None:
        super().__init__()
        self.lookup = Lookup(fields, size.width) if fields else None
        self.norm = Norm(size.width)
        self.hidden, self.out = nn.Linear(size.width, size.head), nn.Linear(size.head, symbols)
        self.trust = nn.Linear(size.head, CANDIDATES)
        self.symbols = symbols

    def think(self, word: Tensor, known: Tensor | None, drop: nn.Module) -> Tensor:
        """(..., width) to (..., head)."""
        x = word if known is None or self.lookup is None else word + self.lookup(known)
        return drop(gelu(self.hidden(self.norm(x))))

    def copied(self, thought: Tensor, candidates: Tensor) -> Tensor:
        """The bonus of each symbol: candidates (..., CANDIDATES) beyond the symbols are none."""
        bonus = self.trust(thought).unsqueeze(-1)
        there = candidates.unsqueeze(-1) == torch.arange(self.symbols, device=thought.device)
        return (bonus * there).sum(-2)


class Phrase(nn.Module):
    """The whole network."""

    speed: Tensor
    which: Tensor

    def __init__(self, size: Size | None = None, dropout: float = 0.1) -> None:
        super().__init__()
        size = size or Size()
        self.size = size
        self.lookup = Lookup(TOKEN, size.width)
        self.stack = [Layer(size) for _ in range(size.layers)]
        self.layers = nn.ModuleList(self.stack)
        self.norm = Norm(size.width)
        self.time = Choice(None, size, NOTHING)
        self.part = nn.Linear(size.head, PARTS)
        self.pitch = Choice(PITCH, size, PITCHES)
        self.interval = nn.Linear(size.head, 2 * PITCHES)
        self.duration = Choice(DURATION, size, NOTHING)
        self.loudness = nn.Linear(size.head, LOUDNESSES)
        self.drop = nn.Dropout(dropout)
        half = size.width // size.heads // 2
        speeds = torch.arange(half) / half
        by_note = 1.0 / 1000.0**speeds
        by_quarter = 6.2831853 / (0.5 * 256.0**speeds)  # periods of half a quarter to 128 quarters
        which = torch.arange(size.heads) % 2
        self.register_buffer("speed", torch.where(which[:, None] == 0, by_note, by_quarter), persistent=False)
        self.register_buffer("which", which, persistent=False)

    def angles(self, at: Tensor) -> tuple[Tensor, Tensor]:
        """at (batch, n, 2), number of the note and quarters: cos and sin of queries and keys, (batch, 2 heads, n, half)."""
        place = torch.where(self.which[:, None] == 0, at[:, None, :, 0], at[:, None, :, 1])
        angle = (place[..., None] * self.speed[:, None]).repeat(1, 2, 1, 1)
        return angle.cos(), angle.sin()

    def trunk(self, token: Tensor, at: Tensor) -> Tensor:
        """token int (batch, n, fields), at float (batch, n, 2): a word for each note, (batch, n, width)."""
        x = self.drop(self.lookup(token))
        cos, sin = self.angles(at)
        for layer in self.stack:
            q, k, v = layer.keys(x, cos.to(x.dtype), sin.to(x.dtype))
            x = layer.rest(x, scaled_dot_product_attention(q, k, v, is_causal=True), self.drop)
        return self.norm(x)

    def times(self, word: Tensor, candidates: Tensor) -> Tensor:
        """Logits of the time: (..., NOTHING)."""
        thought = self.time.think(word, None, self.drop)
        return self.time.out(thought) + self.time.copied(thought, candidates)

    def parts(self, word: Tensor, time: Tensor) -> Tensor:
        """Logits of the part, once the time is chosen: (..., PARTS)."""
        assert self.pitch.lookup is not None
        x = word + self.pitch.lookup.table[time]  # the field of the time comes first
        return self.part(gelu(self.pitch.hidden(self.pitch.norm(x))))

    def pitches(self, word: Tensor, known: Tensor, candidates: Tensor, last: Tensor) -> Tensor:
        """Logits of the pitch, (..., PITCHES); `last` (...) is the one before (PITCHES: none), counted as all are."""
        thought = self.pitch.think(word, known, self.drop)
        by_interval = self.interval(thought)
        place = torch.arange(PITCHES, device=word.device) + PITCHES - last.unsqueeze(-1)
        logits = self.pitch.out(thought) + by_interval.gather(-1, place.clamp(0, 2 * PITCHES - 1))
        return logits + self.pitch.copied(thought, candidates)

    def durations(self, word: Tensor, known: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the duration, (..., NOTHING), and of the loudness, (..., LOUDNESSES)."""
        thought = self.duration.think(word, known, self.drop)
        return self.duration.out(thought) + self.duration.copied(thought, candidates), self.loudness(thought)
