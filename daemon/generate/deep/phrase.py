"""Continues the dialogue by the phrase network: what player and jamd have played is its past, the answer its future.

Several phrases are drawn while there is time, and the one kept that the network itself finds likeliest and that stands in
the player's density: so an accident of the dice is not what is heard. It lands as every answer does.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.deep import alphabet, rows, sampler
from daemon.generate.deep.alphabet import STYLES, VALUES
from daemon.generate.deep.network import MODELS, Network, Stream, surprise
from daemon.generate.masks import Masks
from daemon.generate.note import MELODY, Note, Played
from daemon.generate.rules.choice import dice
from daemon.generate.rules.landing import land, landing_tick

PROMPT = 160  # notes of the dialogue that are told to the network
DRAWN = 3  # phrases, of which the best is kept
UNKNOWN = 2  # mode


class Neural:
    """Role "answer": the next phrase of a melody. [worker]"""

    def __init__(self, folder: Path = MODELS, precision: str = "int8", style: str = "", drawn: int = DRAWN) -> None:
        """`style`: one of alphabet.STYLES. Raises ModelError."""
        self._network = Network(folder, precision)
        self._style, self._drawn = STYLES.index(style), drawn
        self._known: tuple | None = None  # what the stream was made for
        self._fed: list[tuple[int, int, int, int]] = []
        self._stream: Stream | None = None
        self._lost = self._base = 0

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Feed them at once, so that nothing is left to do when the answer is due."""
        self._told(context)

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """As Generator.play."""
        masks = Masks(context, constraints, ticks)
        rng = np.random.default_rng([constraints.seed & 0xFFFFFFFF, context.tick & 0xFFFFFFFF])
        goal = landing_tick(masks, context, dice(context, constraints))
        if goal is None:
            return []
        stream, base = self._told(context)
        gap = context.tick - base - stream.onset
        bar = max(1, context.meter.bar_ticks)
        base += max(0, -(-(gap + bar - int(VALUES[-1])) // bar)) * bar  # a long silence loses whole bars
        mark, best, best_score = stream.mark(), [], -np.inf
        for _ in range(self._drawn):
            found, nats = sampler.notes(stream, base, masks, constraints, goal, context.velocity, rng)
            stream.back(mark)
            beats = max(1.0, (goal - masks.first) / max(1, context.meter.beat_ticks))
            wanted = min(context.density, constraints.density)
            score = nats - 1.5 * abs(np.log((len(found) / beats + 0.2) / (wanted + 0.2)))
            if score > best_score:
                best, best_score = found, score
        heard = [note for note in context.heard if note.part == MELODY]
        line = [Note(*note[:5]) for note in heard[-16:]]
        toward = best[-1].pitch if best else line[-1].pitch if line else (constraints.low + constraints.high) / 2
        land(best, masks, context, constraints, goal, toward, round(context.velocity), line)
        return best

    def _told(self, context: Context) -> tuple[Stream, int]:
        """The stream, fed with the dialogue so far, and the tick where its count began."""
        bar = max(1, context.meter.bar_ticks)
        known = context.key_confidence > 0
        shift = alphabet.tonic_shift(context.tonic) if known else 0
        mode = context.mode if known else UNKNOWN
        played: list[Note | Played] = [*context.heard[-PROMPT:], *context.own]
        found = sorted((n.tick, n.duration, n.pitch, n.velocity) for n in played if n.part == MELODY)
        line = [note for k, note in enumerate(found) if k + 1 == len(found) or found[k + 1][0] > note[0]]  # the highest
        dialogue = [note for note in line if note[0] < context.tick][-PROMPT:]
        first = dialogue[0][0] - dialogue[0][0] % bar if dialogue else context.tick - context.tick % bar
        made_for = (shift, mode, bar, first)
        if self._stream is None or made_for != self._known or self._fed != dialogue[: len(self._fed)]:
            setting = np.zeros(1, rows.SETTING)
            setting["shift"], setting["mode"], setting["style"] = shift, mode, self._style
            self._stream = Stream(self._network, setting[0], np.array([[0, bar]], np.int64))
            self._known, self._fed, self._base = made_for, [], first
        for tick, duration, pitch, velocity in dialogue[len(self._fed) :]:
            place = alphabet.on_grid(tick)
            gap = place - self._base - self._stream.onset
            self._base += max(0, -(-(gap - int(VALUES[-1])) // bar)) * bar
            time = alphabet.symbol(place - self._base - self._stream.onset)
            self._stream.feed(time, pitch, max(1, alphabet.symbol(duration)), velocity)
        self._fed = dialogue
        return self._stream, self._base


def bits(
    network: Network, steps: np.ndarray, velocities: np.ndarray, setting: np.ndarray, meters: np.ndarray
) -> np.ndarray:
    """Bits of each symbol of a line, float64 (n, 3): time, pitch, duration, foretold note by note as in playing.

    `steps` as alphabet.steps gives them, `velocities` (n,), 0 where not known; `setting` and `meters` as a Stream's.
    """
    stream = Stream(network, setting, meters)
    found = np.empty((len(steps), 3))
    for row, (time, pitch, duration), velocity in zip(found, steps.tolist(), velocities.tolist(), strict=True):
        row[0] = surprise(stream.time, time)
        row[1] = surprise(stream.pitches(time)[1][0], pitch)
        row[2] = surprise(stream.durations(time, pitch, 0)[0], duration)
        stream.feed(time, pitch, duration, velocity)
    return found
