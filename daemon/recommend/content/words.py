"""What items are called: genre, tags (labels and crates among them) and artists; rare words say more than common ones.

Each item is a vector of its words' inverse document frequencies (Spärck Jones, 1972), of length 1; the set's is the mean
of its items'. The score is their cosine: 0 where nothing is shared. Words lead to rows by an inverted index.
"""

import re

import numpy as np
from numba import njit

from daemon.recommend.catalogue import Catalogue, folded

_BETWEEN_ARTISTS = re.compile(r"\s*(?:[,;/&+]|\bfeat\b\.?|\bft\b\.?|\bfeaturing\b|\bvs\b\.?|\bx\b)\s*", re.IGNORECASE)


def spoken(catalogue: Catalogue, row: int) -> list[str]:
    """A row's words, each once, as they are shown."""
    item = catalogue.items[row]
    names = sorted(catalogue.genres[row])
    names += [name for tag in item.tags if (name := folded(tag))]
    names += [f"artist {name}" for part in _BETWEEN_ARTISTS.split(item.artist) if (name := folded(part))]
    return list(dict.fromkeys(names))


class Words:
    """The words of a catalogue, both ways. Memory: about 16 bytes a word of an item. [any]"""

    def __init__(self, catalogue: Catalogue) -> None:
        known: dict[str, int] = {}
        starts, numbers = np.zeros(len(catalogue) + 1, np.int64), []
        for row in range(len(catalogue)):
            numbers += [known.setdefault(word, len(known)) for word in spoken(catalogue, row)]
            starts[row + 1] = len(numbers)
        self.names = list(known)
        self.starts = starts  # of a row's words in `numbers`
        self.numbers = np.array(numbers, np.int32)
        counts = np.bincount(self.numbers, minlength=len(known))
        self.rarity = np.log((1 + len(catalogue)) / np.maximum(counts, 1)).astype(np.float32)
        weights = self.rarity[self.numbers]
        squares = np.add.reduceat(np.append(weights, 0.0) ** 2, starts[:-1]) if len(catalogue) else np.zeros(0)
        length = np.sqrt(np.where(np.diff(starts) > 0, squares, 1.0))
        of_row = np.repeat(np.arange(len(catalogue), dtype=np.int32), np.diff(starts))
        self.weights = (weights / length[of_row]).astype(np.float32)  # beside `numbers`; of length 1 in each row
        order = np.argsort(self.numbers, kind="stable")
        self.places = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)  # of a word's rows in `rows`
        self.rows = of_row[order]
        self.row_weights = self.weights[order]

    def of_set(self, rows: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(words, int32; their weights in the set, float32, of length 1): rows int64, shares float64 above 0."""
        n_words = self.starts[rows + 1] - self.starts[rows]
        places = np.repeat(self.starts[rows + 1] - np.cumsum(n_words), n_words) + np.arange(n_words.sum())
        words, inverse = np.unique(self.numbers[places], return_inverse=True)
        weights = np.bincount(inverse, self.weights[places] * np.repeat(shares, n_words), len(words))
        return words, (weights / max(float(np.sqrt(weights @ weights)), 1e-9)).astype(np.float32)

    def shared(self, row: int, words: np.ndarray, weights: np.ndarray) -> tuple[float, list[str]]:
        """(the cosine of a row and a set, the words both have, the most telling first)."""
        by_word = dict(zip(words.tolist(), weights.tolist(), strict=True))
        both = []
        for place in range(self.starts[row], self.starts[row + 1]):
            word = int(self.numbers[place])
            if word in by_word:
                both.append((by_word[word] * float(self.weights[place]), word))
        both.sort(key=lambda pair: (-pair[0], pair[1]))
        return min(1.0, sum(value for value, _ in both)), [self.names[word] for _, word in both]


@njit(cache=True, nogil=True, error_model="numpy")
def shared_by(these, words, weights, starts, numbers, row_weights, out):
    """The cosine of each of `these` rows and a set, into `out`; `words` in order."""
    for i in range(len(these)):
        total = np.float32(0.0)
        for place in range(starts[these[i]], starts[these[i] + 1]):
            at = np.searchsorted(words, numbers[place])
            if at < len(words) and words[at] == numbers[place]:
                total += weights[at] * row_weights[place]
        out[i] = min(np.float32(1.0), total)


@njit(cache=True, nogil=True, error_model="numpy")
def add_shared(words, weights, places, rows, row_weights, out):
    """Adds each row's cosine to `out` (float32, zeros)."""
    for i in range(len(words)):
        word = words[i]
        for place in range(places[word], places[word + 1]):
            out[rows[place]] += weights[i] * row_weights[place]


def text(names: list[str]) -> str:
    """`shares deep house, artist drexciya with the set`."""
    return f"shares {', '.join(names[:3])} with the set"
