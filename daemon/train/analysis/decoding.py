"""What decoding buys: the same activations by dsp.decoders, and plainly, frame by frame; judged on annotated pieces.

    python -m daemon.train.analysis.decoding FOLDER

FOLDER holds SET/NAME.npz: the fields of dsp.activations.RHYTHM and PITCH that a network gave, an array of a row a frame
each, and `annotation`, the path of the piece's JSON. Nothing is drawn by chance.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from daemon import heard, scores
from dsp.activations import BINS_PER_SEMITONE, FRAMES_HZ, LATE_S, LOWEST, NO_CHORD, PITCH, PITCHES, RHYTHM
from dsp.decoders import rows, sink
from dsp.hop import BEAT, CHORD, EVENT, F0, KEY, NOTE_OFF, NOTE_ON, ONSET

RATE = 48000  # of the samples in which time is counted
FIELD = {"onset": "onsets", "beat": "beats", "notes": "notes", "f0": "f0", "chord": "chords", "key": "key"}
"""Analysis -> the annotation's field that it needs."""

ENOUGH = 0.5  # probability from which plain decoding believes


class Piece(NamedTuple):
    """One annotated piece as a network heard it."""

    name: str  # SET/NAME
    rhythm: np.ndarray  # RHYTHM
    pitch: np.ndarray  # PITCH
    annotation: dict


def pieces(folder: Path) -> Iterator[Piece]:
    """Every SET/NAME.npz of a folder, by name."""
    for path in sorted(folder.glob("*/*.npz")):
        with np.load(path) as file:
            annotation = json.loads(Path(str(file["annotation"])).read_text())
            yield Piece(f"{path.parent.name}/{path.stem}", _records(file, RHYTHM), _records(file, PITCH), annotation)


def _records(file, dtype: np.dtype) -> np.ndarray:
    names = dtype.names or ()
    n = max((len(file[name]) for name in names if name in file), default=0)
    made = np.zeros(n, dtype)
    for name in names:
        if name in file:
            made[name] = file[name].reshape(made[name].shape)
    return made


