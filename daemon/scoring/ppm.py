"""Prediction by partial matching: a Markov model of every order at once, which counts what followed each context.

A symbol's probability mixes that of the longest context that has been seen with that of the next shorter one, and so on
down to all symbols alike; a context that has seen many different symbols passes more on (escape method C, interpolated:
Cleary & Witten, Data compression using adaptive coding and partial string matching, 1984; Moffat 1990;
for music Pearce, The construction and evaluation of statistical models of melodic structure, 2005, chapter 6). With
update exclusion a symbol is counted in a context only where no longer context knew it.

What a context is, is the caller's: a row of hashes, shortest first, 0 where the piece has not gone on for that long.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

compiled = njit(cache=True, nogil=True, error_model="numpy")

ESCAPE = 2.0
"""How often a context is taken to bring what it has not brought, for each different symbol it has brought once or more.
Method C's is 1; melodies vary more than text, for which it was made (chosen on `dev`)."""

EMPTY = np.uint64(0)
"""No context: the hash that ends a row, and marks a free slot."""


class Table(NamedTuple):
    """What has been counted. Contexts lie in open addressing; each heads a linked list of the symbols that followed."""

    keys: np.ndarray  # uint64 (a power of two,): the context's hash, 0 = free
    heads: np.ndarray  # int32: its first symbol's place in the lists, -1 = none
    totals: np.ndarray  # int32: how often a symbol was counted in it
    kinds: np.ndarray  # int32: how many different ones
    symbols: np.ndarray  # int16 (most entries,)
    counts: np.ndarray  # int32
    nexts: np.ndarray  # int32: place of the list's next, -1 = the last
    used: np.ndarray  # int64 (1,): entries in use


def table(most: int) -> Table:
    """An empty table with room for `most` pairs of context and symbol."""
    slots = 1 << max(4, int(np.ceil(np.log2(max(most, 1) * 1.5))))
    return Table(
        np.zeros(slots, np.uint64),
        np.full(slots, -1, np.int32),
        np.zeros(slots, np.int32),
        np.zeros(slots, np.int32),
        np.zeros(most, np.int16),
        np.zeros(most, np.int32),
        np.full(most, -1, np.int32),
        np.zeros(1, np.int64),
    )


@compiled
def _slot(known: Table, context: np.uint64) -> int:
    """Where a context is, or would be."""
    mask = np.uint64(len(known.keys) - 1)
    at = (context ^ (context >> np.uint64(32))) & mask
    while known.keys[at] != EMPTY and known.keys[at] != context:
        at = (at + np.uint64(1)) & mask
    return int(at)


@compiled
def learn(known: Table, contexts: np.ndarray, symbol: int, exclusion: bool) -> None:
    """Count that `symbol` followed `contexts` (uint64, shortest first)."""
    for order in range(len(contexts) - 1, -1, -1):
        if contexts[order] == EMPTY:
            continue
        at = _slot(known, contexts[order])
        known.keys[at] = contexts[order]
        entry = known.heads[at]
        while entry >= 0 and known.symbols[entry] != symbol:
            entry = known.nexts[entry]
        known.totals[at] += 1
        if entry >= 0:
            known.counts[entry] += 1
            if exclusion:
                return
        else:
            entry = known.used[0]
            known.used[0] += 1
            known.symbols[entry], known.counts[entry] = symbol, 1
            known.nexts[entry], known.heads[at] = known.heads[at], entry
            known.kinds[at] += 1


@compiled
def predict(known: Table, contexts: np.ndarray, shift: int, out: np.ndarray) -> None:
    """Fill `out` with the probability of each of its symbols after `contexts`; they sum to 1.

    What was counted as symbol s stands for s + `shift` here (an interval, for a pitch); what falls outside is left out.
    """
    out[:] = 1.0 / len(out)
    for order in range(len(contexts)):
        if contexts[order] == EMPTY:
            break
        at = _slot(known, contexts[order])
        if known.keys[at] == EMPTY:
            break
        total, rest = known.totals[at], ESCAPE * known.kinds[at]
        out *= rest / (total + rest)
        entry = known.heads[at]
        while entry >= 0:
            symbol = known.symbols[entry] + shift
            if 0 <= symbol < len(out):
                out[symbol] += known.counts[entry] / (total + rest)
            entry = known.nexts[entry]
    out /= out.sum()


@compiled
def mix(each: np.ndarray, bias: float, out: np.ndarray) -> None:
    """Combine distributions `each` (models, symbols) in `out`: their geometric mean, the surer the heavier.

    A model weighs (its entropy / the greatest there could be) ^ -bias (Pearce, Conklin & Wiggins, Methods for combining
    statistical models of music, 2004).
    """
    models, symbols = each.shape
    out[:] = 0.0
    weights = 0.0
    for model in range(models):
        entropy = 0.0
        for symbol in range(symbols):
            p = each[model, symbol]
            if p > 0.0:
                entropy -= p * np.log(p)
        weight = max(entropy / np.log(symbols), 1e-3) ** -bias
        weights += weight
        for symbol in range(symbols):
            out[symbol] += weight * np.log(max(each[model, symbol], 1e-30))
    for symbol in range(symbols):
        out[symbol] = np.exp(out[symbol] / weights)
    out /= out.sum()
