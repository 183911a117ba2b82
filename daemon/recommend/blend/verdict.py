"""What the DJ said of suggestions, and what that says of others: the next list changes at once."""

import numpy as np

from daemon.recommend.catalogue import NOBODY, Catalogue
from daemon.recommend.session import Session

ITSELF = 3.0  # what a thumb adds to its own item, in the ranking's logits
ARTIST = 1.0  # to another of the same artist
LIKE = 1.0  # to what sounds the same


def verdicts(catalogue: Catalogue, session: Session, rows: np.ndarray) -> np.ndarray:
    """float32, one a row, in the ranking's logits. A session's verdicts are few: tens."""
    said = np.zeros(len(rows), np.float32)
    for row, value in session.verdicts.items():
        said += value * ITSELF * (rows == row)
        artist = catalogue.artists[row]
        if artist != NOBODY:
            said += value * ARTIST * (catalogue.artists[rows] == artist)
        said += value * LIKE * _likeness(catalogue, row, rows)
    return said


def _likeness(catalogue: Catalogue, row: int, rows: np.ndarray) -> np.ndarray:
    """0..1: by timbre where that is known, 1 at no distance, half at one standard deviation."""
    squares = (catalogue.timbre[rows] - catalogue.timbre[row]) ** 2
    known = np.isfinite(squares)
    n = known.sum(1)
    apart = np.where(known, squares, 0.0).sum(1) / np.maximum(n, 1)
    return np.where(n > 0, 0.5 ** np.sqrt(apart), 0.0).astype(np.float32)
