"""The best so far, while rows pass: a heap with its worst on top. Of equal scores the lower row is the better."""

from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def _worse(scores, rows, a, b):
    return scores[a] < scores[b] or (scores[a] == scores[b] and rows[a] > rows[b])


@njit(cache=True, nogil=True, error_model="numpy")
def push(scores, rows, n, score, row):
    """One in, and where it was full the worst out; `n` is how many it holds, and what is returned is how many it then does.

    The arrays' length is how many it can hold. Whether a row is good enough for a full heap is the caller's to ask.
    """
    if n < len(rows):
        at = n
        scores[at], rows[at] = score, row
        while at > 0 and _worse(scores, rows, at, (at - 1) // 2):
            above = (at - 1) // 2
            scores[at], scores[above] = scores[above], scores[at]
            rows[at], rows[above] = rows[above], rows[at]
            at = above
        return n + 1
    scores[0], rows[0] = score, row
    at = 0
    while True:
        worst = at
        for below in (2 * at + 1, 2 * at + 2):
            if below < n and _worse(scores, rows, below, worst):
                worst = below
        if worst == at:
            return n
        scores[at], scores[worst] = scores[worst], scores[at]
        rows[at], rows[worst] = rows[worst], rows[at]
        at = worst
