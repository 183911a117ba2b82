"""What a session is compared by: how what plays now sounds, and how the set so far did."""

import math
from typing import NamedTuple, TypeGuard

import numpy as np

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.content import energy, harmony, timbre
from daemon.recommend.content.words import Words
from daemon.recommend.item import Profile
from daemon.recommend.session import Session

MEMORY = 50  # plays; what was before is all but forgotten
FADING = 0.9
"""What a play still weighs in the set's sound and words when the next one has come."""

QUERY = np.dtype(
    [
        ("tempo_bpm", np.float32),  # NaN: not known, as below
        ("fader_range", np.float32),  # percent
        ("key_lock", np.bool_),
        ("key", np.int64),  # -1: not known
        ("energy", np.float32),  # the one that is wanted
        ("loudness", np.float32),
        ("chroma", np.float32, (12, 12)),  # by the transposition of the candidate: as `harmony.centred`
        ("chroma_packed", np.int8, (12, harmony.CHROMA_WIDTH)),  # the same as the packed rows have it
        ("sound", np.float32, (timbre.N_SOUND,)),  # the set's, standardised
        ("sound_packed", np.int16, (timbre.WIDTH,)),  # the same as the packed rows have it
    ]
)
"""One record: what the kernels compare with."""


class Query(NamedTuple):
    """A session as content sees it."""

    records: np.ndarray  # QUERY, shape (1,): Numba tells what an array is much sooner than what a record is
    now: Profile  # what plays
    words: np.ndarray  # int32: of the set
    weights: np.ndarray  # float32, of length 1
    n_rows: int  # plays that are remembered

    @property
    def record(self) -> np.void:
        """The one."""
        return self.records[0]


def query(session: Session, catalogue: Catalogue, words: Words, by: timbre.Standard, key_lock: bool) -> Query | None:
    """None: nothing was played and nothing is heard."""
    last = session.last
    if session.heard is not None:
        now = session.heard
    elif last is not None:
        now = catalogue.items[last].profile
    else:
        return None
    records = np.zeros(1, QUERY)
    record = records[0]
    record["tempo_bpm"] = now.tempo_bpm if known(now.tempo_bpm) and now.tempo_bpm > 0 else np.nan
    record["fader_range"] = session.wishes.fader_percent
    record["key_lock"] = key_lock
    record["key"] = now.key
    record["energy"] = energy.wanted(now.energy, session.wishes.energy) if known(now.energy) else np.nan
    record["loudness"] = now.loudness_lufs if known(now.loudness_lufs) else np.nan
    chroma = np.array(now.chroma or (np.nan,) * 12, np.float32)
    for shift in range(12):  # the candidate, so many semitones up, against what plays
        record["chroma"][shift] = np.roll(chroma, -shift)
    record["chroma"] = harmony.centred(record["chroma"])
    record["chroma_packed"] = harmony.packed(record["chroma"])
    rows = session.rows[-MEMORY:]
    shares = FADING ** np.arange(len(rows), 0, -1.0)
    sounds = by.of(timbre.of_rows(catalogue, rows))
    if session.heard is not None:
        sounds = np.concatenate((sounds, by.of(timbre.of_profile(session.heard))[None]))
        record["sound"] = _mean(sounds, np.append(shares, 1.0))
    else:
        record["sound"] = _mean(sounds, shares)
    heard = np.isfinite(record["sound"])
    record["sound_packed"] = timbre.UNKNOWN
    record["sound_packed"][: timbre.N_SOUND][heard] = np.rint(record["sound"][heard] * timbre.SCALE)
    return Query(records, now, *words.of_set(rows, shares), len(rows))


def known(value: float | None) -> TypeGuard[float]:
    """Whether it is a number."""
    return value is not None and math.isfinite(value)


def _mean(sounds: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Of each number, over those that have it."""
    known = np.isfinite(sounds)
    weight = (known * shares[:, None]).sum(axis=0)
    total = (np.where(known, sounds, 0.0) * shares[:, None]).sum(axis=0)
    return np.where(weight > 0, total / np.maximum(weight, 1e-9), np.nan)
