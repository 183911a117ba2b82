"""Pieces whose sections are known to the sample: club-like and song-like arrangements, drawn from a seed.

What a section is called is as in the message Section; where nothing is taken away, built up or dropped, it is a boundary.
"""

from typing import NamedTuple

import numpy as np

from dsp.harmony import PITCH_CLASSES

BAR = 4  # beats
LEAD_IN_S = 0.3
STYLES = ("club", "song")
MINOR, MAJOR = (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 5, 7, 9, 11)


class Part(NamedTuple):
    """A stretch of whole bars: what its beginning is, and how loud each plays, 0..1."""

    bars: int
    what: str  # "" = nothing to be found
    kick: float = 0.0
    snare: float = 0.0
    hat: float = 0.0
    bass: float = 0.0
    pad: float = 0.0
    keys: float = 0.0
    lead: float = 0.0
    rises: bool = False
    pattern: int = 0  # of the rhythms
    loop: int = 0  # which of the piece's two rounds of chords


class Note(NamedTuple):
    """One note of one voice, or stroke of a drum."""

    start_s: float
    seconds: float
    voice: str
    midi: int
    level: float
    rises: bool  # it goes through what opens in a build-up


class Rise(NamedTuple):
    """A stretch that builds up."""

    start_s: float
    end_s: float


class Arrangement(NamedTuple):
    """A piece, to be made sound."""

    style: str
    seconds: float
    notes: list[Note]
    rises: list[Rise]
    sections: list[tuple[float, str]]  # s, what


class Tune(NamedTuple):
    """What a piece is made of."""

    beat_s: float
    loops: tuple[list[int], list[int]]  # degrees, a bar each
    scale: tuple[int, ...]
    tonic: int
    riff: list[int]  # degrees above the chord's
    swing: float  # of a beat


def arrange(seed: int) -> Arrangement:
    """The piece of a seed: club-like where that is even, else song-like. [any]"""
    rng = np.random.default_rng([seed, 8])
    style = STYLES[seed % 2]
    parts, tempo = (_club(rng), rng.uniform(110, 150)) if seed % 2 == 0 else (_song(rng), rng.uniform(72, 140))
    tune = Tune(
        60 / tempo,
        (rng.integers(0, 6, 4).tolist(), rng.integers(0, 6, 4).tolist()),
        MINOR if rng.random() < 0.6 else MAJOR,
        int(rng.integers(len(PITCH_CLASSES))),
        rng.integers(0, 7, 8).tolist(),
        float(rng.choice([0.0, 0.0, 0.08])),
    )
    notes, rises, sections, bar = [], [], [], 0
    for part in parts:
        start_s, end_s = (LEAD_IN_S + at * BAR * tune.beat_s for at in (bar, bar + part.bars))
        sections += [(start_s, part.what)] if part.what else []
        rises += [Rise(start_s, end_s)] if part.rises else []
        for k in range(part.bars):
            notes += _bar(part, k, bar + k, tune, rng)
        bar += part.bars
    return Arrangement(style, LEAD_IN_S + bar * BAR * tune.beat_s, notes, rises, sections)


def _club(rng: np.random.Generator) -> list[Part]:
    """Drums, a groove, then twice a break, a build-up, or both, and a drop."""
    kick, snare, hat = rng.uniform(0.8, 1.0), rng.uniform(0.0, 0.7), rng.uniform(0.4, 0.9)
    full = Part(8, "drop", kick, snare, hat, 0.9, rng.uniform(0.4, 0.9), rng.uniform(0, 0.5), 0.0)
    parts = [full._replace(what="", bass=0.0, pad=0.0, keys=0.0)]
    parts.append(full._replace(bars=int(rng.choice([8, 12])), what="boundary"))
    for k in range(2):
        bare = Part(int(rng.choice([4, 8])), "break", pad=rng.uniform(0.4, 0.7), keys=0.5, lead=0.4 * k, loop=k)
        build = Part(int(rng.choice([4, 8])), "build-up", pad=0.6, keys=0.4, snare=0.7, rises=True, loop=k)
        build = build._replace(kick=kick * (rng.random() < 0.3), bass=0.5 * (rng.random() < 0.3))
        shape = rng.choice(["both", "break", "build"], p=[0.6, 0.2, 0.2])
        parts += [bare] if shape != "build" else []
        parts += [build] if shape != "break" else []
        parts.append(full._replace(lead=0.5 * k, pattern=k, loop=k))
        if rng.random() < 0.6:
            parts.append(full._replace(what="boundary", lead=0.7 - 0.6 * k, pattern=1 - k, pad=0.1, keys=0.9, loop=1))
    parts.append(full._replace(what="boundary", bass=0.0, pad=0.0, keys=0.0))
    return parts


