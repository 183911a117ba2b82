"""What is drawn: a melody, a piano, a band, drums, a loop, claps, or no music at all; each from scores or made up."""

from collections.abc import Callable

import numpy as np

from daemon.train.analysis import comping, instruments, made_up, patterns
from daemon.train.analysis.arrange import TUNES, Excerpt, Part, Placed, line_of, struck, sung, voice_or
from daemon.train.analysis.instruments import KIT, choose
from daemon.train.analysis.scores import BASS, CHORDS, MELODY, OTHER, VOICE, Score
from daemon.train.analysis.timing import HUMAN, SHAPED, STEADY

Scores = dict[str, list[Score]]
LEADS = (*TUNES, "openewld", "pop909", "lieder")
_SOLO = (4, 5, 6, 24, 25, 26, 46, 19, 16, 11)  # instruments that can do what a piano can
SHEETS = (*TUNES[:1], *TUNES, "openewld", "openewld", "openewld")


def any_of(scores: Scores, names: tuple[str, ...], rng: np.random.Generator) -> Score:
    """A score of one of these collections, or of any where none is there."""
    there = [name for name in names if scores.get(name)] or [name for name in scores if scores[name]]
    among = scores[there[rng.integers(len(there))]]
    return among[rng.integers(len(among))]


def melody(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """One line, on an instrument or sung."""
    score = made_up.wandering(rng) if rng.random() < 0.4 else any_of(scores, LEADS, rng)
    placed = Placed(score, rng, int(rng.choice([STEADY, HUMAN, SHAPED])))
    program = voice_or(choose("melody", rng), rng, 0.25)
    rows = placed.rows(line_of(score))
    if program >= KIT:
        return placed.excerpt("voice", [placed.part(program, sung(rows, program, rng), mono=True, legato=1)], False)
    if rng.random() < 0.15:  # a bass alone
        program = choose("bass", rng)
        rows[:, 2] -= 24
    return placed.excerpt("melody", [placed.part(program, rows, mono=True)], False)


def voice(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """One line, sung or whistled."""
    score = made_up.wandering(rng) if rng.random() < 0.25 else any_of(scores, LEADS, rng)
    placed, program = Placed(score, rng, int(rng.choice([HUMAN, SHAPED]))), voice_or(0, rng, 1.0)
    rows = sung(placed.rows(line_of(score)), program, rng)
    return placed.excerpt("voice", [placed.part(program, rows, mono=True, legato=float(rng.uniform(0.8, 1.02)))], False)


def piano(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """Everything on one piano, or another instrument of keys or strings."""
    names = ("lieder", "lieder", "lieder", "pop909", "pop909", "jsb", *SHEETS[:1], "openewld")
    score = made_up.etude(rng) if rng.random() < 0.22 else any_of(scores, names, rng)
    shaped = score.source in ("lieder", "jsb", "generated")
    placed = Placed(score, rng, int(rng.choice([HUMAN, SHAPED, SHAPED, SHAPED] if shaped else [STEADY, HUMAN, SHAPED])))
    rows = placed.rows((CHORDS, OTHER, BASS))
    if rng.random() < 0.7 or not len(rows):  # with its melody, which sings out
        sung = placed.rows((MELODY, VOICE))
        sung[:, 3] += rng.uniform(0, 20)
        rows = np.concatenate([rows, sung])
    if not (score.notes["role"] == CHORDS).any():
        rows = np.concatenate([rows, _accompaniment(placed, rng)])
    if rng.random() < 0.2:
        rows[:, 2] += float(rng.choice([-12, 12]))
    program = int(rng.choice(instruments.PIANOS if rng.random() < 0.75 else _SOLO))
    part = placed.part(program, rows, legato=float(rng.choice([0.8, 0.95, 1.0, 1.0])))
    if rng.random() < 0.45 and program < 6:
        part = part._replace(notes=pedal(part.notes, placed, rng))
    return placed.excerpt("piano", [part])


def pedal(notes: np.ndarray, placed: Placed, rng: np.random.Generator) -> np.ndarray:
    """Notes held by a pedal that is changed every one or two beats."""
    step = int(rng.choice([1, 2, placed.score.of[0]]))
    changes = placed.clock.times[:: max(1, step)] - 0.03
    until = changes[np.minimum(np.searchsorted(changes, notes[:, 1]), len(changes) - 1)]
    notes = notes.copy()
    notes[:, 1] = np.minimum(np.maximum(notes[:, 1], until), notes[:, 0] + 6)
    order = np.lexsort((notes[:, 0], notes[:, 2]))
    notes = notes[order]
    same = notes[1:, 2] == notes[:-1, 2]
    notes[:-1, 1] = np.where(same, np.minimum(notes[:-1, 1], notes[1:, 0] - 0.004), notes[:-1, 1])
    return notes[np.argsort(notes[:, 0], kind="stable")]


def _accompaniment(placed: Placed, rng: np.random.Generator, manner: int | None = None) -> np.ndarray:
    chosen = int(rng.choice(comping.MANNERS)) if manner is None else manner
    rows = comping.comp(placed.chords(), placed.score.place, placed.score.of, placed.score.divide, chosen, rng)
    return _within(rows, placed)


def _within(rows: np.ndarray, placed: Placed) -> np.ndarray:
    return rows[(rows[:, 0] >= placed.first) & (rows[:, 0] < placed.last)]


def _bass(
    placed: Placed, rng: np.random.Generator, loud_db: float = 0.0, tight: bool = False, manner: str = ""
) -> Part:
    chosen = manner or str(rng.choice(comping.BASS_MANNERS))
    rows = _within(comping.bass(placed.chords(), placed.score.place, placed.score.divide, chosen, rng), placed)
    return placed.part(choose("bass", rng), rows, loud_db, True, tight)


def tune(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """A tune with chords to it, mostly a bass, at times drums."""
    score = any_of(scores, SHEETS, rng)
    drummed = rng.random() < 0.4
    _, style = patterns.choose(int(score.of[0]), score.divide, rng)
    placed = Placed(score, rng, int(rng.choice([STEADY, HUMAN, HUMAN, SHAPED])), style if drummed else None)
    parts = [_lead(placed, (MELODY,), rng)]
    parts.append(placed.part(choose("comping", rng), _accompaniment(placed, rng), float(rng.uniform(-8, 1))))
    if rng.random() < 0.7:
        parts.append(_bass(placed, rng, float(rng.uniform(-5, 2))))
    if drummed:
        parts.append(placed.drums(style, float(rng.uniform(-6, 3))))
    return placed.excerpt("tune", parts)


def _lead(placed: Placed, roles: tuple[int, ...], rng: np.random.Generator, chance: float = 0.2) -> Part:
    program = voice_or(choose("melody", rng), rng, chance)
    rows = placed.rows(roles)
    if program >= KIT and len(rows):
        return placed.part(program, sung(rows, program, rng), float(rng.uniform(-2, 4)), True, legato=1)
    return placed.part(program, rows, float(rng.uniform(-3, 4)), True)


def song(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """A song by a band: its own parts on instruments drawn anew, mostly with drums."""
    score = any_of(scores, ("pop909",), rng)
    _, style = patterns.choose(int(score.of[0]), score.divide, rng)
    placed = Placed(score, rng, int(rng.choice([STEADY, STEADY, HUMAN])), style)
    tight = bool(rng.random() < 0.4)
    parts = [_lead(placed, (MELODY,), rng)] if rng.random() < 0.85 else []
    keys = int(rng.choice(instruments.PIANOS)) if rng.random() < 0.5 else choose("comping", rng)
    parts.append(
        placed.part(
            keys,
            placed.rows((CHORDS,) if rng.random() < 0.6 else (CHORDS, OTHER, BASS)),
            float(rng.uniform(-7, 1)),
            tight=tight,
        )
    )
    if rng.random() < 0.25:
        parts.append(
            placed.part(
                choose("long", rng), _accompaniment(placed, rng, comping.HOLD), float(rng.uniform(-12, -3)), tight=tight
            )
        )
    low = placed.part(choose("bass", rng), placed.rows((BASS,)), float(rng.uniform(-5, 2)), True, tight)
    parts.append(low if rng.random() < 0.4 else _bass(placed, rng, float(rng.uniform(-5, 2)), tight))
    if rng.random() < 0.8:
        parts.append(placed.drums(style, float(rng.uniform(-5, 4)), tight))
    return placed.excerpt("song", parts)


def lied(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """A voice, or an instrument in its place, and a piano."""
    placed = Placed(any_of(scores, ("lieder",), rng), rng, SHAPED)
    parts = [_lead(placed, line_of(placed.score), rng, 0.5)]
    hands = placed.part(
        int(rng.choice(instruments.PIANOS)), placed.rows((CHORDS,)), float(rng.uniform(-6, 3)), legato=1
    )
    if rng.random() < 0.4:
        hands = hands._replace(notes=pedal(hands.notes, placed, rng))
    return placed.excerpt("lied", [*parts, hands])


def chorale(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """A chorale or what a piano plays by voices, strings, brass, reeds or an organ."""
    placed = Placed(any_of(scores, ("jsb",), rng), rng, int(rng.choice([HUMAN, SHAPED])))
    program, apart = choose("ensemble", rng), rng.random() < 0.35
    groups: list[tuple[int, ...]] = [(MELODY,), (CHORDS,), (BASS,)] if apart else [(MELODY, CHORDS, BASS, VOICE, OTHER)]
    parts = [
        placed.part(
            choose("ensemble", rng) if apart and rng.random() < 0.5 else program,
            placed.rows(roles),
            mono=False,
            legato=1,
        )
        for roles in groups
    ]
    return placed.excerpt("chorale", parts)


def chords(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """Chords alone, with or without a bass."""
    placed = Placed(
        made_up.progression(rng) if rng.random() < 0.6 else any_of(scores, ("pop909", "openewld"), rng),
        rng,
        int(rng.choice([STEADY, HUMAN, SHAPED])),
    )
    among = [manner for manner in comping.MANNERS if manner not in (comping.OFFBEAT, comping.STABS)]  # they need a beat
    manner = comping.HOLD if rng.random() < 0.25 else int(rng.choice(among))
    program = choose("long" if manner == comping.HOLD else "comping", rng)
    parts = [placed.part(program, _accompaniment(placed, rng, manner), legato=1 if manner == comping.HOLD else 0)]
    if rng.random() < 0.4:
        parts.append(_bass(placed, rng, float(rng.uniform(-5, 1))))
    return placed.excerpt("chords", parts)


def drums(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """A drummer or a machine alone."""
    _, style = patterns.choose(4, 2, rng)
    score = made_up.progression(rng) if rng.random() < 0.35 else made_up.progression(rng, of=4)
    if score.of[0] != 4 or score.divide == 3:
        _, style = patterns.choose(int(score.of[0]), score.divide, rng)
    placed = Placed(score, rng, int(rng.choice([STEADY, HUMAN, HUMAN])), style)
    tight = bool(rng.random() < 0.35)
    return placed.excerpt("drums", [placed.drums(style, tight=tight)], False)


_CLUB = {
    "house": (118, 130),
    "techno": (124, 142),
    "disco": (108, 126),
    "breaks": (155, 178),
    "half": (136, 174),
    "hiphop": (72, 105),
}


def loop(scores: Scores, rng: np.random.Generator) -> Excerpt:
    """Electronic: machines to a grid, parts that enter and leave by sections, rolls before drops."""
    name = str(rng.choice(list(_CLUB)))
    style = patterns.STYLES[name]
    placed = Placed(made_up.progression(rng, float(rng.uniform(*_CLUB[name])), 4), rng, STEADY, style)
    score, of = placed.score, 4
    phrase = of * int(rng.choice([2, 4, 4, 8]))
    parts = [placed.drums(style, float(rng.uniform(0, 6)), True)]
    parts.append(
        _bass(
            placed,
            rng,
            float(rng.uniform(-3, 3)),
            True,
            str(rng.choice(["offbeat", "eighths", "octaves", "free", "root"])),
        )
    )
    parts.append(
        placed.part(
            choose("long", rng),
            _accompaniment(placed, rng, int(rng.choice([comping.HOLD, comping.STABS, comping.OFFBEAT]))),
            float(rng.uniform(-8, 0)),
            tight=True,
        )
    )
    if rng.random() < 0.7:
        arp = _accompaniment(placed, rng, comping.ARPEGGIO)
        arp[:, 2] += 12
        parts.append(
            placed.part(int(rng.choice([80, 81, 84, 85, 87, 4, 11, 12, 5])), arp, float(rng.uniform(-6, 1)), True, True)
        )
    sections = placed.clock.seconds(np.arange(0, len(score.place) + phrase, phrase))
    silent = rng.random((len(parts), len(sections))) < 0.25
    silent[0] &= silent[0] & (rng.random(len(sections)) < 0.8)
    kept = []
    for k, part in enumerate(parts):
        at = np.clip(np.searchsorted(sections, part.notes[:, 0] + 0.02) - 1, 0, len(sections) - 1)
        kept.append(part._replace(notes=part.notes[~silent[k][at]]))
    if rng.random() < 0.5:
        kept[0] = kept[0]._replace(notes=_rolls(kept[0].notes, silent[0], phrase, placed, rng))
    return placed.excerpt("loop", kept)._replace(tight=True)


def _rolls(notes: np.ndarray, silent: np.ndarray, phrase: int, placed: Placed, rng: np.random.Generator) -> np.ndarray:
    """A snare that rolls, faster and louder, in the bar before drums come back."""
    rows = [notes]
    for k in np.flatnonzero(silent[:-1] & ~silent[1:]).tolist():
        steps = (
            np.concatenate([np.arange(0, 2, 0.5), np.arange(2, 3, 0.25), np.arange(3, 4, 0.125)]) + (k + 1) * phrase - 4
        )
        times = placed.clock.seconds(steps)
        rows.append(
            struck(times, np.full(len(steps), float(patterns.SNARE)), np.linspace(50, 115, len(steps)), rng, True)
        )
    every = np.concatenate(rows)
    return every[np.argsort(every[:, 0], kind="stable")]


KINDS: dict[str, tuple[float, Callable[[Scores, np.random.Generator], Excerpt]]] = {
    "melody": (0.12, melody),
    "voice": (0.07, voice),
    "piano": (0.19, piano),
    "lied": (0.06, lied),
    "tune": (0.13, tune),
    "song": (0.17, song),
    "chorale": (0.05, chorale),
    "chords": (0.04, chords),
    "drums": (0.11, drums),
    "loop": (0.06, loop),
}
"""How often each is drawn; corpus adds taps and what is no music."""