def ends(n: int) -> np.ndarray:
    """Samples at which the first `n` frames end."""
    return (np.arange(1, n + 1) * RATE // FRAMES_HZ).astype(np.int64)


def decoded(piece: Piece) -> np.ndarray:
    """Events of dsp.decoders."""
    out, found = sink.prepare(), []
    networks = (
        (piece.rhythm, rows.prepare_rhythm(RATE), rows.rhythm, 2),
        (piece.pitch, rows.prepare_pitch(RATE), rows.pitch, 4),
    )
    for made, state, run, n_decoders in networks:
        at, end = 0, ends(len(made))
        while at < len(made):
            at += run(state, made[at:], end[at:], *(True,) * n_decoders, out)
            found.append(out["events"][0, : int(out["n"][0])].copy())
    return np.concatenate([np.empty(0, EVENT), *found])


def plainly(piece: Piece) -> np.ndarray:
    """Events where probabilities pass `ENOUGH`, of the likeliest in each frame: no memory, no model of music."""
    found: list[tuple] = []

    def tell(kind: int, what: str, frame: int, *value: float) -> None:
        end = int(ends(frame + 1)[frame])
        when = end - round(LATE_S[what] * RATE)
        if when >= 0 or kind != F0:
            found.append((max(0, when), end, kind, (*value, *(0.0,) * (11 - len(value)))))

    if len(piece.rhythm):
        for k in _rises(piece.rhythm["onset"][:, 0]).tolist():
            tell(ONSET, "onset", k, float(piece.rhythm["onset"][k, 0]), 3)
        beat = piece.rhythm["beat"]
        last = -FRAMES_HZ
        for k in _rises(beat.sum(1)).tolist():
            tell(BEAT, "beat", k, 60 * FRAMES_HZ / (k - last), 1, 1 if beat[k, 1] > beat[k, 0] else 2)
            last = k
    if len(piece.pitch):
        _plain_notes(piece.pitch, tell)
        for name, kind in (("chord", CHORD), ("key", KEY)):
            best = piece.pitch[name].argmax(1)
            for k in np.flatnonzero(np.diff(best, prepend=-1)).tolist():
                root, other = (0, -1) if name == "chord" and best[k] == NO_CHORD else (best[k] % 12, best[k] // 12)
                tell(kind, name, k, root, other + (kind == CHORD), 1)
        place = piece.pitch["f0"].argmax(1)
        hz = 440 * 2 ** ((LOWEST + (place - 1) / BINS_PER_SEMITONE - 69) / 12)
        for k in range(len(hz)):
            tell(F0, "f0", k, hz[k], piece.pitch["voiced"][k], piece.pitch["voiced"][k] >= ENOUGH)
    return np.array(sorted(found, key=lambda event: event[1]), EVENT)


def _rises(curve: np.ndarray) -> np.ndarray:
    """Frames in which a curve comes to `ENOUGH`."""
    high = curve >= ENOUGH
    return np.flatnonzero(high & ~np.concatenate([[False], high[:-1]]))


def _plain_notes(pitch: np.ndarray, tell) -> None:
    for p in range(PITCHES):
        falls = np.append(_rises(1 - pitch["sounding"][:, p]), len(pitch) - 1)
        for k in _rises(pitch["attack"][:, p]).tolist():
            tell(NOTE_ON, "attack", k, LOWEST + p, 0, 64)
            tell(NOTE_OFF, "sounding", int(falls[falls > k].min(initial=len(pitch) - 1)), LOWEST + p)


def judged(piece: Piece, events: np.ndarray) -> dict[str, scores.Score]:
    """Score of each analysis that the piece has activations and an annotation for."""
    there = [name for name, made in (("rhythm", piece.rhythm), ("pitch", piece.pitch)) if len(made)]
    of = {"onset": "rhythm", "beat": "rhythm", "notes": "pitch", "f0": "pitch", "chord": "pitch", "key": "pitch"}
    hops = np.empty(0)
    return {
        analysis: scores.of(analysis, piece.annotation, heard.of(analysis, events, hops, RATE))
        for analysis, field in FIELD.items()
        if of[analysis] in there and piece.annotation.get(field)
    }


def table(found: dict[str, dict[str, list[scores.Score]]]) -> Iterator[str]:
    """Lines: for each analysis each set's means, then the mean over the sets. `found`: analysis -> "set way" -> scores."""
    for analysis, by_set in found.items():
        columns = list(next(iter(by_set.values()))[0])
        yield f"{analysis:24}{'n':>4}" + "".join(f"{name:>13}" for name in columns)
        means: dict[str, list[list[float]]] = {}
        for name, some in by_set.items():
            values = [_mean([one[column] for one in some]) for column in columns]
            means.setdefault(name.split()[1], []).append(values)
            yield f"{name:24}{len(some):4}" + "".join(f"{value:13.3f}" for value in values)
        for way, values_of in means.items():
            overall = [_mean(list(column)) for column in zip(*values_of, strict=True)]
            yield f"{'MEAN ' + way:24}{len(values_of):4}" + "".join(f"{value:13.3f}" for value in overall)


def _mean(values: list[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def main() -> None:
    """Print the table. [main]"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where SET/NAME.npz lie")
    folder = parser.parse_args().folder
    found: dict[str, dict[str, list[scores.Score]]] = {name: {} for name in FIELD}
    for piece in pieces(folder):
        for way, decode in (("plain", plainly), ("decoded", decoded)):
            for analysis, score in judged(piece, decode(piece)).items():
                found[analysis].setdefault(f"{piece.name.split('/')[0]} {way}", []).append(score)
    if not any(found.values()):
        parser.error(f"{folder}: holds no SET/NAME.npz of an annotated piece")
    for line in table({analysis: by_set for analysis, by_set in found.items() if by_set}):
        print(line)


if __name__ == "__main__":
    main()
