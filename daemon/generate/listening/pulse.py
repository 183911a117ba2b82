"""The pulse: the one map between sample time and musical time, followed from what is played or heard, or fixed.

What lies behind never moves: a note that fell on tick 10 stays there. What lies ahead follows the tempo, so a note that is
to be played is turned from a tick into a sample as late as can be.
"""

from typing import Literal, get_args

from daemon.errors import UserError
from daemon.generate.context import Meter
from daemon.generate.listening.follower import FASTEST_BPM, SLOWEST_BPM, Follower, induced
from dsp.line import Line

Source = Literal["fixed", "played", "heard", "clock"]

CHORD_S = 0.025  # onsets closer than this to the one before are one
START_S, START_ONSETS = 2.2, 5  # the tempo is induced after so long and so many onsets,
START_ENOUGH = 12  # or so many onsets,
START_SILENCE_S = 1.8  # or so long a silence after two
ASSUMED_BPM = 120.0  # while nothing is known
MEMORY = 12  # onsets from which a lost beat is found again
LOST = 0.0  # of Follower.fit: no better than no beat at all
BETTER = 0.3  # and how much better another beat must fit,
ANOTHER_OCTAVES = 0.3  # at about the same tempo
SOON_S = 0.3
SKIPPED_S = 2e-6  # after a jump of the line
TAPS_S = 60.0 / SLOWEST_BPM  # taps further apart do not belong together


