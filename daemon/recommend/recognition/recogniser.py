"""Listens, and says now and then which items of the library sound."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np

from daemon.recommend.recognition import align
from daemon.recommend.recognition.index import GAP, Index, Segment
from daemon.recommend.recognition.print import TICK_S, Listener, strong, strongest
from daemon.recommend.recognition.search import BUDGET, MOST_PAIRS, Ballot

LOOK_S = 1.0  # from one look to the next
WINDOW_S = 10.0  # of sound that is looked for, at most, and
LEAST_S = 2.0  # at least
RECENT_S = 4.0  # in which what is heard must still be heard
EVERY = 3  # looks from one search to the next, while something is heard, or nothing has been for WINDOW_S
SEGMENTS = 5  # of the index that make it one more: a library of some 10,000 tracks
PER_BLOCK = 16  # landmarks of the sound, twice a fingerprint's: some are noise's; a search takes the strongest
PER_SEARCH = 12
PLACES, FITS = 100, 16  # places laid over the sound, and of those fitted
SURE = 12.5, 9.5  # the least score that is sure, and where more of the landmarks agree than
PLAIN = 0.5
RIVAL = 2.0  # times the third best's score that the best has; the third, as two may be mixed
BEYOND = 0.6  # a share that needs no comparing: a library may hold a track three times
LOCKED = 1.3  # times as much under key lock, where drum sounds that tracks share agree at any speed
CLEAR = 0.15  # share of the landmarks, above chance, at least
HOLD = 4.0  # the same for what was heard a moment ago
MISSES = 3  # looks without it, after which it is over
MOST = 3  # items at once


class Heard(msgspec.Struct, frozen=True):
    """An item that sounds. Several at once where tracks are mixed, the one with the greatest share first."""

    item: int  # its id
    position_s: float  # in the item, of the newest sample fed
    speed: float  # the item's seconds that pass in a second: 1.06 where the fader is at +6 %
    key_lock: bool  # the pitch is the item's own, whatever the speed; False where the speed is within 0.5 % of 1
    confidence: float  # 0..1; 0.5 where it is just sure enough to be said
    share: float  # 0..1: of what is recognised now; their sum is 1


class _Kept(NamedTuple):
    """What was heard at the last look."""

    segment: Segment
    row: int  # in the segment
    at: float  # ticks on the segment's timeline at `when`
    when: float  # ticks since the first sample
    fit: np.void  # a FIT
    score: float  # the highest of late
    misses: int
    late: float  # score of the last RECENT_S


class Recogniser:
    """Listens to mono float32 sound in chunks of any length; the same however it is cut. Not for two threads. [worker]"""

    def __init__(self, prints: Iterable[tuple[int, bytes]], rate: float) -> None:
        """Of (item id, blob of `print_of`). Raises PrintError for a blob that is none, ValueError for a rate."""
        self.index = Index(prints)
        self.heard: list[Heard] = []  # what sounds as of the last look; empty where unsure
        self._rate = rate
        self._listener = Listener(rate)
        self._ballot = Ballot()
        self._fed = 0
        self._looks = 0
        self._idle = 0  # looks since something was heard, or there was silence
        self._found: list[np.ndarray] = []
        self._kept: list[_Kept] = []

    def feed(self, samples: np.ndarray) -> list[Heard]:
        """Once a second of sound, all that sounds now; else, and where unsure, an empty list."""
        said: list[Heard] = []
        start = 0
        while start < len(samples):
            due = round((self._looks + 1) * LOOK_S * self._rate)
            end = min(len(samples), start + due - self._fed)
            self._found.append(self._listener.feed(samples[start:end]))
            self._fed += end - start
            start = end
            if self._fed == due:
                self._looks += 1
                said = self.heard = self._look()
        return said

    def _look(self) -> list[Heard]:
        now = self._fed / self._rate / TICK_S
        found = np.concatenate(self._found)
        found = found[found["time"] * 2 > now - WINDOW_S / TICK_S]
        self._found = [found]
        found = strongest(found, PER_BLOCK)
        found = found[np.argsort(found["time"], kind="stable")]
        if len(found) < 8 or found["time"][-1] * 2 < now - RECENT_S / TICK_S:
            self._kept, self._idle = [], 0
            return []
        middle = float(now - WINDOW_S / 2 / TICK_S)
        times, pitches = (found["time"] * 2 - middle).astype(np.float32), found["pitch"].copy()
        sound = _Sound(middle, now, times, pitches, strong(found, PER_SEARCH))
        self._kept = [kept for kept in (self._follow(kept, sound) for kept in self._kept) if kept]
        self._idle = 0 if self._kept else self._idle + 1
        often = not self._kept and self._idle * LOOK_S <= WINDOW_S
        every = (1 if often else EVERY) + len(self.index.segments) // SEGMENTS
        if now * TICK_S >= LEAST_S and len(self._kept) < MOST and self._looks % every == 0:
            self._search(sound)
        return self._said(now)

    def _follow(self, kept: _Kept, sound: "_Sound") -> _Kept | None:
        """Where an item that was heard is now; None when it is over, or was taken out."""
        place = self.index.find(int(kept.segment.ids[kept.row]))
        if place is None:
            return None
        if place[0] is not kept.segment:  # it was made anew, with others
            at = kept.at + float(place[0].bases[place[1]] - kept.segment.bases[kept.row])
            kept = kept._replace(segment=place[0], row=place[1], at=at)
        segment = kept.segment
        times, pitches = sound.recent()
        lay, fit = np.zeros(1, align.LAY), np.zeros(1, align.FIT)
        lay["speed"], lay["lock"] = kept.fit["speed"], kept.fit["lock"]
        lay["at"] = kept.at + kept.fit["speed"] * (sound.middle - kept.when)
        if len(times) > 1:
            free = np.ones(len(times), np.bool_)
            align.fitted(segment.times, segment.pitches, lay[0], times, pitches, free, fit[0])
        score = float(fit["score"][0])
        if score < HOLD:
            if kept.misses + 1 == MISSES:
                return None
            return kept._replace(misses=kept.misses + 1)
        return self._placed(segment, fit[0], sound, max(score, 0.8 * kept.score))

    def _search(self, sound: "_Sound") -> None:
        """Add what else sounds: of the landmarks that what is heard already does not explain."""
        free = np.ones(len(sound.times), np.bool_)
        for kept in self._kept:
            at = kept.at + kept.fit["speed"] * (sound.middle - kept.when)
            self._take(kept.segment, at, kept.fit, sound, free)
        asked = free & sound.strong
        times, pitches = sound.times[asked], sound.pitches[asked]
        budget = min(BUDGET, MOST_PAIRS // max(1, len(self.index.segments)))
        guesses = [
            (segment, self._ballot.candidates(segment, times, pitches, PLACES, budget))
            for segment in self.index.segments
        ]
        while len(self._kept) < MOST:
            found: dict[tuple[int, int], _Kept] = {}
            for k, (segment, places) in enumerate(guesses):
                for fit in align.fits(segment.times, segment.pitches, places, sound.times, sound.pitches, free, FITS):
                    weighed = self._weighed(segment, fit, sound, free)
                    if weighed and (weighed.row, k) not in found:
                        found[weighed.row, k] = weighed
            best = self._sure(sorted(found.values(), key=lambda kept: -kept.score))
            if best is None:
                return
            self._kept.append(best)
            self._take(best.segment, best.at + best.fit["speed"] * (sound.middle - sound.now), best.fit, sound, free)

    def _weighed(self, segment: Segment, fit: np.void, sound: "_Sound", free: np.ndarray) -> _Kept | None:
        """The item of a fit, as it fits the whole window or what came of late, whichever is surer."""
        times, pitches = sound.recent()
        recent, lay = np.zeros(1, align.FIT), np.zeros(1, align.LAY)
        for name in ("at", "speed", "lock"):
            lay[name] = fit[name]
        if len(times) > 1:
            late = free[len(free) - len(times) :]
            align.fitted(segment.times, segment.pitches, lay[0], times, pitches, late, recent[0])
        best = recent[0] if recent["score"][0] > fit["score"] else fit
        kept = self._placed(segment, best.copy(), sound, float(best["score"]))
        if kept is None or any(k.segment is segment and k.row == kept.row for k in self._kept):
            return None
        return kept._replace(late=float(recent["score"][0]))

    @staticmethod
    def _sure(found: list[_Kept]) -> _Kept | None:
        """The first of them, if it is sure."""
        if not found:
            return None
        best, third = found[0], found[2].score if len(found) > 2 else 0.0
        clear = best.fit["hits"] / max(1, best.fit["of"]) - best.fit["chance"]
        needed = max(SURE[int(clear >= PLAIN)], 0.0 if clear >= BEYOND else RIVAL * third)
        if _is_locked(best.fit):
            needed *= LOCKED
        return best if best.score >= needed and clear >= CLEAR and best.late >= HOLD else None

    def _placed(self, segment: Segment, fit: np.void, sound: "_Sound", score: float) -> _Kept | None:
        at = float(fit["at"] + fit["speed"] * (sound.now - sound.middle))
        row = int(np.searchsorted(segment.bases, at + GAP / 3, "right")) - 1
        if row < 0 or segment.gone[row]:
            return None
        return _Kept(segment, row, at, sound.now, fit.copy(), score, 0, 0.0)

    def _take(self, segment: Segment, at: float, fit: np.void, sound: "_Sound", free: np.ndarray) -> None:
        align.take(segment.times, segment.pitches, at, fit["speed"], fit["lock"], sound.times, sound.pitches, free)

    def _said(self, now: float) -> list[Heard]:
        parts = [max(float(k.fit["hits"] / max(1, k.fit["of"]) - k.fit["chance"]), 0.01) for k in self._kept]
        said = []
        for k, part in zip(self._kept, parts, strict=True):
            speed = float(k.fit["speed"])
            position_s = (k.at + speed * (now - k.when) - float(k.segment.bases[k.row])) * TICK_S
            lock = _is_locked(k.fit)
            sure = 1 - 2 ** (-k.score / SURE[1])
            item = int(k.segment.ids[k.row])
            said.append(Heard(item, float(max(position_s, 0.0)), speed, lock, float(sure), part / sum(parts)))
        return sorted(said, key=lambda heard: (-heard.share, heard.item))


class _Sound(NamedTuple):
    """The landmarks of the last WINDOW_S."""

    middle: float  # ticks since the first sample: time 0
    now: float
    times: np.ndarray  # float32, ticks about the middle, rising
    pitches: np.ndarray  # float32, steps
    strong: np.ndarray  # which of them a search takes

    def recent(self) -> tuple[np.ndarray, np.ndarray]:
        """Times and pitches of the last RECENT_S."""
        start = int(np.searchsorted(self.times, self.now - self.middle - RECENT_S / TICK_S))
        return self.times[start:], self.pitches[start:]


def _is_locked(fit: np.void) -> bool:
    """Near the fader's middle nobody can tell."""
    return bool(fit["lock"]) and abs(float(fit["speed"]) - 1) > 0.005
