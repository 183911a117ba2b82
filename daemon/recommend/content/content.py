"""The content family: what comes next by how it sounds and what it is called, whether or not anyone ever played it."""

import numpy as np

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.content import energy, harmony, kernel, loudness, tempo, timbre, transition, words
from daemon.recommend.content.kernel import FIELDS
from daemon.recommend.content.query import Query, known, query
from daemon.recommend.family import Part
from daemon.recommend.item import Item
from daemon.recommend.session import Session

WEIGHTS = np.array([0.08, 0.07, 0.05, 0.12, 0.12, 0.06, 0.50], np.float32)
"""What each of FIELDS weighs in the order of candidates: chosen on the train part of editorial playlists.

A weight of 0 takes a part out of the order, not out of what makes an item known and so a candidate.
"""

NEUTRAL = np.array([0.2, 0.3, 0.5, 0.6, 0.5, 0.75, 0.0], np.float32)
"""What each counts as where it is not known: about what two items have that were drawn by lot."""


class Content:
    """See `daemon.recommend.family.Family`. Work arrays are kept, so one thread at a time. [worker]"""

    name = "content"
    fields: tuple[str, ...] = FIELDS

    def __init__(
        self, catalogue: Catalogue, weights: np.ndarray = WEIGHTS, neutral: np.ndarray = NEUTRAL, key_lock: bool = False
    ) -> None:
        """Packs the catalogue: about 120 bytes an item beside it. `weights` by FIELDS, not all 0; each at least 0."""
        n = len(catalogue)
        self._catalogue = catalogue
        self._weights = (weights / weights.sum()).astype(np.float32)
        self._neutral = neutral.astype(np.float32)
        self._key_lock = key_lock
        self._standard = timbre.standard(catalogue)
        self._sound = timbre.packed(catalogue, self._standard)
        self._chroma = harmony.packed(catalogue.chroma)
        self._words = words.Words(catalogue)
        self._shared = np.zeros(n, np.float32)
        self._asked: tuple[tuple[object, ...], Query | None] | None = None

    def candidates(self, session: Session, allowed: np.ndarray, k: int) -> np.ndarray:
        """The `k` best rows, best first: the kernel's on packed columns, and some more, put in order by exact scores."""
        q = self._query(session)
        if q is None or k <= 0 or len(self._catalogue) == 0:
            return np.empty(0, np.int64)
        found = k + max(16, k // 4)
        scores, rows = np.empty(found, np.float32), np.empty(found, np.int64)
        w, c = self._words, self._catalogue
        words.add_shared(q.words, q.weights, w.places, w.rows, w.row_weights, self._shared)
        n = kernel.best(
            q.records,
            q.record["sound_packed"],
            q.record["chroma_packed"],
            c.tempo_bpm,
            c.keys,
            c.energy,
            c.loudness_lufs,
            self._chroma,
            self._sound,
            self._shared,
            allowed,
            self._weights,
            self._neutral,
            scores,
            rows,
        )
        self._shared.fill(0.0)
        rows = np.sort(rows[:n])
        total = self._parts_of(q, rows) @ self._weights
        return rows[np.argsort(-total, kind="stable")][:k]

    def scores(self, session: Session, rows: np.ndarray) -> np.ndarray:
        """float32 (len(rows), FIELDS): each part, NEUTRAL where not known; all 0 where nothing of a row is."""
        q = self._query(session)
        return np.zeros((len(rows), len(FIELDS)), np.float32) if q is None else self._parts_of(q, rows)

    def parts(self, session: Session, row: int) -> tuple[Part, ...]:
        """The parts that are known, as FIELDS, and `mix` where the two can be mixed by their phrases."""
        q = self._query(session)
        if q is None:
            return ()
        item, values = self._catalogue.items[row], self._parts_of(q, np.array([row], np.int64))[0]
        said = self._said(q, item, row)
        found = [Part(name, float(values[i]), said[name]) for i, name in enumerate(FIELDS) if name in said]
        mix = transition.plan(q.now, item.profile, session.wishes.fader_percent)
        if mix is not None:
            found.append(Part("mix", mix.value, mix.text))
        return tuple(found)

    def learn(self, session: Session) -> None:
        """Nothing: what is played is in the session."""

    def _query(self, session: Session) -> Query | None:
        """Made once for a session, which is asked about a dozen times for one list."""
        of = (session.rows, session.heard, session.wishes)
        if self._asked is None or any(a is not b for a, b in zip(self._asked[0], of, strict=True)):
            made = query(session, self._catalogue, self._words, self._standard, self._key_lock)
            self._asked = (of, made)
        return self._asked[1]

    def _parts_of(self, q: Query, rows: np.ndarray) -> np.ndarray:
        c = self._catalogue
        shared, w = np.empty(len(rows), np.float32), self._words
        words.shared_by(rows, q.words, q.weights, w.starts, w.numbers, w.weights, shared)
        part = np.empty((len(FIELDS), len(rows)), np.float32)
        kernel.exact(
            q.records,
            q.record["sound"],
            q.record["chroma"],
            c.tempo_bpm[rows],
            c.keys[rows],
            c.energy[rows],
            c.loudness_lufs[rows],
            harmony.centred(c.chroma[rows]),
            self._standard.of(timbre.of_rows(c, rows)),
            shared,
            self._neutral,
            part,
        )
        return np.ascontiguousarray(part.T)

    def _said(self, q: Query, item: Item, row: int) -> dict[str, str]:
        """Field -> its words, of those that are known."""
        now, then, fader_range = q.now, item.profile, float(q.record["fader_range"])
        said: dict[str, str] = {}
        percent, shift = 0.0, 0
        if known(now.tempo_bpm) and known(then.tempo_bpm) and min(now.tempo_bpm, then.tempo_bpm) > 0:
            percent, _ = tempo.fader(np.float32(now.tempo_bpm), np.float32(then.tempo_bpm))
            if abs(percent) <= fader_range and not self._key_lock:
                shift = harmony.semitones(percent)
            said["tempo"] = tempo.text(now.tempo_bpm, then.tempo_bpm, fader_range)
        if now.key >= 0 and then.key >= 0:
            said["key"] = harmony.text(now.key, then.key, shift, percent)
        if now.chroma and then.chroma:
            a, b = np.array(now.chroma), np.roll(np.array(then.chroma), shift)
            said["chroma"] = harmony.chroma_text(harmony.correlation(a, b), shift, percent)
        if known(now.energy) and known(then.energy):
            said["energy"] = energy.text(now.energy, then.energy)
        if known(now.loudness_lufs) and known(then.loudness_lufs):
            said["loudness"] = loudness.text(now.loudness_lufs, then.loudness_lufs)
        apart = q.record["sound"] - self._standard.of(timbre.of_profile(then))
        if np.isfinite(apart).any():
            of = "the set's" if q.n_rows else "what plays"
            said["timbre"] = timbre.text(float(np.sqrt(np.nanmean(np.square(apart)))), of)
        value, names = self._words.shared(row, q.words, q.weights)
        if value > 0:
            said["words"] = words.text(names)
        return said