def _song(rng: np.random.Generator) -> list[Part]:
    """Intro, verses and choruses; often a bridge without drums; at times a build-up, and an end without drums."""
    intro = Part(4, "", keys=0.7, pad=0.3 * (rng.random() < 0.5))
    verse = Part(8, "boundary", 0.8, 0.6, 0.5, 0.7, 0.0, 0.7, rng.uniform(0.4, 0.7))
    chorus = Part(8, "boundary", 0.95, 0.9, 0.9, 0.9, 0.6, 0.8, 0.9, pattern=1, loop=1)
    parts = [intro, verse, chorus, verse, chorus]
    if rng.random() < 0.4:
        parts[2:3] = [
            verse._replace(bars=4, what="build-up", rises=True, lead=0.3),
            chorus._replace(what="drop"),
        ]
    if rng.random() < 0.7:
        bridge = Part(int(rng.choice([4, 8])), "break", keys=0.6, lead=0.4, pad=0.2)
        parts += [bridge, chorus._replace(what="drop")]
    return [*parts, Part(4, "break", keys=0.5, pad=0.2)] if rng.random() < 0.5 else parts


def _bar(part: Part, k: int, bar: int, tune: Tune, rng: np.random.Generator) -> list[Note]:
    """What bar `k` of a part has, `bar` of the piece."""
    progress = (k + 0.5) / part.bars if part.rises else 0.0
    fills = k == part.bars - 1 and not part.rises and part.snare > 0 and rng.random() < 0.5
    played: list[tuple[float, float, str, int, float]] = []  # beat, beats, voice, MIDI, level
    played += [(at, 0.25, name, 0, level) for at, name, level in _drums(part, progress, fills)]
    degree = tune.loops[part.loop][bar % 4]
    chord = [tune.tonic + tune.scale[(degree + step) % 7] for step in (0, 2, 4)]
    if part.bass and progress < 0.3:
        places = (0, 0.5, 1.5, 2, 2.5, 3.5) if part.pattern else (0, 1.5, 2, 3)
        played += [(at, 0.4, "bass", 36 + chord[0] % 12, part.bass) for at in places]
    if part.pad:
        played += [(0, BAR, "pad", 53 + (note - 53) % 12, part.pad * (1 + progress)) for note in chord]
    if part.keys:
        strums = (0.0, 1.5, 3.0) if part.pattern else (0.0, 2.0)
        played += [(at, 0.9, "keys", 60 + note % 12, part.keys) for at in strums for note in chord]
    if part.lead:
        for at in (0, 1, 1.5, 2.5, 3) if part.pattern else (0.5, 2, 3):
            step = tune.scale[(tune.riff[int(2 * at)] + degree) % 7]
            played += [(at, 0.45, "lead", 60 + 12 * part.pattern + (tune.tonic + step) % 12, part.lead)]
    found = []
    for at, beats, voice, midi, level in played:
        late = tune.swing if at % 1 == 0.5 else 0.0
        start_s = LEAD_IN_S + (bar * BAR + at + late) * tune.beat_s + rng.normal(0, 0.002)
        rises = part.rises and voice in ("pad", "keys", "lead")
        found.append(Note(start_s, beats * tune.beat_s, voice, midi, level * rng.uniform(0.9, 1.05), rises))
    return found


def _drums(part: Part, progress: float, fills: bool) -> list[tuple[float, str, float]]:
    """A bar's strokes: (beat, drum, level)."""
    kicks = (0, 1.5, 2, 3) if part.pattern else (0, 1, 2, 3)
    hits = [(float(at), "kick", part.kick) for at in kicks if part.kick and progress < 0.3]
    if part.rises:  # a roll, twice as fast each third
        each = (1.0, 0.5, 0.25)[min(2, int(3 * progress))]
        return [*hits, *((float(at), "snare", part.snare * (0.4 + 0.8 * progress)) for at in np.arange(0, 4, each))]
    if part.snare:
        hits += [(at, "snare", part.snare) for at in ((1, 2.5, 3, 3.25, 3.5, 3.75) if fills else (1, 3))]
    if part.hat:
        each = 0.25 if part.pattern else 0.5
        hits += [(float(at), "hat", part.hat * (0.8 if at % 1 else 0.6)) for at in np.arange(0, 4, each)]
    return hits
