"""Drums: grooves of many styles that follow the bars, with fills where phrases end. Rows [beat, midi, velocity]."""

import numpy as np

KICK, RIM, SNARE, CLAP, CLOSED, PEDAL, OPEN, CRASH, RIDE, BELL = 36, 37, 38, 39, 42, 44, 46, 49, 51, 53
TOMS = (50, 48, 47, 45, 43, 41)
_LOW, _MID, _HIGH = {35, 36}, {37, 38, 39, 40}, {42, 44, 46, 49, 51, 52, 53, 54, 55, 57, 59, 69, 70, 80, 81, 82}

Row = tuple[float, float, float]


def drum_class(midi: np.ndarray) -> np.ndarray:
    """1 a kick, 2 a snare or clap, 3 a hat or cymbal, 4 another drum."""
    told = [
        1 if m in _LOW else 2 if m in _MID else 3 if m in _HIGH else 4 for m in np.asarray(midi).astype(int).tolist()
    ]
    return np.array(told, float)


class Style:
    """A groove of one bar: beats of the kick and the snare (alternatives), ghosts, and how the hats go."""

    def __init__(
        self, kicks: str, snares: str, hats: str, ghosts: str = "", swing: bool = False, snare: int = SNARE
    ) -> None:
        """Alternatives are parted by |, beats by blanks; `hats` are words of _hats."""
        self.kicks = [[float(b) for b in one.split()] for one in kicks.split("|")]
        self.snares = [[float(b) for b in one.split()] for one in snares.split("|")]
        self.hats, self.ghosts = hats.split(), [float(b) for b in ghosts.split()]
        self.swing, self.snare = swing, snare


STYLES: dict[str, Style] = {
    "rock": Style(
        "0 2|0 2 2.5|0 1.5 2|0 0.5 2 2.5|0 2.5|0 1.5 2.5", "1 3", "eighths eighths beats ride open", "1.75 2.25"
    ),
    "pop": Style("0 2|0 2.5|0 1.5 2 3.5|0 0.75 2", "1 3", "eighths sixteenths beats none", ""),
    "disco": Style("0 1 2 3", "1 3", "offbeat pumping sixteenths", "", snare=CLAP),
    "house": Style("0 1 2 3", "1 3|1 3 3.75", "offbeat pumping sixteenths none", "", snare=CLAP),
    "techno": Style("0 1 2 3|0 1 2 3 3.75", "|1 3|3.5", "offbeat sixteenths ride none", "1.75 2.75", snare=CLAP),
    "breaks": Style(
        "0 2.5|0 0.5 2.5|0 1.5 2.75|0 2.5 3.25",
        "1 3|1 3 3.75|1 1.75 2.25 3",
        "eighths sixteenths ride",
        "1.75 2.25 3.25",
    ),
    "funk": Style(
        "0 0.75 2.5|0 1.5 2.5|0 0.5 1.75 2.5|0 1.75 2.75",
        "1 3|1 2.75 3",
        "sixteenths sixteenths eighths",
        "0.75 1.25 1.75 2.25 3.75",
    ),
    "hiphop": Style("0 2.5|0 1.75 2.5|0 0.75 2.5|0 2.25 2.5", "1 3", "eighths sixteenths trap none", "3.75"),
    "half": Style("0|0 1.5|0 2.75|0 0.5 3.5|0 1.75", "2", "eighths sixteenths trap ride beats", "1.75"),
    "double": Style(
        "0 0.5 1 1.5 2 2.5 3 3.5|0 1 2 3|0 0.25 0.5 1 1.25 1.5 2 2.25 2.5 3 3.25 3.5",
        "0.5 1.5 2.5 3.5|1 3",
        "beats eighths ride",
        "",
    ),
    "motown": Style("0 2|0 1.5 2 3.5", "0 1 2 3", "eighths beats", ""),
    "reggae": Style("2|0 2|0 1 2 3", "2", "eighths offbeat", "", snare=RIM),
    "bossa": Style("0 1.5 2 3.5", "0 1.5 3|0 1 2.5|0 1.5 2.5", "eighths ride", "", snare=RIM),
    "samba": Style("0 0.75 1 1.75 2 2.75 3 3.75", "0.5 1 2.25 3.5|1 1.75 3", "sixteenths", "0.25 2.5"),
    "shuffle": Style("0 2|0 1.5 2|0 2 2.5", "1 3", "eighths ride beats", "1.5", swing=True),
    "jazz": Style("0 1 2 3|0 2|2.5", "|1.5|3.5|2.5", "swing", "0.5 1.5 2.5", swing=True),
    "train": Style("0 2|0 1 2 3", "0 0.5 1 1.5 2 2.5 3 3.5", "none beats", ""),
}
"""Bars of four."""

