"""The accompaniment: a beat ahead its chord is foreseen, and a moment before the beat each part's notes are decided.

As in ReaLchords (Wu et al., ICML 2024): chords for what the player has not played yet. Parts are made one a turn, to the end
of the bar, so that what a style holds over beats is held; what begins in the beat is kept.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.live.jam import BAND, HARMONY, PARTS
from daemon.generate.live.moment import Moment
from daemon.generate.live.player import Player, Taken
from daemon.generate.note import DRUMS, Note
from dsp.harmony import CHORD_QUALITIES

LEAD_S = 0.13  # before its beat the last part is decided,
MAKE_S = 0.07  # and so long before that the first is asked for
SILENT_BARS = 4  # without a note of the player's: then it ends
FORESEEN = 2  # beats whose chords are asked for at once
REMEMBERED = 64  # chords

Known = Callable[[int], Context]


class Chosen(NamedTuple):
    """The chord of a beat."""

    span: ChordSpan
    tick: int
    taken: Taken | None


class Beat(NamedTuple):
    """What all parts play in a beat."""

    chord: ChordSpan
    tick: int
    ticks: int
    notes: dict[str, list[Note]]  # by role
    taken: dict[str, Taken]
    cut: list[str]  # roles whose held notes end here


class Accompany:
    """[main]"""

    def __init__(self, harmony: Player, players: Mapping[str, Player]) -> None:
        """`players` by role of jam.BAND; those that play may change from beat to beat."""
        self.players, self.harmony = dict(players), harmony
        self._tick: int | None = None  # of the beat that is at work
        self._chords: list[ChordSpan] = []  # decided, oldest first
        self._foreseen: list[ChordSpan] = []  # for the beat at work, and those after it
        self._is_asked = self._is_chosen = False
        self._due: list[str] = []  # roles to be made
        self._early: set[str] = set()  # those of them that a network was asked for already
        self._beat: Beat | None = None
        self._held: dict[str, int] = {}  # role -> where its longest note ends
        self._onset: float | None = None

    @property
    def plays(self) -> bool:
        """Whether it has begun."""
        return self._onset is not None

    def onset(self, tick: float) -> None:
        """The player strikes a note."""
        self._onset = tick

    def stop(self) -> None:
        """What is to come is forgotten; it begins again with the player's next note."""
        self._onset = self._tick = None
        self.harmony.drop()
        self._due, self._beat, self._held, self._chords = [], None, {}, []

    def chords(self, heard: tuple[ChordSpan, ...], tick: int) -> tuple[ChordSpan, ...]:
        """What was heard until the first chord that was decided, then those."""
        if not self._chords:
            return heard
        first = self._chords[0].tick
        return (*(span for span in heard if span.tick < first), *(span for span in self._chords if span.tick <= tick))

    def turn(
        self, moment: Moment, known: Known, constraints: Mapping[str, Constraints], on: frozenset[str]
    ) -> Chosen | Beat | None:
        """One step: foresee, choose the chord, make one part, or give the beat that is done."""
        meter = moment.pulse.meter
        beat = meter.beat_ticks
        if self._onset is None:
            return None
        if moment.tick > self._onset + SILENT_BARS * meter.bar_ticks:
            self.stop()
            return None
        soonest = moment.tick + moment.ticks(LEAD_S + MAKE_S)
        if self._tick is None or self._tick + beat < moment.tick:
            self._begin(int(soonest // beat + 1) * beat)
        tick = self._tick
        assert tick is not None
        if not self._is_asked:
            if moment.tick + beat >= tick:
                due_s = moment.seconds_to(tick) - LEAD_S - MAKE_S
                self.harmony.ask(known(tick), constraints[HARMONY], FORESEEN, moment.due_ns(due_s))
                self._is_asked = True
            return None
        if not self._is_chosen:
            return self._choose(tick, moment, beat) if self.harmony.look() or soonest >= tick else None
        if self._beat is None:
            return None
        self._due = [role for role in self._due if role in on]
        if soonest < tick:
            self._ask_early(tick, moment, known, constraints)
            return None
        if self._due:
            self._make(self._due.pop(0), tick, moment, known, constraints)
            return None
        done, self._beat = self._beat, None
        self._begin(tick + beat)
        return done

    def _begin(self, tick: int) -> None:
        self._tick, self._is_asked, self._is_chosen = tick, False, False

    def _choose(self, tick: int, moment: Moment, beat: int) -> Chosen:
        """The chord that was foreseen in time; where none was, the last one goes on."""
        taken = self.harmony.take()
        before = self._chords[-1] if self._chords else ChordSpan(tick, 0, 0)
        self._foreseen = [span for span in taken.chords if _is_chord(span)] if taken is not None else []
        self._foreseen = self._foreseen or [before]
        self._foreseen[0] = msgspec.structs.replace(self._foreseen[0], tick=tick)
        span = self._foreseen[0]
        if not self._chords or not _same(span, before):
            self._chords = [*self._chords[-REMEMBERED:], span]
            cut = [role for role, end in self._held.items() if end > tick and role != "drums"]
        else:
            cut = []
        self._due, self._is_chosen = [role for role in BAND if role in self.players], True
        self._early = set()
        self._beat = Beat(span, tick, beat, {}, {}, cut)
        return Chosen(span, tick, taken)

    def _ask_early(self, tick: int, moment: Moment, known: Known, constraints: Mapping[str, Constraints]) -> None:
        """A network needs the time until the beat is decided; one part a turn."""
        for role in self._due:
            player = self.players[role]
            if player.is_slow and player.plays == player.wanted and role not in self._early:
                self._early.add(role)
                self._ask(role, tick, moment, known, constraints[role])
                return

    def _ask(self, role: str, tick: int, moment: Moment, known: Known, constraints: Constraints) -> None:
        """For one part's notes to the end of the bar."""
        meter = moment.pulse.meter
        ahead = tuple(span for span in self._foreseen if span.tick > tick)
        context = known(tick)
        context = msgspec.structs.replace(context, chords=(*self.chords(context.chords, tick), *ahead))
        due_s = max(0.0, moment.seconds_to(tick) - LEAD_S - MAKE_S)
        self.players[role].ask(context, constraints, meter.bar_ticks - tick % meter.bar_ticks, moment.due_ns(due_s))

    def _make(self, role: str, tick: int, moment: Moment, known: Known, constraints: Mapping[str, Constraints]) -> None:
        """One part's notes of the beat, made to the end of the bar."""
        assert self._beat is not None
        if role not in self._early:
            self._ask(role, tick, moment, known, constraints[role])
        taken = self.players[role].take()
        if taken is None:
            return
        notes = [note for note in taken.notes if tick <= note.tick < tick + self._beat.ticks]
        held = self._held.get(role, 0)
        if held > tick and role not in self._beat.cut and PARTS[role] != DRUMS:
            notes = [note for note in notes if note.tick > tick]  # what was held goes on
        self._held[role] = max([0 if role in self._beat.cut else held, *(note.end for note in notes)])
        self._beat.notes[role], self._beat.taken[role] = notes, taken


def _is_chord(span: ChordSpan) -> bool:
    return 0 <= span.root < 12 and 0 <= span.quality < len(CHORD_QUALITIES) and -1 <= span.bass < 12


def _same(one: ChordSpan, other: ChordSpan) -> bool:
    return (one.root, one.quality, one.bass) == (other.root, other.quality, other.bass)
