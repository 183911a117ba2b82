"""Neural harmony: a recurrent network that hears the melody beat by beat and foresees the chords.

The task is ReaLchords' (Wu et al., ICML 2024): chords of beats whose melody is not yet played. One step a beat: a
GRU (Cho et al., EMNLP 2014) of explicit state; `daemon.train.generator.harmony` says how it is fitted.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from daemon.generate.beats import Beat, before
from daemon.generate.following import Chord, Following, Line
from daemon.models.opening import Opened, Runs, open_model
from dsp.harmony import CHORD_TONES

QUALITIES = 8  # maj .. sus4 of dsp.harmony
CHORDS = 1 + 12 * QUALITIES  # 0: none
AHEAD = 5  # the chord of this beat, and of the next 4
PLACES = 6  # beats of a bar that are told apart
PHRASE = 8  # bars
SEEN = 4  # beats that followed when the melody was here before
BACK = (4, 8)  # bars ago
WIDTH = 256  # of the state
HOLD = (-0.1, 0.03, 0.2)
"""How much likelier another chord must be than the one that sounds, on a downbeat (where a change is welcome), in the
bar's middle, and between."""
FIT = 0.3  # how much fitting the melody that is expected counts, beside the chord's chance
BASS_SURE = 0.5  # how likely a bass other than the root must be
ROW = 12 * 3 + 4 + 1 + 12 * SEEN + 12 * len(BACK) + 2 * PLACES + 1 + PHRASE + 1 + 1
"""Numbers that say what is known of a beat."""

TONES = np.zeros((CHORDS, 12), np.float32)
"""Which pitch classes, from the tonic, a chord has."""
for _chord in range(1, CHORDS):
    _root, _quality = divmod(_chord - 1, QUALITIES)
    TONES[_chord, [(_root + tone) % 12 for tone in list(CHORD_TONES.values())[_quality + 1]]] = 1

TRIAD = np.array([-1] + [2 * root + minor for root in range(12) for minor in (0, 1, 0, 0, 1, 1, 0, 0)])
"""Of each chord: twice the root, and one more where its third is minor."""
TO_TRIAD = (TRIAD[:, None] == np.arange(24)).astype(np.float32)
TRIADS = np.array([TONES[1 + root * QUALITIES + minor] for root in range(12) for minor in (0, 1)])
"""The tones of the 24 triads: (24, 12)."""


def index(root: int, quality: int) -> int:
    """The number of a chord, `root` from the tonic."""
    return 0 if quality == 0 else 1 + root % 12 * QUALITIES + quality - 1


def row(line: Line, k: int) -> np.ndarray:
    """What is known when beat `k` is over: float32, shape (ROW,)."""
    found = np.zeros(ROW, np.float32)
    here, this = line.heard[k], line.beats[k]
    found[0:12] = line.relative("sounding", k)
    found[12:24] = line.relative("struck", k)
    if here["last"] >= 0:
        found[24 + (here["last"] - line.tonic) % 12] = 1
        found[36] = (float(here["last"]) - 66) / 12
        found[39] = here["together"] / 4
    else:
        found[38] = 1
    found[37] = here["starts"] / 4
    at = 41
    match, length = before(line.heard, line.places, k)
    if match >= 0:
        found[40] = length / 16
        for ahead in range(1, SEEN + 1):
            then = match + ahead - max(0, -((k - match - ahead) // (k - match))) * (k - match)
            found[at + 12 * ahead - 12 : at + 12 * ahead] = line.relative("sounding", then)
    at += 12 * SEEN
    for bars in BACK:
        then = k + 1 - bars * this.of
        if then >= 0:
            found[at : at + 12] = line.relative("sounding", then)
        at += 12
    place = (this.place + 1) % this.of
    found[at + min(place, PLACES - 1)] = 1
    found[at + PLACES + min(this.of, PLACES) - 1] = 1
    at += 2 * PLACES
    found[at] = this.compound
    found[at + 1 + (this.bar + (place == 0)) % PHRASE] = 1
    found[-2] = min(k, 64) / 64
    found[-1] = line.mode
    return found


class Belief(NamedTuple):
    """What the network says after a beat."""

    chords: np.ndarray  # (AHEAD, CHORDS): chances at 0 to 4 beats ahead
    bass: np.ndarray  # (12,): chances of the next beat's bass, from the tonic
    melody: np.ndarray  # (12,): shares of the next beat's melody, from the tonic
    state: np.ndarray  # (1, WIDTH)


class Network:
    """The network as a Filter."""

    def __init__(self, graph: Runs) -> None:
        """`graph` as daemon.models.contract has it for "harmony"."""
        self._graph = graph

    def start(self) -> Belief:
        """Before anything was heard every chord is as likely; it is not asked to foresee from nothing."""
        even = np.full(12, 1 / 12, np.float32)
        chords = np.zeros((AHEAD, CHORDS), np.float32)
        chords[:, index(0, 1)] = 1
        return Belief(chords, even, even, np.zeros((1, WIDTH), np.float32))

    def step(self, state: Belief, line: Line, k: int, past: Chord, stated: bool) -> Belief:
        """One run of the network."""
        number = index(past.root, past.quality) + (CHORDS if stated and past.quality else 0)
        fed = {"row": row(line, k)[None], "past": np.array([number]), "state": state.state}
        chords, bass, melody, after = self._graph.run(None, fed)
        return Belief(chords[0], bass[0], melody[0], after)

    def ahead(self, state: Belief, beats: Sequence[Beat], past: Chord, mode: int) -> list[Chord]:
        """The next beat's by the chances one ahead, and so on; beyond the fourth as the fourth."""
        found: list[Chord] = []
        for k, beat in enumerate(beats):
            hold = HOLD[0 if beat.place == 0 else 1 if beat.place * 2 == beat.of else 2]
            chord = choose(state.chords[min(k + 1, AHEAD - 1)], state.melody if k == 0 else None, past, hold)
            if k == 0 and state.bass[bass := int(state.bass.argmax())] > BASS_SURE and bass != chord.root:
                chord = chord._replace(bass=bass)
            found.append(past := chord)
        return found


def choose(chances: np.ndarray, melody: np.ndarray | None, past: Chord, hold: float) -> Chord:
    """The chord that pays: likely, fit for the melody that is expected, and a change only where it is worth one."""
    triads = chances @ TO_TRIAD
    number = index(past.root, past.quality)
    if number:
        triads[TRIAD[number]] += hold
    if melody is not None:
        triads += FIT * (TRIADS @ melody)
    best = int(triads.argmax())
    if number and best == TRIAD[number]:
        return past
    number = int((chances * TO_TRIAD[:, best]).argmax())
    root, quality = divmod(number - 1, QUALITIES)
    return Chord(root, quality + 1)


class Neural(Following):
    """The Harmony of the registry."""

    task = "harmony"

    def __init__(self, model: Opened | None = None) -> None:
        """`model`: the shelf's by default. Raises ModelError."""
        model = model or open_model(self.task)
        super().__init__(Network(model.graphs["harmony"]))