_OTHERS = {
    2: [
        Style("0|0 1|0 0.75", "1|0.5 1.5|1 1.75", "eighths sixteenths beats none", ""),
        Style("0 1", "0.5 1.5", "beats none eighths", ""),
    ],
    3: [
        Style("0", "1 2|2|1", "beats eighths none ride", "2.5"),
        Style("0 1.5|0 2.5", "1 2|2", "eighths ride sixteenths", ""),
    ],
    5: [Style("0 3|0 1.5 3|0 2.5 3", "2 4|1 4|1 3.5", "eighths ride beats", "2.5")],
    7: [Style("0 2 4|0 4|0 2.5 4", "1 3 5 6|2 5|1 3 5", "eighths ride beats", "3.5")],
}
_COMPOUND = {
    2: [Style("0|0 0.667|0 1.667|0 0.333", "1", "eighths beats ride", "0.667 1.667")],
    3: [Style("0|0 1.667", "2|1 2", "eighths beats", "")],
    4: [Style("0 2|0 1.667 2|0 2 2.667", "1 3", "eighths ride", "1.667")],
}


def free(of: int, rng: np.random.Generator) -> Style:
    """A groove that nobody plays twice."""
    grid = np.arange(0, of, 0.5 if rng.random() < 0.4 else 0.25)

    def chosen(density: float) -> str:
        return " ".join(f"{b:g}" for b in grid if rng.random() < density)

    kicks, snares = (chosen(float(rng.uniform(0.1, 0.35))) for _ in range(2))
    return Style(
        "0 " + kicks,
        snares,
        "eighths sixteenths beats ride none open",
        chosen(0.15),
        snare=int(rng.choice([37, 38, 38, 39, 40, 45])),
    )


def choose(of: int, divide: int, rng: np.random.Generator) -> tuple[str, Style]:
    """A style for bars of `of` beats, and its name."""
    if divide == 2 and rng.random() < 0.12:
        return "free", free(of, rng)
    if divide == 3:
        among = _COMPOUND.get(of, _COMPOUND[2])
        return "compound", among[rng.integers(len(among))]
    if of == 4:
        name = list(STYLES)[rng.integers(len(STYLES))]
        return name, STYLES[name]
    among = _OTHERS.get(of, _OTHERS[2])
    return f"{of}", among[rng.integers(len(among))]


