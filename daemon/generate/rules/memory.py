"""What a player has played, kept so that whatever comes next can be looked up by what came just before.

The suffix tree of F. Pachet's *The Continuator* (Journal of New Music Research 32(3), 2003), as a table of suffixes: each
leads to the places in the memory where it was followed by something. Two viewpoints (D. Conklin and I. Witten, Journal of
New Music Research 24(1), 1995): shapes, the steps in time and pitch, which fit in any key and register, and tones, the
degree of the scale and its place in the beat. Bounded: the oldest notes are forgotten.
"""

from collections.abc import Sequence
from typing import NamedTuple

from daemon.generate.note import Played

CAPACITY = 4096
"""Ticks at which something started, that are remembered."""

ORDER = 5
"""Steps of the longest shape that is looked up; tones: 2."""

TONE_ORDER = 2
PLACES = 16
"""Of a suffix, the last so many places are kept."""

LONGEST = 192
"""A longer silence, in ticks, is no step: what follows begins anew."""


class Event(NamedTuple):
    """All that started at one tick: its top note, how it was reached, and the notes below."""

    pitch: int
    duration: int
    velocity: int
    step: int  # ticks since the event before; 0: it begins anew
    interval: int  # semitones from the event before
    phase: int  # tick in its bar
    tonic: int  # of the key at that time
    below: tuple[int, ...] = ()  # semitones from the top note, negative


Symbol = tuple[int, int] | int
Place = tuple[float, int, bool]
"""Weight, index of the event, whether its shape was followed (else its tone)."""


def tone(pitch: int, tonic: int, place: int) -> int:
    """The symbol of a degree at a place in the beat (ticks)."""
    return (pitch - tonic) % 12 + 12 * place


class Memory:
    """Learns a note in microseconds. [any]"""

    def __init__(self) -> None:
        self.count = 0  # events entered so far
        self._tick = 0  # of the last
        self._events: list[Event] = []
        self._keys: list[tuple[tuple[Symbol, ...], ...]] = []  # under which each event is found
        self._places: dict[tuple[Symbol, ...], list[int]] = {}
        self._shapes: list[tuple[int, int]] = []
        self._tones: list[int] = []

    def __len__(self) -> int:
        """Events that are remembered."""
        return len(self._events)

    def __getitem__(self, index: int) -> Event:
        """The event with a number, of the last CAPACITY."""
        return self._events[index % CAPACITY]

    def learn(self, note: Played, bar: int, beat: int, tonic: int) -> None:
        """Enter a note; those of one tick make one event. `bar` and `beat` in ticks."""
        if self.count and note.tick == self._tick:
            self._join(note, beat)
            return
        step = note.tick - self._tick if self.count else 0
        if not 0 < step <= LONGEST:
            self._shapes.clear()
            self._tones.clear()
            step = 0
        interval = note.pitch - self[self.count - 1].pitch if step else 0
        self._tick = note.tick
        self._enter(
            Event(note.pitch, note.duration, note.velocity, step, interval, note.tick % bar, tonic), note.tick % beat
        )

    def follow(self, shapes: Sequence[tuple[int, int]], tones: Sequence[int], closeness: float) -> list[Place]:
        """Places that continue what came last, weighted: prediction by partial matching.

        Each order keeps all but its escape, method C of A. Moffat (IEEE Transactions on Communications 38(11), 1990), for
        the shorter ones; how long the longest is, and how little escapes, is closeness.
        """
        found: list[Place] = []
        left = 1.0
        longest = 1 + round(closeness * (ORDER - 1))
        for order in range(min(longest, max(len(shapes), len(tones))), 0, -1):
            for symbols, is_shape in ((shapes, True), (tones, False)):
                if order > len(symbols) or (not is_shape and order > TONE_ORDER):
                    continue
                places = self._places.get(tuple(symbols[-order:]))
                if not places:
                    continue
                kinds = len({self[i][3:5] for i in places})
                escape = min(0.95, (1.5 - closeness) * kinds / (len(places) + kinds))
                each = left * (1.0 - escape) / len(places)
                found += [(each, i, is_shape) for i in places]
                left *= escape
            if left < 0.02:
                return found
        recent = range(max(0, self.count - min(len(self), 24)), self.count)
        return found + [(left / len(recent), i, False) for i in recent]

    def ends(self, shape: tuple[int, int]) -> set[int]:
        """The places where a shape of one step has just ended: indices of the events reached by it."""
        return {i - 1 for i in self._places.get((shape,), ())}

    def _join(self, note: Played, beat: int) -> None:
        """A note at the tick of the last event: the higher one is the top."""
        last = self[self.count - 1]
        if note.pitch > last.pitch:
            self._retract()
            up = note.pitch - last.pitch
            below = tuple({-up: None, **{semitones - up: None for semitones in last.below}})[:7]
            top = last._replace(
                pitch=note.pitch,
                duration=note.duration,
                velocity=note.velocity,
                interval=last.interval + up if last.step else 0,
                below=below,
            )
            self._enter(top, note.tick % beat)
        elif note.pitch < last.pitch and note.pitch - last.pitch not in last.below:
            self._events[(self.count - 1) % CAPACITY] = last._replace(below=(*last.below, note.pitch - last.pitch)[:7])

    def _enter(self, event: Event, place: int) -> None:
        i, slot = self.count, self.count % CAPACITY
        keys: tuple[tuple[Symbol, ...], ...] = ()
        if event.step:
            shapes, tones = self._shapes, self._tones
            keys = (
                *[tuple(shapes[-order:]) for order in range(1, min(ORDER, len(shapes)) + 1)],
                *[tuple(tones[-order:]) for order in range(1, min(TONE_ORDER, len(tones)) + 1)],
            )
            shapes.append((event.step, event.interval))
        self._tones.append(tone(event.pitch, event.tonic, place))
        if slot == len(self._events):
            self._events.append(event)
            self._keys.append(keys)
        else:
            self._forget(slot, i - CAPACITY)
            self._events[slot], self._keys[slot] = event, keys
        for key in keys:
            places = self._places.get(key)
            if places is None:
                self._places[key] = [i]
            else:
                places.append(i)
                if len(places) > PLACES:
                    del places[0]
        self.count = i + 1
        if len(self._tones) > 16 * ORDER:
            del self._shapes[: -2 * ORDER], self._tones[: -2 * ORDER]

    def _forget(self, slot: int, oldest: int) -> None:
        """Take the event that a new one replaces out of the table."""
        for key in self._keys[slot]:
            places = self._places.get(key)
            if places and places[0] <= oldest:
                del places[0]
                if not places:
                    del self._places[key]

    def _retract(self) -> None:
        """Take the last event out, as if it had not come."""
        self.count -= 1
        slot = self.count % CAPACITY
        for key in self._keys[slot]:
            places = self._places[key]
            places.pop()
            if not places:
                del self._places[key]
        self._keys[slot] = ()
        if self[self.count].step:
            self._shapes.pop()
        self._tones.pop()
