"""A list that is not all of a kind (maximal marginal relevance, Carbonell and Goldstein 1998)."""

import numpy as np

from daemon.recommend.catalogue import NOBODY, Catalogue, folded

SAME_ARTIST = 1.5  # what each other track of its artist above it costs, in the ranking's logits
SAME_TITLE = 3.0  # and another version of a tune


def varied(catalogue: Catalogue, rows: np.ndarray, logits: np.ndarray, n: int) -> list[int]:
    """Indices of the `n` chosen, in order. The best stays the best."""
    costs = np.zeros(len(rows), np.float32)
    titles = [folded(catalogue.items[row].title) for row in rows]
    left = list(range(len(rows)))
    chosen: list[int] = []
    while left and len(chosen) < n:
        best = max(left, key=lambda i: (logits[i] - costs[i], -i))
        left.remove(best)
        chosen.append(best)
        for i in left:
            artist = catalogue.artists[rows[i]]
            if artist != NOBODY and artist == catalogue.artists[rows[best]]:
                costs[i] += SAME_ARTIST
            if titles[i] and titles[i] == titles[best]:
                costs[i] += SAME_TITLE
    return chosen
