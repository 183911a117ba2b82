"""The listener: typed messages in, closed phrases and the musical context out."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from daemon import messages as m
from daemon.generate.context import Context
from daemon.generate.listening.chords import Chords
from daemon.generate.listening.energy import Energy
from daemon.generate.listening.grid import Grid
from daemon.generate.listening.keys import key_of
from daemon.generate.listening.phrases import Closing, Phrase, Phrases
from daemon.generate.listening.pulse import Pulse
from daemon.generate.note import MELODY, Note, Played
from dsp.harmony import MODES, PITCH_CLASSES

HEARD = 512  # notes remembered
WAITING = 4096  # messages kept until the beat is known
RECENT_BARS = 4  # of density, range and dynamics
STUCK_BARS = 8  # a note held longer has lost its note-off
DRUMS = 9
"""General MIDI's channel of percussion (10 to players): it moves the pulse, and is no melody."""
SUSTAIN, SOSTENUTO, SOFT, ALL_SOUND_OFF, ALL_NOTES_OFF = 64, 66, 67, 120, 123

_Held = tuple[int, float, int]  # tick, as played, velocity


class Listener:
    """Hears one player. Messages come in order of time; a message costs the same however much came before. [main]"""

    def __init__(
        self, pulse: Pulse, closing: Closing = "rest", rest_beats: float = 1.0, bars: int = 4, part: int = MELODY
    ) -> None:
        """The pulse is fed here, so nobody else should feed it onsets or beats. Raises UserError."""
        self.pulse = pulse
        self._part = part
        self._grid = Grid(pulse.meter)
        self._phrases = Phrases(pulse.meter, closing, rest_beats, bars, self._sounding)
        self._chords, self._energy = Chords(pulse.meter), Energy(pulse.meter)
        self._heard: deque[Played] = deque(maxlen=HEARD)
        self._new: deque[Played] = deque(maxlen=HEARD)
        self._held: dict[tuple[str, int, int], _Held] = {}  # port, channel, pitch; the oldest first
        self._down: set[tuple[str, int]] = set()  # where the sustain pedal is
        self._key: tuple[int, int, float] | None = None
        self._waiting: deque[m.Message] = deque(maxlen=WAITING)
        self._tick = 0.0  # now, as played

    def begin(self, rate: int) -> None:
        """A new stream of the engine's: sample times begin anew, the ticks go on."""
        self._waiting.clear()
        self.pulse.begin(rate)

    def feed(self, message: m.Message) -> list[Phrase]:
        """A message; returns the phrases that it closes. Types that say nothing here are passed over."""
        at = message.sample_time
        if message.replay:
            return []
        match message:
            case m.MidiNote(on=True, velocity=velocity) if velocity > 0:
                self.pulse.strike(at, velocity)
            case m.NoteOn(velocity=velocity):
                self.pulse.strike(at, velocity)
            case m.Beat(tempo_bpm=bpm, position=position, confidence=confidence):
                self.pulse.advance(message.known_at)
                self.pulse.beat(at, bpm, position, confidence)
            case m.Transport(beat=beat, tempo_bpm=bpm, playing=playing, confidence=confidence):
                self.pulse.advance(message.known_at)
                self.pulse.follow(at, beat, bpm, playing, confidence)
                return self.advance(message.known_at)
            case m.MidiNote() | m.NoteOff() | m.MidiControl() | m.MidiHarmony() | m.Chord() | m.Key():
                pass
            case _:
                return []
        self._waiting.append(message)
        return self.advance(max(message.known_at, at) if not isinstance(message, m.Beat) else message.known_at)

    def advance(self, sample_time: int) -> list[Phrase]:
        """Time has come to here, whether or not anything was played; returns the phrases that closes."""
        self.pulse.advance(sample_time)
        if not self.pulse.ready:
            return []
        closed = []
        while self._waiting:
            message = self._waiting.popleft()
            tick = self.pulse.tick_at(message.sample_time)
            if not isinstance(message, m.Beat):
                closed.append(self._pass(tick))
                closed.append(self._take(message, tick))
        closed.append(self._pass(self.pulse.tick_at(sample_time)))
        return [phrase for phrase in closed if phrase is not None]

    def cue(self) -> list[Phrase]:
        """Somebody says: the phrase closes now."""
        phrase = self._phrases.cue()
        return [phrase] if phrase is not None else []

    def due(self) -> float | None:
        """The tick at which the phrase being played closes if nothing more is; None: no phrase, or only a cue ends it."""
        return None if self._held and self._phrases.waits_for_rest else self._phrases.due()

    def newly_heard(self) -> list[Played]:
        """Notes that have ended since this was last asked, at most HEARD: what a generator is to hear."""
        new = list(self._new)
        self._new.clear()
        return new

    def context(self, tick: int, own: tuple[Note, ...] = ()) -> Context:
        """What is known, for notes that are to start from `tick` on; notes that sound now are as long as they have been."""
        heard = tuple(sorted([*self._heard, *self._sounding()])[-HEARD:])
        tonic, mode, sure = self._key or key_of(heard)
        first = next((i for i, note in enumerate(heard) if note.tick >= self._phrases.last_tick), 0)
        density, low, high, velocity = self._recent(heard, tick)
        return Context(
            tick=tick,
            heard=heard,
            phrase=first,
            own=own[-256:],
            tonic=tonic,
            mode=mode,
            key_confidence=sure,
            chords=self._chords.spans(tick),
            meter=self.pulse.meter,
            tempo_bpm=self.pulse.tempo_bpm,
            swing=self._grid.swing,
            density=density,
            low=low,
            high=high,
            velocity=velocity,
            energy=self._energy.now,
        )

    def _recent(self, heard: Sequence[Played], tick: int) -> tuple[float, int, int, float]:
        """Density, range and mean velocity of the last bars in which something was played."""
        if not heard:
            usual = Context(tick=tick)
            return usual.density, usual.low, usual.high, usual.velocity
        window, beat = RECENT_BARS * self.pulse.meter.bar_ticks, self.pulse.meter.beat_ticks
        newest = heard[-1].tick
        until = min(max(min(tick, max(note.end for note in heard)), newest), newest + window)
        recent = [note for note in heard if note.tick >= until - window]
        beats = max(min(window, until - heard[0].tick) / beat, 1.0)
        pitches = [note.pitch for note in recent]
        return len(recent) / beats, min(pitches), max(pitches), sum(note.velocity for note in recent) / len(recent)

    def _take(self, message: m.Message, tick: float) -> Phrase | None:
        """A message at its time, as played."""
        match message:
            case m.MidiNote(port=port, channel=channel, midi=pitch, velocity=velocity, on=on):
                if channel != DRUMS:
                    self._note((port, channel, pitch), tick, velocity if on else 0)
            case m.NoteOn(midi=pitch, velocity=velocity):
                self._note(("", -1, pitch), tick, velocity)
            case m.NoteOff(midi=pitch):
                self._note(("", -1, pitch), tick, 0)
            case m.MidiControl(port=port, channel=channel, control=control, value=value):
                return self._control(port, channel, control, value, tick)
            case m.MidiHarmony(notes=notes, chord=chord, bass=bass, key=key, key_confidence=sure):
                self._chords.held(tick, len(notes), chord, bass)
                self._say_key(key, sure)
            case m.Chord(name=chord, bass=bass):
                self._chords.heard(tick, chord, bass)
            case m.Key(name=key, confidence=sure):
                self._say_key(key, sure)
        return None

    def _note(self, key: tuple[str, int, int], played: float, velocity: int) -> None:
        """A key goes down, or up; what it has sounded until now is a note. An up without a down is nothing."""
        held = self._held.pop(key, None)
        if held is not None:
            self._end(key, held, played)
        if velocity > 0:
            tick = self._grid.start(played)
            self._held[key] = tick, played, velocity
            self._phrases.onset(tick, played)
            self._energy.onset(tick, velocity)

    def _end(self, key: tuple[str, int, int], held: _Held, end: float) -> None:
        tick, start, velocity = held
        note = self._grid.note(tick, start, end, key[2], velocity, self._part)
        self._heard.append(note)
        self._new.append(note)
        self._phrases.note(note, end)

    def _control(self, port: str, channel: int, control: int, value: int, tick: float) -> Phrase | None:
        down = value >= 64
        if control in (ALL_SOUND_OFF, ALL_NOTES_OFF):
            for key in [key for key in self._held if key[:2] == (port, channel)]:
                self._end(key, self._held.pop(key), tick)
        elif control == SUSTAIN:
            was = (port, channel) in self._down
            (self._down.add if down else self._down.discard)((port, channel))
            if was and not down:
                return self._phrases.pedal()
        elif control in (SOSTENUTO, SOFT) and down:
            return self._phrases.pedal()
        return None

    def _pass(self, tick: float) -> Phrase | None:
        """Time goes on: a note held too long has lost its end, and a phrase may close."""
        self._tick = max(tick, self._tick)
        longest = STUCK_BARS * self.pulse.meter.bar_ticks
        while self._held:
            key, held = next(iter(self._held.items()))
            if self._tick - held[1] < longest:
                break
            self._end(key, self._held.pop(key), held[1] + longest)
        return self._phrases.advance(self._tick, bool(self._held))

    def _sounding(self) -> list[Played]:
        """Notes that are held, as long as they have been; the newest."""
        held = list(islice(reversed(self._held.items()), HEARD))
        return [
            self._grid.note(tick, start, max(self._tick, start), key[2], velocity, self._part)
            for key, (tick, start, velocity) in held
        ]

    def _say_key(self, name: str, confidence: float) -> None:
        tonic, _, mode = name.partition(" ")
        if tonic in PITCH_CLASSES and mode in MODES:
            self._key = PITCH_CLASSES.index(tonic), MODES.index(mode), confidence
