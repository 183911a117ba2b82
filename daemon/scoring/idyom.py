"""What a listener expects of a melody, as IDyOM says it: from all music heard before, and from this piece so far.

Pearce, The construction and evaluation of statistical models of melodic structure in music perception and composition,
2005; Pearce, Statistical learning and probabilistic prediction in music cognition, 2018. A long-term model has learnt
the training pieces, a short-term one learns the piece as it goes, and both look at it from several viewpoints (`ppm`,
`viewpoints`). Their distributions are combined by their entropies: first the viewpoints, then long and short term.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from daemon.scoring import ppm
from daemon.scoring.viewpoints import BIGRAM, SYMBOLS, UNIGRAM, VIEWS, Line, Seen, View, seen

LONG_ORDER = 5
"""Notes that the long-term model looks back; more are of little use to it (chosen on `dev`, as what follows)."""

SHORT_ORDER = 8
"""And the short-term model."""

VIEW_BIAS = 0.0
TERM_BIAS = 1.0
"""How much more a model counts the surer it is (`ppm.mix`), among the viewpoints and between the terms."""

PROGRAMS = ("unigram", "bigram", "PPM long-term", "PPM short-term", "PPM both")


@ppm.compiled
def _learn(known: ppm.Table, contexts: np.ndarray, symbols: np.ndarray) -> None:
    for note in range(len(symbols)):
        ppm.learn(known, contexts[note], symbols[note], True)


@ppm.compiled
def _foretell(known: ppm.Table, contexts: np.ndarray, shift: np.ndarray, out: np.ndarray) -> None:
    for note in range(len(shift)):
        ppm.predict(known, contexts[note], shift[note], out[note])


@ppm.compiled
def _foretell_and_learn(
    known: ppm.Table, contexts: np.ndarray, symbols: np.ndarray, shift: np.ndarray, out: np.ndarray
) -> None:
    for note in range(len(shift)):
        ppm.predict(known, contexts[note], shift[note], out[note])
        ppm.learn(known, contexts[note], symbols[note], True)


@ppm.compiled
def _mix(each: np.ndarray, bias: float, out: np.ndarray) -> None:
    for note in range(each.shape[1]):
        ppm.mix(each[:, note], bias, out[note])


def _mixed(each: np.ndarray, bias: float) -> np.ndarray:
    out = np.empty(each.shape[1:])
    _mix(each, bias, out)
    return out


class Model:
    """Of one of a note's symbols, from some viewpoints. [any]"""

    def __init__(self, target: str, views: Sequence[View], lines: Sequence[Line]) -> None:
        """Learns `lines` for good."""
        self._target, self._views = target, views
        self._tables = []
        for view in views:
            each = [seen(view, target, m, LONG_ORDER) for m in lines]
            known = ppm.table(sum(int(np.count_nonzero(one.contexts)) for one in each))
            for one in each:
                _learn(known, one.contexts, one.symbols)
            self._tables.append(known)

    def long_term(self, m: Line) -> np.ndarray:
        """The probability of every symbol at every note: (n, symbols)."""
        out = np.empty((len(self._views), len(m.pitch), SYMBOLS[self._target]))
        for view, known, into in zip(self._views, self._tables, out, strict=True):
            one = seen(view, self._target, m, LONG_ORDER)
            _foretell(known, one.contexts, one.shift, into)
        return _mixed(out, VIEW_BIAS)

    def short_term(self, m: Line) -> np.ndarray:
        """As above, by the piece's own past alone."""
        out = np.empty((len(self._views), len(m.pitch), SYMBOLS[self._target]))
        for view, into in zip(self._views, out, strict=True):
            one: Seen = seen(view, self._target, m, SHORT_ORDER)
            known = ppm.table(int(np.count_nonzero(one.contexts)))
            _foretell_and_learn(known, one.contexts, one.symbols, one.shift, into)
        return _mixed(out, VIEW_BIAS)


def both(long_term: np.ndarray, short_term: np.ndarray) -> np.ndarray:
    """What the two terms say together: (n, symbols)."""
    return _mixed(np.stack([long_term, short_term]), TERM_BIAS)


def bits(target: str, train: Sequence[Line], test: Sequence[Line]) -> Iterator[Mapping[str, np.ndarray]]:
    """Of each test melody, by each of PROGRAMS, the bits of every note's symbol: (n,)."""
    unigram, bigram = (Model(target, views[target], train) for views in (UNIGRAM, BIGRAM))
    model = Model(target, VIEWS[target], train)
    for m in test:
        true = np.asarray(getattr(m, target))
        long_term, short_term = model.long_term(m), model.short_term(m)
        said = (unigram.long_term(m), bigram.long_term(m), long_term, short_term, both(long_term, short_term))
        yield {
            program: -np.log2(np.take_along_axis(p, true[:, None], 1)[:, 0])
            for program, p in zip(PROGRAMS, said, strict=True)
        }
