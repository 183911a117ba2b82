"""Accompaniment to chords: what a left hand, a guitarist and a bassist make of them.

Rows are [start, end, midi, velocity], in beats.
"""

import numpy as np

from daemon.train.analysis.scores import CHORD, TONES

HOLD, BLOCK, BEATS, EIGHTHS, OFFBEAT, ARPEGGIO, ALBERTI, OOMPAH, STRUM, STABS = range(10)
MANNERS = (
    HOLD,
    BLOCK,
    BEATS,
    EIGHTHS,
    OFFBEAT,
    ARPEGGIO,
    ARPEGGIO,
    ALBERTI,
    OOMPAH,
    OOMPAH,
    STRUM,
    STRUM,
    STABS,
    STABS,
)
Rows = list[tuple[float, float, float, float]]


def comp(
    chords: np.ndarray, place: np.ndarray, of: np.ndarray, divide: int, manner: int, rng: np.random.Generator
) -> np.ndarray:
    """Chords as `manner` says; CHORD and the beats' places as in a Score."""
    centre, size = rng.uniform(54, 66), int(rng.choice([3, 3, 4, 5]))
    rhythm = _stabs(int(of[0]) if len(of) else 4, rng)
    up = bool(rng.random() < 0.5)
    rows: Rows = []
    voicing = np.array([centre])
    for a, b, root, quality, bass in chords.tolist():
        if quality < 1:
            continue
        voicing = _voice(root, quality, float(np.mean(voicing)) * 0.5 + centre * 0.5, size)
        if manner == HOLD:
            rows += _chord(voicing, a, b, 70)
            continue
        for beat in range(int(np.floor(a)), int(np.ceil(b))):
            if beat >= len(place):
                break
            start, end = max(a, beat), min(b, beat + 1)
            first = place[beat] == 1
            rows += _beat(manner, voicing, start, end, beat, int(place[beat]), divide, root, bass, rhythm, up, rng)
            if manner == BLOCK and (start == a or first):
                rows += _chord(voicing, start, min(b, beat + int(of[beat]) - int(place[beat]) + 1), 82 if first else 72)
    return np.array(rows, float).reshape(-1, 4)


def _beat(
    manner: int,
    voicing: np.ndarray,
    start: float,
    end: float,
    beat: int,
    place: int,
    divide: int,
    root: int,
    bass: int,
    rhythm: list[tuple[float, float]],
    up: bool,
    rng: np.random.Generator,
) -> Rows:
    """One beat's notes."""
    loud, low = (84 if place == 1 else 74), 36 + ((bass if bass >= 0 else root) - 0) % 12
    steps = [beat + k / divide for k in range(divide)]
    inside = [at for at in steps if start - 1e-6 <= at < end - 1e-6]
    if manner == BEATS:
        return _chord(voicing, start, min(end, start + 0.9), loud)
    if manner == EIGHTHS:
        return [row for at in inside for row in _chord(voicing, at, at + 0.9 / divide, loud - 12 * (at > beat))]
    if manner == OFFBEAT:
        at = beat + (0.5 if divide == 2 else 2 / 3)
        return _chord(voicing, at, at + 0.3, loud) if start <= at < end else []
    if manner in (ARPEGGIO, ALBERTI):
        order = [0, len(voicing) - 1, min(1, len(voicing) - 1), len(voicing) - 1]
        fine = [at + k / divide / 2 for at in inside for k in range(2)] if manner == ARPEGGIO and up else inside
        rows: Rows = []
        for k, at in enumerate(fine):
            number = round((at - beat) * divide * 2) + 2 * divide * (place - 1)
            which = order[number % 4] if manner == ALBERTI else number % len(voicing)
            rows.append(
                (at, at + 0.5 if manner == ARPEGGIO else at + 1 / divide, float(voicing[which]), loud - 8 * (k > 0))
            )
        return rows
    if manner == OOMPAH:
        if place == 1 or (place == 3 and divide == 2):
            return [(start, min(end, start + 0.8), float(low + (7 if place == 3 else 0)), loud + 8)]
        return _chord(voicing, start, min(end, start + 0.5), loud - 6)
    if manner == STRUM:
        found: Rows = []
        for at in inside:
            if at > beat and rng.random() < 0.3:
                continue
            strings = voicing if at == beat else voicing[::-1]
            late = rng.uniform(0.008, 0.03)
            found += [
                (at + k * late, end if at > beat else at + 0.55, float(m), loud - 6 * (at > beat))
                for k, m in enumerate(strings)
            ]
        return found
    if manner == STABS:
        at_bar = beat - (place - 1)
        return [
            row
            for at, length in rhythm
            if start <= at_bar + at < end
            for row in _chord(voicing, at_bar + at, at_bar + at + length, loud)
        ]
    return []


def _chord(voicing: np.ndarray, start: float, end: float, velocity: float) -> Rows:
    return [(start, end, float(midi), velocity) for midi in voicing]