def groove(place: np.ndarray, of: np.ndarray, divide: int, style: Style, rng: np.random.Generator) -> np.ndarray:
    """The drums of successive beats."""
    kicks, snares = style.kicks[rng.integers(len(style.kicks))], style.snares[rng.integers(len(style.snares))]
    hats = style.hats[rng.integers(len(style.hats))]
    kick, snare = (
        int(rng.choice([35, 36, 36])),
        style.snare if rng.random() < 0.75 else int(rng.choice([37, 38, 39, 40])),
    )
    every, fills, ghosts = int(rng.choice([2, 4, 4, 8, 8])), rng.random() < 0.75, rng.random() < 0.6
    busy, bar = rng.uniform(0, 0.15), -1
    extra = _percussion(divide, rng) if rng.random() < 0.25 else []
    rows: list[Row] = []
    for start in [k for k in range(len(place)) if place[k] == 1 or k == 0]:
        bar += 1
        count, begin = int(of[start]), start - (int(place[start]) - 1)
        low = [b for b in kicks if b < count and rng.random() > busy / 2] + (
            [float(rng.integers(count * 2)) / 2] if rng.random() < busy else []
        )
        high = [b for b in snares if b < count]
        filled = fills and bar % every == every - 1
        until = count - (float(rng.choice([0.5, 1, 1, 2])) if filled else 0)
        rows += [(begin + b, kick, 104) for b in low if b < until]
        rows += [(begin + b, snare, 102) for b in high if b < until]
        if ghosts:
            rows += [(begin + b, SNARE, 38) for b in style.ghosts if b < min(count, until) and rng.random() < 0.6]
        rows += [(begin + b, m, v) for b, m, v in _hats(hats, count, divide, rng) if b < until]
        rows += [(begin + b, m, v) for b, m, v in extra if b < count]
        if filled:
            rows += [(begin + b, m, v) for b, m, v in _fill(until, count, divide, rng)]
        if bar % every == 0 and rng.random() < 0.7:
            rows.append((float(begin), CRASH if rng.random() < 0.7 else 57, 100))
    if rng.random() < 0.3:  # flams, and strokes that bounce
        rows += [(at - rng.uniform(0.04, 0.1), midi, v * 0.6) for at, midi, v in rows if v > 60 and rng.random() < 0.03]
    found = np.array(rows, float).reshape(-1, 3)
    inside = (found[:, 0] >= 0) & (found[:, 0] < len(place))
    return found[inside]


def _hats(how: str, count: int, divide: int, rng: np.random.Generator) -> list[Row]:
    """One bar of what goes through."""
    if how == "none":
        return []
    if how == "beats":
        return [(float(b), CLOSED, 84) for b in range(count)]
    if how == "offbeat":
        return [(b + 0.5, OPEN if rng.random() < 0.8 else CLOSED, 92) for b in range(count)]
    if how == "pumping":
        return [(b + s, OPEN if s else CLOSED, 92 if s else 70) for b in range(count) for s in (0.0, 0.5)]
    if how == "swing":
        swung: list[Row] = [(float(b), RIDE, 92 if b % 2 else 80) for b in range(count)]
        swung += [(b + 0.5, RIDE, 74) for b in range(1, count, 2)]
        return swung + [(float(b), PEDAL, 84) for b in range(1, count, 2)]
    per = divide if how in ("eighths", "ride", "open", "trap") else 2 * divide
    bell = RIDE if how == "ride" else OPEN if how == "open" else CLOSED
    rows: list[Row] = [
        (b + k / per, bell, 92 if k == 0 else 78 if 2 * k == per else 62) for b in range(count) for k in range(per)
    ]
    if how == "trap":
        at = float(rng.integers(count * 2)) / 2
        rows += [(at + k / 8, CLOSED, 70) for k in range(1, 4)]
    elif rng.random() < 0.25 and bell == CLOSED:
        rows = [(b, OPEN if abs(b - (count - 0.5)) < 0.01 else m, v) for b, m, v in rows]
    return rows


def _fill(start: float, end: float, divide: int, rng: np.random.Generator) -> list[Row]:
    """Snare and toms, or silence."""
    if rng.random() < 0.12:
        return []
    per = divide * int(rng.choice([1, 2, 2]))
    steps = np.arange(round(start * per), round(end * per)) / per
    down = np.linspace(0, len(TOMS) - 0.01, max(1, len(steps))).astype(int)
    on_snare = rng.random() < 0.4
    rows = []
    for at, tom in zip(steps, down, strict=True):
        if rng.random() < 0.8:
            rows.append(
                (float(at), float(SNARE if on_snare or rng.random() < 0.2 else TOMS[tom]), rng.uniform(75, 110))
            )
    return rows


def _percussion(divide: int, rng: np.random.Generator) -> list[Row]:
    """A bar of shaker, tambourine, conga, cowbell and the like."""
    midi, per = int(rng.choice([54, 56, 60, 62, 63, 64, 69, 70, 75, 76, 82])), 2 * divide
    chosen = rng.random(per * 4) < rng.uniform(0.2, 0.9)
    return [(k / per, midi, 80 if k % per == 0 else 62) for k in np.flatnonzero(chosen).tolist()]