class Pulse:
    """`tick_at` and `sample_at`, and what moves them. Fed in order of time; pure, it reads no clock. [main]

    Source "fixed" keeps the tempo it was given from the first onset on; "played" follows onsets; "heard" follows the
    beats that the analysis finds in sound. Taps count in all three. "clock" is where the transport is, and goes while that
    plays; what is tapped comes through it. Tick 0 is a downbeat, and so is every whole bar.
    """

    def __init__(
        self,
        rate: int,
        source: Source = "played",
        tempo_bpm: float | None = None,
        meter: Meter | None = None,
        pickup_ticks: int = 0,
    ) -> None:
        """`rate` in Hz is that of the sample times. `tempo_bpm` in beats of the meter: the start's, where it is known.

        `pickup_ticks`: the first onset comes so long before a downbeat; 0, on it. Raises UserError.
        """
        self.meter = meter or Meter()
        if source not in get_args(Source):
            raise UserError(f"pulse {source!r} is not known: {', '.join(get_args(Source))}")
        if source == "fixed" and tempo_bpm is None:
            raise UserError("a fixed pulse needs a tempo: give tempo_bpm")
        if tempo_bpm is not None and not SLOWEST_BPM <= tempo_bpm <= FASTEST_BPM:
            raise UserError(f"tempo {tempo_bpm:g} is out of range: {SLOWEST_BPM:g} to {FASTEST_BPM:g} beats a minute")
        if not 0 <= pickup_ticks < self.meter.bar_ticks:
            raise UserError(f"pickup of {pickup_ticks} ticks is out of range: 0 to {self.meter.bar_ticks - 1}")
        self.source = source
        self.ready = False  # the beat is known; before, the map is an assumption
        self._beat = self.meter.beat_ticks
        self._given = tempo_bpm
        self._tick0 = float(-pickup_ticks % self.meter.bar_ticks)
        self._rate, self._origin_s, self._now_s = rate, 0.0, 0.0
        self._line = Line(0.0, self._tick0, (tempo_bpm or ASSUMED_BPM) * self._beat / 60.0)
        self._follower: Follower | None = None
        self._onsets: list[tuple[float, int]] = []  # (seconds, velocity), the newest
        self._struck_s = -1e9  # the newest onset, of a chord too
        self._tried = 0  # onsets since a lost beat was last looked for
        self._taps: list[float] = []
        self._sure = 0.0
        self._is_new = True  # the transport has not been followed yet
        self._astray = (0, 0)  # beats the bar is off by, and how often in a row that was said

    def begin(self, rate: int) -> None:
        """A new stream of the engine's: sample times begin anew, and the ticks go on from where they are."""
        self._origin_s, self._rate = self._now_s, rate

    def start(self, sample_time: int) -> None:
        """Beat one of a fixed pulse is here, whatever is struck; a followed one begins with its first onset."""
        if self.source == "fixed" and not self.ready:
            self._set_off(self._s(sample_time))

    def advance(self, sample_time: int) -> None:
        """Time has come to here; it never goes back."""
        self._now_s = max(self._now_s, self._s(sample_time))
        if not self.ready and self.source == "played" and self._onsets:
            silence, long = self._now_s - self._struck_s, self._now_s - self._onsets[0][0]
            if (len(self._onsets) > 1 and silence > START_SILENCE_S) or long > 2 * START_SILENCE_S:
                self._induce()

    def strike(self, sample_time: int, velocity: int) -> None:
        """A note begins. Any number may: those of a chord count once, and so does a flurry."""
        self.advance(sample_time)
        at_s = self._s(sample_time)
        since, self._struck_s = at_s - self._struck_s, max(at_s, self._struck_s)
        if since < CHORD_S or self.source in ("heard", "clock"):
            return
        if self.source == "fixed":
            if not self.ready:
                self._set_off(at_s)
            return
        self._onsets.append((at_s, velocity))
        if self.ready:
            del self._onsets[:-MEMORY]
            self._follow(at_s, velocity)
        elif self._given is not None:
            self._set_off(at_s)
        elif len(self._onsets) >= START_ENOUGH or (
            len(self._onsets) >= START_ONSETS and at_s - self._onsets[0][0] >= START_S
        ):
            self._induce()

    def beat(self, sample_time: int, tempo_bpm: float, position: int = 0, confidence: float = 1.0) -> None:
        """A beat that the analysis foresees or has just heard; `position` in the bar from 1, 0 = not known."""
        if self.source != "heard" or not SLOWEST_BPM <= tempo_bpm <= FASTEST_BPM:
            return
        at_s, rate = self._s(sample_time), tempo_bpm * self._beat / 60.0
        self._sure = confidence
        if not self.ready:
            self._line, self.ready = Line(at_s, float(max(position - 1, 0) * self._beat), rate), True
            return
        beat = round(self._line.tick_at(at_s) / self._beat)
        self._line.bend(self._now_s, [(at_s, float(beat * self._beat))], rate)
        beats = self.meter.bar_ticks // self._beat
        if 1 <= position <= beats:
            off = (position - 1 - beat) % beats
            self._astray = (off, self._astray[1] + 1 if off == self._astray[0] else 1)
            if off and self._astray[1] >= 2 * beats:
                self._line.skip(self._now_s, off * self._beat)
                self._astray = (0, 0)

    def follow(self, sample_time: int, beat: float, tempo_bpm: float, playing: bool, confidence: float = 1.0) -> None:
        """The transport: at a sample, perhaps one to come, it is on a beat of its song, and goes on from there."""
        if self.source != "clock" or tempo_bpm <= 0.0:
            return
        self._sure = confidence
        at_s, rate, bar = self._s(sample_time), tempo_bpm * self._beat / 60.0, self.meter.bar_ticks
        if not playing:
            self.ready = False
            return
        from_s = max(self._now_s, at_s) if self.ready else self._now_s
        tick, here = beat * self._beat + (from_s - at_s) * rate, self._line.tick_at(from_s)
        gap = (tick - here) % bar
        if self.ready:
            gap = (gap + bar / 2) % bar - bar / 2
            self._line.bend(from_s, [(from_s, here + gap)], rate)
        elif self._is_new:
            self._line = Line(from_s, tick % bar, rate)
        else:  # nothing is played: it may jump, though not back
            self._line.skip(from_s, gap)
            self._line.bend(from_s + SKIPPED_S, [(from_s, here + gap)], rate)
        self.ready, self._is_new = True, False

    def tap(self, sample_time: int) -> None:
        """A foot or a key says: here is a beat. Two or more in a row say the tempo too."""
        self.advance(sample_time)
        if self.source == "clock":
            return
        at_s = self._s(sample_time)
        if self._taps and not 60.0 / FASTEST_BPM <= at_s - self._taps[-1] <= TAPS_S:
            self._taps = []
        self._taps = [*self._taps[-4:], at_s]
        if len(self._taps) > 1:
            self.set_tempo(60.0 * (len(self._taps) - 1) / (at_s - self._taps[0]))
        if not self.ready:
            if len(self._taps) > 1:
                self._tick0 = 0.0
                self._set_off(self._taps[0])
            return
        beat = round(self._line.tick_at(at_s) / self._beat) * self._beat
        self._aim(at_s, float(beat), self.tempo_bpm)

    def set_tempo(self, bpm: float) -> None:
        """From now on: for a fixed pulse the tempo, for one that follows the newest estimate; a clock has its own."""
        if self.source == "clock":
            return
        bpm = min(max(bpm, SLOWEST_BPM), FASTEST_BPM)
        self._given = bpm
        if self.ready:
            self._aim(self._now_s, self._line.tick_at(self._now_s), bpm)

    def tick_at(self, sample_time: float) -> float:
        """Musical time of a sample: for good where it has passed, foreseen where not."""
        return self._line.tick_at(self._s(sample_time))

    def sample_at(self, tick: float) -> int:
        """When a tick was, or will be if the tempo stays."""
        return round((self._line.seconds_at(tick) - self._origin_s) * self._rate)

    @property
    def tempo_bpm(self) -> float:
        """Beats a minute, now."""
        soon_s = self._now_s + SOON_S  # the line has caught up
        return min(max(self._line.rate_at(soon_s) * 60.0 / self._beat, SLOWEST_BPM), FASTEST_BPM)

    @property
    def confidence(self) -> float:
        """0 = the beat is not known, 1 = it is where it is foreseen, each time."""
        if not self.ready:
            return 0.0
        if self._follower is not None:
            return min(max(self._follower.fit / 1.5, 0.0), 1.0)
        return 1.0 if self.source == "fixed" else min(max(self._sure, 0.0), 1.0)

    def next_downbeat(self, after_tick: float) -> int:
        """The first downbeat later than a tick."""
        bar = self.meter.bar_ticks
        return int(after_tick // bar + 1) * bar

    def _s(self, sample_time: float) -> float:
        return self._origin_s + sample_time / self._rate

    def _set_off(self, at_s: float) -> None:
        """The first tick is here, at the tempo that was given."""
        self._begin_at(at_s, self._given or ASSUMED_BPM, 0.04)

    def _begin_at(self, at_s: float, bpm: float, doubt: float) -> None:
        self.ready = True
        self._line = Line(at_s, self._tick0, bpm * self._beat / 60.0)
        if self.source == "played":
            self._follower = Follower(self._beat, self._tick0, bpm, at_s, doubt)

    def _induce(self) -> None:
        """The tempo of the first onsets; then they are followed as if it had been given."""
        onsets = self._onsets
        bpm = self._given or ASSUMED_BPM
        if len(onsets) > 1:
            bpm, _ = induced([at_s for at_s, _ in onsets], self._beat)
        now_s, self._now_s = self._now_s, onsets[0][0]
        self._begin_at(onsets[0][0], bpm, 0.03)
        for at_s, velocity in onsets[1:]:
            self._now_s = at_s
            self._follow(at_s, velocity)
        self._now_s = now_s
        del self._onsets[:-MEMORY]

    def _follow(self, at_s: float, velocity: int) -> None:
        """An onset pulls; and where onsets have long fallen anywhere, the beat is looked for anew."""
        follower = self._follower
        assert follower is not None
        if at_s < follower.at_s:
            return
        follower.strike(at_s, velocity)
        self._tried += 1
        if follower.fit < LOST and min(self._tried, follower.onsets) >= MEMORY:
            self._tried = 0
            self._follower = self._found_again(follower)
        self._bend()

    def _found_again(self, lost: Follower) -> Follower:
        """Whoever fits the newest onsets better than one that is lost, if anyone does."""
        times = [at_s for at_s, _ in self._onsets]
        bpm, anchor = induced(times, self._beat, 3, lost.rate * 60.0 / self._beat, ANOTHER_OCTAVES)
        nearest = round(self._line.tick_at(times[anchor]) / self._beat) * self._beat
        found = Follower(self._beat, float(nearest), bpm, times[anchor], 0.03)
        for at_s, velocity in self._onsets[anchor + 1 :]:
            found.strike(at_s, velocity)
        return found if found.fit > lost.fit + BETTER else lost

    def _aim(self, at_s: float, tick: float, bpm: float) -> None:
        """Be on `tick` at `at_s`, at this tempo."""
        if self.source == "played":
            fit = self._follower.fit if self._follower else 1.0
            self._follower = Follower(self._beat, tick, bpm, at_s)
            self._follower.fit = fit
            self._bend()
        else:
            self._line.bend(self._now_s, [(at_s, tick)], bpm * self._beat / 60.0)

    def _bend(self) -> None:
        assert self._follower is not None
        self._line.bend(self._now_s, *self._follower.ahead())