def _stabs(of: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """A syncopated rhythm of one bar: (beat, length)."""
    grid = np.arange(0, of, 0.5)
    chosen = grid[rng.random(len(grid)) < rng.uniform(0.25, 0.6)]
    return [(float(at), float(rng.choice([0.2, 0.4, 0.5, 0.9]))) for at in (chosen if len(chosen) else [0.0])]


def _voice(root: int, quality: int, centre: float, size: int) -> np.ndarray:
    """The chord's notes nearest to a pitch, in order."""
    tones = np.array([root + tone for tone in TONES[quality]])
    every = (tones[None, :] + 12 * np.arange(2, 9)[:, None]).ravel()
    return np.sort(every[np.argsort(np.abs(every - centre), kind="stable")[: max(size, len(tones))]])


def bass(chords: np.ndarray, place: np.ndarray, divide: int, manner: str, rng: np.random.Generator) -> np.ndarray:
    """A bass line: `root` (once a chord and bar), `beats`, `fifth`, `walk`, `eighths`, `octaves`, `offbeat` or `free`."""
    rows: Rows = []
    last, free = 36.0, [0.0, *np.arange(0.5, 4, 0.5)[rng.random(7) < 0.4].tolist()]
    for k, (a, b, root, quality, low) in enumerate(chords.tolist()):
        if quality < 1:
            continue
        base = 28 + ((low if low >= 0 else root) - 28) % 12
        after = chords[k + 1] if k + 1 < len(chords) else None
        for beat in range(int(np.floor(a)), int(np.ceil(b))):
            if beat >= len(place):
                break
            start, end, here = max(a, beat), min(b, beat + 1), int(place[beat])
            fresh = start == a or here == 1
            if manner == "root" and fresh:
                rows.append((start, min(b, beat + 4), base, 88))
            elif manner == "beats":
                rows.append((start, end, base, 88 - 8 * (here != 1)))
            elif manner == "fifth" and (fresh or here == 3 or (divide == 3 and here == 2)):
                rows.append((start, end, base if fresh else base + 7, 88))
            elif manner == "walk":
                tones = [base + t - root_gap for t in TONES[quality] for root_gap in (0, 12)] if not fresh else [base]
                near = [t for t in tones if 28 <= t <= 55 and t != last] or [base]
                last = float(near[int(np.argsort(np.abs(np.array(near) - last))[:2][rng.integers(min(2, len(near)))])])
                if after is not None and beat + 1 >= b and int(after["root"]) >= 0 and rng.random() < 0.6:
                    last = 28 + (int(after["root"]) - 28) % 12 + float(rng.choice([-1, 1, 2]))
                rows.append((start, end, last, 84))
            elif manner in ("eighths", "octaves"):
                for half in range(divide):
                    at = beat + half / divide
                    if start <= at < end:
                        rows.append(
                            (at, at + 0.9 / divide, base + 12 * (manner == "octaves" and half > 0), 84 - 8 * (half > 0))
                        )
            elif manner == "offbeat" and start <= beat + 0.5 < end:
                rows.append((beat + 0.5, beat + 0.95, base, 88))
            elif manner == "free":
                for offset in free:
                    at = beat - (here - 1) + offset
                    if start <= at < end:
                        rows.append(
                            (at, at + 0.45, base if rng.random() < 0.75 else base + float(rng.choice([7, 12])), 86)
                        )
    return np.array(rows, float).reshape(-1, 4)


BASS_MANNERS = ("root", "beats", "fifth", "fifth", "walk", "eighths", "octaves", "free", "free")

_PROGRESSIONS = {
    0: (
        "0M 7M 9m 5M",
        "9m 5M 0M 7M",
        "0M 9m 5M 7M",
        "0M 5M 7M 5M",
        "2-7 7D 0J 0J",
        "0M 5M 0M 7D",
        "4m 9m 2m 7D",
        "0J 9-7 2-7 7D",
        "0M 10M 5M 0M",
        "0M 4m 5M 7s",
        "5M 7M 4m 9m",
        "0D 0D 5D 0D 7D 5D 0D 7D",
    ),
    1: (
        "0m 8M 3M 10M",
        "0m 10M 8M 7D",
        "0m 5m 8M 7M",
        "0m 0m 0m 0m",
        "0-7 5-7 0-7 5-7",
        "0m 3M 10M 5M",
        "2d 7D 0m 0m",
        "0m 8M 5m 7M",
        "8M 10M 0m 0m",
        "0-7 0-7 8J 8J",
    ),
}
_SIGNS = {"M": 1, "m": 2, "D": 3, "J": 4, "-7": 5, "d": 6, "s": 8}


def progression(bars: int, of: int, tonic: int, mode: int, rng: np.random.Generator) -> np.ndarray:
    """CHORD rows (start, end, root, quality, bass) of a progression that repeats: a chord a bar, or half or two."""
    usual = _PROGRESSIONS[mode]
    chords = usual[rng.integers(len(usual))].split()
    length = float(rng.choice([of, of, of, 2 * of, of / 2 if of % 2 == 0 else of]))
    rows: list[tuple[float, float, int, int, int]] = []
    at, k = 0.0, 0
    inverted = rng.random() < 0.15
    while at < bars * of:
        name = chords[k % len(chords)]
        degree = "".join(c for c in name[:2] if c.isdigit())
        root, quality = (tonic + int(degree)) % 12, _SIGNS[name[len(degree) :]]
        third: int = (root + (4, 3)[quality in (2, 5, 6)]) % 12
        low = third if inverted and quality < 8 and rng.random() < 0.4 else root
        rows.append((at, min(at + length, bars * of), root, quality, low))
        at, k = at + length, k + 1
    return np.array(rows, CHORD)
