"""Reads the collections of symbolic music into scores; what the analysers are judged on is left out, variants too."""

import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from daemon.generate.beats import line
from daemon.generate.note import BASS as LOW
from daemon.generate.note import COUNTER
from daemon.generate.note import MELODY as SUNG
from daemon.train.analysis import musicxml
from daemon.train.analysis.harmonise import harmonise, spell
from daemon.train.analysis.scores import BASS, CHORD, CHORDS, KEY, MELODY, NOTE, OTHER, QUALITIES, VOICE, Score
from daemon.train.generator import corpus, songs
from daemon.train.generator.duplicates import SAME, grams, nearest
from daemon.train.generator.tunes import likely_key
from daemon.train.pieces import lines

HELD = 20  # one piece in so many is not trained on
SHARED = 0.5  # a tune that shares so much with those before it is left out
LONGEST = 320  # beats kept of a piece
SETS = ("nottingham", "openewld", "ryansMammoth", "oneills1850", "airdsAirs", "jsb")
JUDGED = ("nott_mono", "nott_chord", "jsb", "pop909cl", "wtc", "asap")
"""Sets of the evaluation that are rendered from scores or play them."""

_ROLES = {SUNG: MELODY, LOW: BASS, COUNTER: OTHER}
_GRAM = np.dtype([("tick", "i4"), ("pitch", "i2")])


def read(data: Path, said: Callable[[str], None] = lambda _: None) -> list[Score]:
    """Every piece to train on, of a folder with `symbolic` and `analysis`. Raises UserError."""
    said(f"{data / 'symbolic'}: reading scores, which takes some minutes")
    found = []
    for number, score in enumerate(_every(data, said), 1):
        if len(score.notes) >= 16 and len(score.place) >= 16:
            found.append(score)
        if number % 1000 == 0:
            said(f"{number} scores read")
    melodies = [_melody(score.notes) for score in found]
    judged, names = _judged(data / "analysis")
    said(f"{len(found)} pieces; compared with {len(judged)} that are judged on")
    kept = _unlike(melodies, judged)
    seen: list[set[int]] = [set(), set()]
    scores: list[Score] = []
    for k, (score, tune) in enumerate(zip(found, melodies, strict=True)):
        named = (score.source == "pop909" and score.name in names) or (
            score.source == "nottingham" and score.name.replace("/", "") in names
        )
        own = [set(kind.tolist()) - {0} for kind in grams(tune)]
        again = score.source != "pop909" and len(own[0]) > 4 and len(own[0] & seen[0]) / len(own[0]) > SHARED
        if not kept[k] or named or again:
            continue
        for known, hashes in zip(seen, own, strict=True):
            known.update(hashes)
        scores.append(score)
    scores = _split(scores)
    said(f"{len(scores)} scores, {sum(score.held for score in scores)} of them held back")
    return scores


def _split(scores: list[Score]) -> list[Score]:
    """Marks one in HELD by its name, and leaves out of those what is a variant of one that is trained on."""
    marked = [s._replace(held=zlib.crc32(f"{s.source}/{s.name}".encode()) % HELD == 0) for s in scores]
    train, held = [s for s in marked if not s.held], [s for s in marked if s.held]
    share = nearest([_melody(s.notes) for s in train], [_melody(s.notes) for s in held])
    return train + [score for score, (_, like) in zip(held, share, strict=True) if like < SAME]


def _melody(notes: np.ndarray) -> np.ndarray:
    """The highest of the notes that start together, of the part that sings where there is one."""
    for role in (MELODY, VOICE):
        if (notes["role"] == role).sum() > 8:
            notes = notes[notes["role"] == role]
            break
    return _top(np.round(notes["start"] * 24).astype(int), notes["midi"].astype(int))


