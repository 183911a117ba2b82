"""Continues the dialogue by the phrase network: what player and jamd have played is its past, the answer its future.

Several phrases are drawn while there is time, and the one kept that the network itself finds likeliest and that stands in
the player's density: so an accident of the dice is not what is heard. It lands as every answer does.
"""

from collections.abc import Callable, Sequence

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.deep import known
from daemon.generate.deep.alphabet import STYLES
from daemon.generate.deep.dialogue import Dialogue
from daemon.generate.deep.network import Network, Stream, surprise
from daemon.generate.deep.sampler import Echo, Sampler
from daemon.generate.masks import Masks
from daemon.generate.note import BASS, CHORDS, MELODY, Note, Played
from daemon.generate.rules.choice import dice
from daemon.generate.rules.ladder import homes
from daemon.generate.rules.landing import landing_tick, strength
from daemon.models import shelf
from daemon.models.opening import Opened, open_model

TASK = "phrase"

KNOWN = "known.bin"
DRAWN = 3  # phrases, of which the best is kept
RECENT, FEW = 64, 2  # notes whose velocities are averaged, and how many the player's mean counts for
FEWEST_ECHOED = 5  # notes of the player's in a row that may come back with closeness 0,
MORE_ECHOED = 60  # and how many more with 1
CROWDED = 1.5  # nats a note that a phrase loses where it is e times as dense as the player's, or as thin


def dice_of(context: Context, constraints: Constraints) -> np.random.Generator:
    """The chance of one stretch: the same seed and place give the same."""
    return np.random.default_rng([constraints.seed & 0xFFFFFFFF, context.tick & 0xFFFFFFFF])


def dynamics(context: Context) -> Callable[[int], float]:
    """The velocity that the player gives a tick's place in the bar (rules.landing.strength), on the whole."""
    meter, heard = context.meter, context.heard[-RECENT:]
    means = []
    for level in range(4):
        struck = [note.velocity for note in heard if strength(note.tick, meter) == level]
        means.append((sum(struck) + FEW * context.velocity) / (len(struck) + FEW))
    return lambda tick: means[strength(tick, meter)]


class Neural:
    """Role "answer": the next phrase of a melody. [worker]"""

    task = TASK

    def __init__(self, model: Opened | None = None, style: str = "", drawn: int = DRAWN) -> None:
        """`model`: the shelf's by default; `style`: one of alphabet.STYLES. Raises ModelError."""
        model = model or open_model(TASK)
        self._dialogue = Dialogue(Network(model.graphs), STYLES.index(style), has_parts=False)
        of = model.folder if KNOWN in model.card.files else shelf.SHIPPED[TASK]  # jamd's own knows the usual tunes
        self._known = known.read(of / KNOWN)
        self._drawn = drawn

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Tell them at once, so that little is left to do when the answer is due."""
        self._dialogue.at(context)

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """As Generator.play."""
        masks = Masks(context, constraints, ticks)
        goal = landing_tick(masks, context, dice(context, constraints))
        if goal is None:
            return []
        stream, base = self._dialogue.at(context)
        rng, mark, loud = dice_of(context, constraints), stream.mark(), dynamics(context)
        line = [Note(*note[:5]) for note in context.heard if note.part == MELODY]
        home = homes(context, constraints, goal, line)
        beats = max(1.0, (goal - masks.first) / max(1, context.meter.beat_ticks))
        wanted = min(context.density, constraints.density)
        best: list[Note] = []
        best_score = -np.inf
        echo = Echo(line, round(FEWEST_ECHOED + MORE_ECHOED * constraints.closeness))
        for _ in range(self._drawn):
            drawn = Sampler(stream, base, masks, constraints, rng, loud, self._known, echo)
            drawn.begin(goal)
            drawn.play(goal)
            drawn.land(goal, home)
            stream.back(mark)
            count = len(drawn.notes)
            score = drawn.nats / max(1, count) - CROWDED * abs(np.log((count / beats + 0.2) / (wanted + 0.2)))
            if count and score > best_score:
                best, best_score = drawn.notes, score
        return best


class Chords:
    """Role "chords": what the network, taught with whole songs, has the keys play under what is heard. [worker]"""

    task, part = TASK, CHORDS

    def __init__(self, model: Opened | None = None, style: str = "pop909") -> None:
        """As Neural's. Raises ModelError."""
        model = model or open_model(TASK)
        self._dialogue = Dialogue(Network(model.graphs), STYLES.index(style), has_parts=True)

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """As Neural.hear."""
        self._dialogue.at(context)

    def play(self, context: Context, constraints: Constraints, ticks: int) -> list[Note]:
        """As Generator.play."""
        stream, base = self._dialogue.at(context)
        mark, masks = stream.mark(), Masks(context, constraints, ticks, self.part)
        dice = dice_of(context, constraints)
        drawn = Sampler(stream, base, masks, constraints, dice, dynamics(context), part=self.part)
        drawn.play(masks.end)
        stream.back(mark)
        return drawn.notes


class Bass(Chords):
    """Role "bass": the same network's lowest part. [worker]"""

    part = BASS


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
        row[1] = surprise(stream.pitches(time)[1][MELODY], pitch)
        row[2] = surprise(stream.durations(time, pitch, MELODY)[0], duration)
        stream.feed(time, pitch, duration, velocity)
    return found
