"""The band: hears what is published, and plays along as its [jam] table says.

A turn does one thing that takes time at most (a rule that makes a part), so that the daemon's main thread stays quick.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from daemon import messages as m
from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.listening.listener import DRUMS, Listener
from daemon.generate.listening.phrases import Phrase
from daemon.generate.listening.pulse import Pulse
from daemon.generate.live import said
from daemon.generate.live.accompany import Accompany, Beat, Chosen
from daemon.generate.live.echo import Echo
from daemon.generate.live.humanise import humanise
from daemon.generate.live.jam import BAND, DEFAULT_STYLE, HARMONY, PARTS, ROLES, SOLO, Jam, read
from daemon.generate.live.modes import MODES
from daemon.generate.live.moment import Moment
from daemon.generate.live.player import Player
from daemon.generate.live.schedule import Out, Schedule, Sent
from daemon.generate.live.solo import Decided, Solo
from daemon.generate.live.together import together
from daemon.generate.live.worker import Worker
from daemon.generate.note import MELODY, Note
from daemon.generate.rules import styles

OWN = 256  # notes of jamd's that generators are told
EARLY = 4096  # onsets kept until the beat is known
STRAIGHT = 0.5
SWUNG = 0.54  # from where on the player is taken to swing
LONGEST_BARS = 4  # that a note of the accompaniment may last
COUNTED_S = 1.0  # deadlines are published at most so often

_MIDI = (m.MidiNote, m.MidiControl, m.MidiHarmony)
_SOUND = (m.NoteOn, m.NoteOff, m.Chord, m.Key)


class Band:
    """[main]"""

    def __init__(self, out: Out, rate: int = 48000, worker: Worker | None = None) -> None:
        """Notes leave by `out`; `worker` makes what is slow, one of its own where none is given."""
        self.jam, self.is_off = Jam(on=False), True
        self.worker = worker or Worker()
        self._rate = rate
        self._pulse = Pulse(rate)
        self._listener = Listener(self._pulse)
        self.schedule = Schedule(out, self._pulse.sample_at)
        self._echo = Echo(rate)
        self._players: dict[str, Player] = {}
        self._constraints: dict[str, Constraints] = {}
        self._style = styles.Style()
        self._solo: Solo | None = None
        self._accompany: Accompany | None = None
        self._own: list[Note] = []
        self._ended: list[Sent] = []  # by a restart, and not said yet
        self._early: list[int] = []  # samples of onsets before the beat was known
        self._closed: list[Phrase] = []
        self._cued = self._panics = False
        self._key = ""
        self._now = 0
        self._said: m.Jam | None = None
        self._counts: m.Deadlines | None = None
        self._counted_at = 0.0

    def configure(self, values: dict[str, Any]) -> list[str]:
        """Play as a [jam] table says from now on; gives a line for each thing in it that cannot be."""
        before, (jam, problems) = self.jam, read(values)
        was_on = not self.is_off
        self.jam, self.is_off = jam, not jam.on
        if self.is_off:
            self._panics = self._panics or was_on
            return problems
        pulse = jam.pulse, jam.meter, jam.closing
        if not was_on or pulse != (before.pulse, before.meter, before.closing):
            self._restart()
        elif jam.tempo_bpm and jam.tempo_bpm != before.tempo_bpm:
            self._pulse.set_tempo(jam.tempo_bpm)
        style = jam.style or DEFAULT_STYLE
        self._style = jam.played
        self._constraints = {role: jam.constraints(role) for role in ROLES}
        for role in ROLES:
            self._cast(role, style, style != (before.style or DEFAULT_STYLE))
        soloist, harmony = self._players.get(SOLO), self._players.get(HARMONY)
        is_same = self._solo is not None and self._solo.player is soloist
        if not is_same or (jam.mode, jam.bars) != (before.mode, before.bars):
            self._switch()
        if harmony is not None and (self._accompany is None or self._accompany.harmony is not harmony):
            self._accompany = Accompany(harmony, {})
        return problems

    def feed(self, message: m.Message) -> None:
        """A message as it is published."""
        if self.is_off or message.replay:
            return
        if isinstance(message, m.NoteOn) and self._echo.is_heard(message.midi, message.sample_time):
            return
        if isinstance(message, _MIDI) and self.jam.hears == "sound":
            return
        if isinstance(message, _SOUND) and self.jam.hears == "midi":
            return
        was_ready = self._pulse.ready
        self._closed += self._listener.feed(message)
        self._panics |= was_ready and not self._pulse.ready  # the transport has stopped
        is_midi = isinstance(message, m.MidiNote) and message.on and message.velocity > 0 and message.channel != DRUMS
        if is_midi or isinstance(message, m.NoteOn):
            self._early.append(message.sample_time)
            del self._early[:-EARLY]

    def is_own(self, channel: int, pitch: int, on: bool, at: int) -> bool:
        """Whether a note of a MIDI input is jamd's own, come back; asked once for each message."""
        return not self.is_off and self._echo.is_own(channel, pitch, on, at)

    def turn(self, now: int) -> list[m.Message]:
        """Listen, decide, send; gives what is to be published. `now`: the stream's sample time."""
        self._now = now
        out: list[m.Message] = [*self.worker.turn(), *self._note(self._ended)]
        self._ended = []
        if self._panics:
            self._panics = False
            out += self._silence(now)
        if not self.is_off:
            self._closed += self._listener.advance(now)
            if self._pulse.ready:
                moment = Moment(now, self._rate, self._pulse.tick_at(now), self._pulse)
                out += self._listen(moment)
                out += self._play(moment)
            out += self._note(self.schedule.turn(now))
        for player in self._players.values():
            out += player.said
            player.said = []
        out += self._state()
        for message in out:
            message.known_at = message.known_at or now
            message.sample_time = message.sample_time or now
        return out

    def retire(self) -> None:
        """After a defect: off, until it is told to play again."""
        self.jam, self.is_off, self._panics = Jam(on=False), True, True

    def cue(self) -> None:
        """The performer's sign: the phrase ends here, or the loop is recorded anew."""
        self._cued = True

    def panic(self) -> None:
        """Take back and end everything; what is played next is heard as the first."""
        self._panics = True

    def begin(self, rate: int) -> None:
        """A new stream of the engine's: sample times begin anew, the music goes on where it was."""
        self._rate, self._now = rate, 0
        self._listener.begin(rate)
        self._ended += self.schedule.panic(0)  # what a port that outlives the engine was told since that ended
        self.schedule.begin(rate, self._pulse.sample_at)
        self._echo, self._early = Echo(rate), []
        if self._accompany is not None:  # what was played between the streams has no place in either
            self._accompany.stop()
        if not self.is_off:
            self._switch()

    def end(self, now: int) -> list[m.Message]:
        """The engine has ended, and with it what was to sound."""
        return self._silence(now)

    def close(self) -> None:
        """End all that sounds, and the process."""
        self.schedule.panic(self._now)
        self.worker.close()

    def _restart(self) -> None:
        """Another pulse: the music begins anew."""
        jam = self.jam
        self._pulse = Pulse(self._rate, jam.pulse, jam.tempo_bpm or None, jam.measure)
        self._pulse.advance(self._now)
        self._listener = Listener(self._pulse, jam.closing, bars=jam.bars)
        self._ended += self.schedule.panic(self._now)
        self.schedule.begin(self._rate, self._pulse.sample_at)
        self._own, self._early, self._closed = [], [], []
        self._solo = self._accompany = None

    def _cast(self, role: str, style: str, is_other_style: bool) -> None:
        """A part's player, where there is to be one."""
        name, old = self.jam.generator(role), self._players.get(role)
        if not self._is_on(role):
            if old is not None and role in PARTS:
                self.schedule.retract([PARTS[role]], self._tick())
        elif old is None or old.wanted != name or (is_other_style and role in BAND):
            self._players[role] = Player(role, name, style, self.worker)

    def _is_on(self, role: str) -> bool:
        """Whether a part is to play; chords are foreseen where there is one to play them."""
        if role == HARMONY:
            return any(self.jam.part(one).on for one in BAND)
        return self.jam.part(role).on and (role in BAND or self.jam.mode in MODES)

    def _switch(self) -> None:
        """Another mode, or other players: what was to come is taken back."""
        self.schedule.retract([MELODY], self._tick())
        kind = MODES.get(self.jam.mode)
        soloist = self._players.get(SOLO)
        self._solo = Solo(kind(self.jam.bars, self.jam.measure), soloist) if kind and soloist else None

    def _listen(self, moment: Moment) -> list[m.Message]:
        """What the player has done since the last turn."""
        out: list[m.Message] = []
        new = self._listener.newly_heard()
        if new:
            context = self._known(int(moment.tick))
            both = together(context)
            self.worker.hear(new, both)
            for role, player in self._players.items():
                player.hear(new, both if role == HARMONY else context)
        stops = False
        for sample in self._early:
            tick = self._pulse.tick_at(sample)
            stops |= self._solo is not None and self._solo.onset(tick)
            if self._accompany is not None:
                self._accompany.onset(tick)
        self._early = []
        if self._cued:
            self._cued = False
            self._closed += self._listener.cue()
            stops |= self._solo is not None and self._solo.cue(moment.tick)
        closed, self._closed = self._closed, []
        for phrase in closed:
            context = self._known(phrase.end)
            self._key = self._constraints[SOLO].key or said.phrase(phrase, context, moment).key
            out.append(said.phrase(phrase, context, moment))
            if self._solo is not None:
                self._solo.closed(phrase.end)
        if stops:
            self.schedule.retract([MELODY], moment.tick)
            self._own = [note for note in self._own if note.part != MELODY or note.tick < moment.tick]
        return out

    def _play(self, moment: Moment) -> list[m.Message]:
        """One step of the soloist's, or else one of the accompaniment's."""
        if self._solo is not None and self._is_on(SOLO):
            decided = self._solo.turn(moment, self._known, self._constraints[SOLO])
            if decided is not None:
                return [self._commit(decided, moment)]
        on = frozenset(role for role in BAND if self._is_on(role))
        if not on or self._accompany is None:
            return []
        self._accompany.players = {role: self._players[role] for role in BAND if role in on}
        step = self._accompany.turn(moment, lambda tick: together(self._known(tick)), self._constraints, on)
        if isinstance(step, Chosen):
            return [said.chord(step, moment)]
        return [self._commit_beat(step, moment)] if isinstance(step, Beat) else []

    def _commit(self, decided: Decided, moment: Moment) -> m.Answer:
        notes = kept(decided.taken.notes, decided.plan.tick, decided.plan.end, MELODY)
        if self._accompany is not None and notes:
            self._accompany.onset(notes[-1].tick)  # the band does not end under a solo
        timed = humanise(
            notes, moment.pulse.meter, self._swing(), self._style.humanise.timing_ms / 1000.0, decided.seed
        )
        self._add(SOLO, notes, timed)
        return said.answer(decided, timed, self.jam.mode, moment)

    def _commit_beat(self, done: Beat, moment: Moment) -> m.Accompaniment:
        timed, meter = [], moment.pulse.meter
        if done.cut:
            self.schedule.cut([PARTS[role] for role in done.cut], done.tick)
            self._own = [_until(note, done) for note in self._own]
        for role, made in done.notes.items():
            notes = kept(made, done.tick, done.tick + LONGEST_BARS * meter.bar_ticks, PARTS[role])
            hand_s = self._style.humanise.timing_ms / 1000.0
            mine = humanise(notes, meter, self._swing(), hand_s, self._constraints[role].seed)
            self._add(role, notes, mine)
            timed += mine
        return said.beat(done, timed, moment)

    def _add(self, role: str, notes: Sequence[Note], timed: Sequence[Any]) -> None:
        self.schedule.add(timed, self.jam.channel(role), self.jam.part(role).ports)
        self._own = sorted([*self._own, *notes], key=lambda note: note.tick)[-OWN:]

    def _known(self, tick: int) -> Context:
        """What a generator is told: what was heard, and what jamd plays itself."""
        own = tuple(note for note in self._own if note.tick < tick)
        context = self._listener.context(tick, own)
        chords: tuple[ChordSpan, ...] = context.chords
        if self._accompany is not None and not chords:
            chords = self._accompany.chords(chords, tick)
        return msgspec.structs.replace(context, chords=chords) if chords is not context.chords else context

    def _swing(self) -> float:
        """The player's, where they swing, else the style's."""
        heard = self._listener.context(0).swing
        return heard if heard >= SWUNG else self._style.swing

    def _tick(self) -> float:
        return self._pulse.tick_at(self._now)

    def _silence(self, now: int) -> list[m.Message]:
        self._own, self._early, self._closed = [], [], []
        if self._accompany is not None:
            self._accompany.stop()
        if not self.is_off:
            self._switch()
        return self._note(self.schedule.panic(now))

    def _note(self, sent: Iterable[Sent]) -> list[m.Message]:
        """What was sent is entered as jamd's own, and said."""
        out: list[m.Message] = []
        for one in sent:
            self._echo.sent(one)
            out.append(said.sent(one, self._now))
        return out

    def _state(self) -> list[m.Message]:
        """The band's state where it has changed, and how deadlines were kept."""
        phase = "off" if self.is_off else "waiting" if not self._pulse.ready else "listening"
        if phase == "listening" and self._solo is not None and self._solo.plays(self._tick()):
            phase = "answering"
        state = said.state(self.jam, phase, self._pulse.tempo_bpm, self._key, self._players.get)
        out: list[m.Message] = [] if _alike(state, self._said) else [state]
        self._said = state
        if self._now >= self._counted_at + COUNTED_S * self._rate or self._now < self._counted_at:
            self._counted_at = self._now
            names = {f"{role}:{player.wanted}": player for role, player in self._players.items()}
            counts = m.Deadlines(
                ready={name: player.ready for name, player in names.items() if player.ready},
                late={name: player.late for name, player in names.items() if player.late},
            )
            before, self._counts = self._counts, counts
            if before is None or (before.ready, before.late) != (counts.ready, counts.late):
                out.append(m.Deadlines(ready=counts.ready, late=counts.late))
        return out


def kept(notes: Iterable[Note], tick: int, end: int, part: int) -> list[Note]:
    """The notes that a receiver can play and that begin in time; whatever made them, none is taken at its word."""
    return [
        note._replace(part=part, duration=min(note.duration, end - note.tick))
        for note in notes
        if tick <= note.tick < end and note.duration > 0 and 0 <= note.pitch <= 127 and 0 < note.velocity <= 127
    ]


def _until(note: Note, done: Beat) -> Note:
    is_cut = note.tick < done.tick < note.end and any(PARTS[role] == note.part for role in done.cut)
    return note._replace(duration=done.tick - note.tick) if is_cut else note


def _alike(one: m.Jam, other: m.Jam | None) -> bool:
    own = [name for name in m.Jam.__struct_fields__ if name not in m.Message.__struct_fields__]
    return other is not None and all(getattr(one, name) == getattr(other, name) for name in own)