def _top(tick: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    order = np.lexsort((-pitch, tick))
    tick, pitch = tick[order], pitch[order]
    first = np.ones(len(tick), bool)
    first[1:] = tick[1:] != tick[:-1]
    found = np.zeros(int(first.sum()), _GRAM)
    found["tick"], found["pitch"] = tick[first], pitch[first]
    return found


def _judged(folder: Path) -> tuple[list[np.ndarray], set[str]]:
    """Melodies of what is judged on, and names of their sources."""
    melodies, names = [], set()
    for name in JUDGED:
        for path in sorted((folder / name).glob("*.json")):
            told = json.loads(path.read_text())
            names |= {path.stem.split("_")[1], str(told.get("source", "")).removesuffix(".mid")}
            if notes := told.get("notes"):
                rows = np.array(notes)
                melodies.append(_top(np.round(rows[:, 0] * 48).astype(int), rows[:, 2].astype(int)))
    return melodies, names


def _unlike(melodies: list[np.ndarray], judged: list[np.ndarray]) -> np.ndarray:
    """Which melodies are variants of none that is judged on: neither holds much of the other."""
    kept = np.array([share < SAME for _, share in nearest(judged, melodies)], bool)
    while judged:  # an excerpt is a small part of its piece: the other way round too
        among = np.flatnonzero(kept)
        best = nearest([melodies[k] for k in among], judged)
        gone = {int(among[who]) for who, share in best if share >= SAME}
        if not gone:
            break
        kept[list(gone)] = False
    return kept


def _every(data: Path, said: Callable[[str], None]) -> Iterator[Score]:
    folder = data / "symbolic"
    for piece in corpus.pieces(data, said):
        if piece.set in SETS and (score := _tune(piece)) is not None:
            yield score
    for path in sorted((folder / "pop909").glob("[0-9]*/*.mid")):
        if (score := _song(path)) is not None:
            yield score
    for path in sorted((folder / "openscore_lieder").glob("*.mxl")):
        try:
            written = musicxml.Written(path)
        except Exception:  # whatever people have typed
            continue
        if (score := _lied(written, path.stem)) is not None:
            yield score


def _tune(piece: corpus.Piece) -> Score | None:
    """A tune, lead sheet or chorale; where no chords are written, those that fit."""
    end = int((piece.notes["tick"] + piece.notes["duration"]).max())
    meters = [one for one in piece.meters if one[1] * 4 / one[2] >= 0.75]  # upbeats are told as bars of their own
    beats = line([(0, *meters[0][1:])] if meters else [(0, 4, 4)], end)
    if len({one[1:] for one in meters}) > 1 or beats[0].of not in (2, 3, 4):
        return None
    at, unit = beats[0].tick, beats[0].ticks
    notes = np.zeros(len(piece.notes), NOTE)
    notes["start"] = (piece.notes["tick"] - at) / unit
    notes["end"] = notes["start"] + piece.notes["duration"] / unit
    notes["midi"], notes["velocity"] = piece.notes["pitch"], piece.notes["velocity"]
    notes["role"] = VOICE if piece.set == "jsb" else MELODY
    if piece.set == "jsb":
        notes["role"] = [_ROLES.get(part, CHORDS) for part in piece.notes["part"].tolist()]
    n = len(beats)
    if len(piece.chords) > 3:
        starts = np.array([0.0, *(max(0.0, (c.tick - at) / unit) for c in piece.chords)])
        rows = [(-1, -1, -1), *((c.root, c.quality, c.bass if c.bass >= 0 else c.root) for c in piece.chords)]
        chords = _spans(starts, rows, n)
    elif piece.set == "jsb":
        chords = spell(notes, n)
    else:
        chords = harmonise(notes, np.array([b.place for b in beats]), beats[0].of, piece.tonic, piece.mode)
    keys = np.array([(0, n, piece.tonic, piece.mode)], KEY)
    place, of = np.array([b.place + 1 for b in beats], np.int8), np.array([b.of for b in beats], np.int8)
    return _cut(Score(piece.set, piece.name, notes, place, of, 3 if beats[0].compound else 2, 0, chords, keys, False))


def _spans(starts: np.ndarray, rows: list[tuple[int, int, int]], end: float) -> np.ndarray:
    """Chords that last until the next."""
    ends = np.append(starts[1:], end)
    some = [(a, b, *row) for a, b, row in zip(starts, ends, rows, strict=True) if b > a]
    return np.array(some, CHORD)


def _song(path: Path) -> Score | None:
    """A song of POP909 as it was played, on its beats; none where its chords change off its bars (its bars are wrong)."""
    beats = np.loadtxt(path.with_name("beat_midi.txt"), ndmin=2)
    down = np.flatnonzero(beats[:, 2] > 0)
    if len(down) < 8:
        return None
    bar, first = int(np.bincount(np.diff(down)).argmax()), int(down[0])
    if bar not in (3, 4):
        return None
    place = (np.arange(len(beats)) - first) % bar
    number = np.arange(len(beats), dtype=float)
    rows = []
    for name, line_of_track in lines(path).items():
        role = {"MELODY": MELODY, "BRIDGE": OTHER, "PIANO": CHORDS}.get(name.strip(), OTHER)
        rows += [(s, e, p, v, role) for s, e, p, v in line_of_track if beats[0, 0] <= s < beats[-1, 0] - 0.1]
    told = [one.split("\t") for one in path.with_name("chord_midi.txt").read_text().splitlines()]
    starts = np.interp([float(one[0]) for one in told], beats[:, 0], number)
    spans = [songs._chord(0, one[2]) for one in told]
    plain = [(s.root, s.quality, s.bass if s.bass >= 0 else s.root) for s in spans]
    plain = [(-1, -1, -1) if _odd(one[2]) else row for one, row in zip(told, plain, strict=True)]
    changes = [
        int(place[min(len(place) - 1, round(at))])
        for at, a, b in zip(starts[1:], plain[:-1], plain[1:], strict=True)
        if a != b
    ]
    if not rows or np.bincount(changes, minlength=bar).argmax() != 0:
        return None
    notes = np.zeros(len(rows), NOTE)
    for field, column in zip(NOTE.names or (), zip(*rows, strict=True), strict=True):
        notes[field] = np.interp(column, beats[:, 0], number) if field in ("start", "end") else np.array(column)
    notes = np.sort(notes, order=["start", "midi"])
    _low(notes)
    tonic, mode = songs._key(path, _ticked(notes))
    labels = path.with_name("key_audio.txt").read_text().split()
    keys = np.array([(0, len(beats), tonic, mode)], KEY) if len(labels) <= 3 else np.zeros(0, KEY)
    bpm = 60 / float(np.median(np.diff(beats[:, 0])))
    chords, of = _spans(starts, plain, len(beats)), np.full(len(beats), bar, np.int8)
    return _cut(Score("pop909", path.stem, notes, (place + 1).astype(np.int8), of, 2, bpm, chords, keys, False))


def _odd(label: str) -> bool:
    """Whether a chord is of a quality that QUALITIES doesn't hold."""
    quality = label.partition(":")[2].partition("/")[0]
    return label[:1] != "N" and quality not in (*songs._QUALITIES, *QUALITIES)


def _ticked(notes: np.ndarray) -> np.ndarray:
    ticked = np.zeros(len(notes), corpus.NOTES)
    ticked["pitch"], ticked["duration"] = notes["midi"], np.maximum(1, (notes["end"] - notes["start"]) * 24)
    return ticked


def _low(notes: np.ndarray) -> None:
    """A piano's lowest notes become the bass."""
    piano = np.flatnonzero(notes["role"] == CHORDS)
    for group in np.split(piano, np.flatnonzero(np.diff(notes["start"][piano]) > 0.06) + 1):
        if len(group) and notes["midi"][group].min() < songs.BASS_BELOW:
            notes["role"][group[notes["midi"][group].argmin()]] = BASS


def _lied(written: musicxml.Written, name: str) -> Score | None:
    notes, place, of = musicxml.in_beats(written)
    if not len(notes) or int(of.max()) > 4 or not (notes["role"] == CHORDS).any():
        return None
    keys = np.zeros(0, KEY)
    if len(set(written.fifths)) == 1:
        major = written.fifths[0] * 7 % 12
        tonic, mode = likely_key(_ticked(notes), [(major, 0), ((major + 9) % 12, 1)])
        keys = np.array([(0, len(place), tonic, mode)], KEY)
    return _cut(Score("lieder", name, notes, place, of, written.divide, 0, spell(notes, len(place)), keys, False))


def _cut(score: Score) -> Score:
    """At most LONGEST beats, from a bar line drawn by its name."""
    n = len(score.place)
    if n <= LONGEST:
        return score
    bars = np.flatnonzero(score.place[: n - LONGEST + 1] == 1)
    a = int(bars[zlib.crc32(score.name.encode()) % len(bars)]) if len(bars) else 0
    b = a + LONGEST
    cut = {}
    for field in ("notes", "chords", "keys"):
        rows = getattr(score, field)
        rows = rows[(rows["start"] < b) & (rows["end"] > a)].copy()
        if field == "notes":
            rows = rows[rows["start"] >= a]
        rows["start"], rows["end"] = np.maximum(rows["start"], a) - a, np.minimum(rows["end"], b) - a
        cut[field] = rows
    return score._replace(place=score.place[a:b], of=score.of[a:b], **cut)
