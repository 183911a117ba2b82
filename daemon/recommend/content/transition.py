"""Where to mix: the outro of what plays over the intro of what comes, so that beats and phrases fall together.

Dance music is built of phrases of 8, 16 and 32 beats (Butler, *Unlocking the Groove*, 2006). The longest that fits both
the outro and the intro is the overlap; it begins on a phrase of what plays, and the new one's intro ends where it ends.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

import numpy as np

from daemon.recommend.content import tempo
from daemon.recommend.item import Profile

PHRASES = (32, 16, 8)  # beats
BEATS_A_BAR = 4


class Transition(NamedTuple):
    """A mix of two items. Seconds are of each item's own time, as if its fader were at 0."""

    out_s: float  # in what plays: the mix begins
    in_s: float  # in the next one: it starts here, at that moment
    beats: int  # of overlap, as what plays counts them
    fader_percent: float  # of the next one
    factor: float  # the next one's beats are counted so many times as fast

    @property
    def bars(self) -> int:
        """Of four beats."""
        return self.beats // BEATS_A_BAR

    @property
    def value(self) -> float:
        """1 for a phrase of 32 beats, in proportion for less."""
        return self.beats / PHRASES[0]

    @property
    def text(self) -> str:
        """`mix out at 5:12, in at 0:15: 32 beats (8 bars), fader -1.6 %`."""
        fader = f"fader {tempo.signed(self.fader_percent)} %"
        return f"mix out at {_clock(self.out_s)}, in at {_clock(self.in_s)}: {self.beats} beats ({self.bars} bars), {fader}"


def plan(
    playing: Profile,
    following: Profile,
    fader_range: float,
    out_cues: Sequence[float] = (),
    in_cues: Sequence[float] = (),
) -> Transition | None:
    """The mix of two items. None: a tempo is beyond the fader, no phrase fits, or too little is known.

    Cues are in seconds, a DJ's own: the last of `out_cues` that leaves room for a phrase, and the first of `in_cues`,
    stand for outro and intro. [any]
    """
    if not (_above_0(playing.tempo_bpm) and _above_0(following.tempo_bpm) and _above_0(playing.duration_s)):
        return None
    if playing.first_beat_s is None:
        return None
    percent, factor = tempo.fader(np.float32(playing.tempo_bpm), np.float32(following.tempo_bpm))
    if abs(percent) > fader_range:
        return None
    beat_s, next_beat_s = 60.0 / playing.tempo_bpm, 60.0 / following.tempo_bpm / factor
    n_beats = int((playing.duration_s - playing.first_beat_s) / beat_s + 1e-6)
    intro = None if following.intro_beats is None else int(following.intro_beats * factor)
    for beats in PHRASES:
        out = _out(playing, n_beats, beat_s, beats, out_cues)
        if in_cues:
            start: float | None = min(in_cues)
        elif intro is None or following.first_beat_s is None or intro < beats:
            start = None
        else:
            start = following.first_beat_s + (intro - beats) // PHRASES[-1] * PHRASES[-1] * next_beat_s
        if out is not None and start is not None:
            return Transition(out, start, beats, float(percent), float(factor))
    return None


def _out(playing: Profile, n_beats: int, beat_s: float, beats: int, cues: Sequence[float]) -> float | None:
    """Seconds at which an overlap of so many beats begins; None where it does not fit."""
    assert playing.first_beat_s is not None and playing.duration_s is not None
    if cues:
        fitting = [cue for cue in cues if cue + beats * beat_s <= playing.duration_s + beat_s / 2]
        return max(fitting, default=None)
    if playing.outro_beats is None:
        return None
    outro = max(0, n_beats - playing.outro_beats)
    first = -(-outro // PHRASES[-1]) * PHRASES[-1]  # the first phrase that begins in the outro
    return playing.first_beat_s + first * beat_s if first + beats <= n_beats else None


def _above_0(value: float | None) -> TypeGuard[float]:
    return value is not None and 0 < value < np.inf


def _clock(seconds: float) -> str:
    return f"{int(seconds + 0.5) // 60}:{int(seconds + 0.5) % 60:02d}"
