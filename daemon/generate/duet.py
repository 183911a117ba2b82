"""A duet of any speed: a prompt is heard as it would be live, accompanied beat by beat, and answered on the next downbeat.

The listener, the accompaniment and the parts' players are the live ones; only nobody waits, so no answer is late.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from daemon import messages as m
from daemon.errors import UserError
from daemon.generate.context import ChordSpan, Context
from daemon.generate.listening.listener import DRUMS, Listener
from daemon.generate.listening.pulse import Pulse
from daemon.generate.live.accompany import Accompany, Beat
from daemon.generate.live.at_once import AtOnce
from daemon.generate.live.band import SWUNG, kept
from daemon.generate.live.humanise import Timed, humanise
from daemon.generate.live.jam import BAND, DEFAULT_STYLE, HARMONY, PARTS, SOLO, Jam
from daemon.generate.live.moment import Moment
from daemon.generate.live.player import Player
from daemon.generate.note import Note, Played

TURNS_PER_S = 200
LATEST_BEATS = 0.5
"""A last note may sound so far over a bar line, and the answer begins on that line all the same."""


class DuetError(UserError):
    """A prompt that cannot be answered; the text is one line with the remedy."""


class Answered(NamedTuple):
    """One generator's answer: `notes` its own, `band` the other parts' to it, on `chords`. `told`: the context it had."""

    generator: str
    notes: list[Note]
    band: list[Note]
    chords: list[ChordSpan]
    told: Context


class Duet:
    """[main]"""

    def __init__(
        self, jam: Jam, names: Sequence[str], messages: Sequence[m.Message], rate: int, first_tick: int = 0
    ) -> None:
        """Hear `messages` (MIDI, in order of time, sample times at `rate`), of which sample 0 is `first_tick`.

        `jam` has the tempo, in beats, and the meter; `names` are generators of answers. Raises UserError.
        """
        self.jam, self._rate = jam, rate
        meter = jam.measure
        self.pulse = Pulse(rate, "fixed", jam.tempo_bpm, meter, -first_tick % meter.bar_ticks)
        self._listener = Listener(self.pulse, bars=jam.bars)
        self._worker = cast(Any, AtOnce())
        style = jam.style or DEFAULT_STYLE
        roles = [role for role in BAND if jam.part(role).on]
        self._band = {role: Player(role, jam.generator(role), style, self._worker) for role in roles}
        self._harmony = Player(HARMONY, jam.generator(HARMONY), style, self._worker)
        self._soloists = {name: Player(SOLO, name, style, self._worker) for name in names}
        self._constraints = {role: jam.constraints(role) for role in (SOLO, HARMONY, *BAND)}
        self._accompany = Accompany(self._harmony, self._band)
        self.band: list[Note] = []
        """What the band plays to the prompt."""
        self.chords: list[ChordSpan] = []
        """And on which chords."""
        self.downbeat = 0
        """The tick where the answers begin."""
        self._hear(list(messages))
        self.context = self._known(self.downbeat)
        """What is known then."""

    @property
    def swing(self) -> float:
        """The player's, where they swing, else the style's."""
        return self.context.swing if self.context.swing >= SWUNG else self.jam.played.swing

    def answer(self, name: str, bars: int) -> Answered:
        """What one of the generators answers in so many bars, and the band with it. Raises DuetError."""
        meter, tick = self.jam.measure, self.downbeat
        ticks = bars * meter.bar_ticks
        foreseen = self._foreseen(self._harmony, self.context, -(-ticks // meter.beat_ticks))
        told = msgspec.structs.replace(self.context, chords=(*self._before(), *foreseen))
        notes = kept(self._play(self._soloists[name], told, ticks), tick, tick + ticks, PARTS[SOLO])
        if not self._band:
            return Answered(name, notes, [], foreseen, told)
        chords = self._harmonised(notes, ticks)
        band: list[Note] = []
        for role, player in self._band.items():
            own = tuple(sorted([*self.context.own, *notes, *band]))[-256:]
            context = msgspec.structs.replace(self.context, chords=(*self._before(), *chords), own=own)
            band += kept(self._play(player, context, ticks), tick, tick + ticks, PARTS[role])
        return Answered(name, notes, sorted(band), chords, told)

    def _before(self) -> tuple[ChordSpan, ...]:
        return tuple(span for span in self.context.chords if span.tick < self.downbeat)

    def _foreseen(self, harmony: Player, context: Context, beats: int) -> list[ChordSpan]:
        harmony.ask(context, self._constraints[HARMONY], beats, 0)
        taken = harmony.take()
        return list(taken.chords) if taken is not None else []

    def _harmonised(self, notes: Sequence[Note], ticks: int) -> list[ChordSpan]:
        """The chords under an answer, foreseen from beat to beat as under a player who had played it."""
        harmony = Player(HARMONY, self._harmony.wanted, "", cast(Any, AtOnce()))
        found: list[ChordSpan] = []
        for tick in range(self.downbeat, self.downbeat + ticks, self.jam.measure.beat_ticks):
            new = tuple(Played(*note) for note in notes if note.tick < tick)
            heard = (*self.context.heard, *new)[-512:]
            context = msgspec.structs.replace(self.context, tick=tick, heard=heard, chords=(*self._before(), *found))
            chord = self._foreseen(harmony, context, 1)[:1]
            if chord and (not found or (chord[0].root, chord[0].quality) != (found[-1].root, found[-1].quality)):
                found += chord
        return found

    def timed(self, notes: Iterable[Note]) -> list[Timed]:
        """Notes as the schedule would play them: swung, and as far from exact as the style says."""
        hand_s = self.jam.played.humanise.timing_ms / 1000.0
        return humanise(notes, self.jam.measure, self.swing, hand_s, self.jam.seed)

    def _play(self, player: Player, context: Context, ticks: int) -> list[Note]:
        player.ask(context, self._constraints[player.role], ticks, 0)
        taken = player.take()
        if taken is None or player.said:
            raise DuetError(player.said[0].error if player.said else f"{player.wanted} gives no notes")
        return taken.notes

    def _hear(self, messages: list[m.Message]) -> None:
        """All of the prompt, and until the downbeat after it."""
        self.pulse.start(0)
        last = max((message.sample_time for message in messages), default=0)
        self.downbeat = self._next_line(last)
        end, now = max(last, self.pulse.sample_at(self.downbeat)), 0
        while now < end:
            now = min(now + self._rate // TURNS_PER_S, end)
            while messages and messages[0].sample_time <= now:
                message = messages.pop(0)
                self._listener.feed(message)
                if isinstance(message, m.MidiNote) and message.on and message.channel != DRUMS:
                    self._accompany.onset(self.pulse.tick_at(message.sample_time))
            self._listener.advance(now)
            self._turn(Moment(now, self._rate, self.pulse.tick_at(now), self.pulse))

    def _next_line(self, last: int) -> int:
        meter = self.jam.measure
        late = LATEST_BEATS * meter.beat_ticks
        bars = -(-(self.pulse.tick_at(last) - late) // meter.bar_ticks)
        return int(max(bars, 1)) * meter.bar_ticks

    def _turn(self, moment: Moment) -> None:
        """Tell what is new, and let the band go as far as it can."""
        new = self._listener.newly_heard()
        if new:
            context = self._known(int(moment.tick))
            self._worker.hear(new, context)
            for player in (self._harmony, *self._band.values(), *self._soloists.values()):
                player.hear(new, context)
        if not self._band:
            return
        step = self._accompany.turn(moment, self._known, self._constraints, frozenset(self._band))
        if isinstance(step, Beat) and step.tick < self.downbeat:
            self._commit(step)

    def _commit(self, beat: Beat) -> None:
        cut = [PARTS[role] for role in beat.cut]
        self.band = [
            note._replace(duration=beat.tick - note.tick) if note.part in cut and note.end > beat.tick else note
            for note in self.band
        ]
        for role, notes in beat.notes.items():
            self.band += kept(notes, beat.tick, self.downbeat, PARTS[role])
        if not self.chords or (self.chords[-1].root, self.chords[-1].quality) != (beat.chord.root, beat.chord.quality):
            self.chords.append(beat.chord)

    def _known(self, tick: int) -> Context:
        """What a generator is told, as `band.Band` tells it."""
        own = tuple(sorted(note for note in self.band if note.tick < tick))[-256:]
        context = self._listener.context(tick, own)
        if context.chords or not self._band:
            return context
        return msgspec.structs.replace(context, chords=self._accompany.chords(context.chords, tick))
