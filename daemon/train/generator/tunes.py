"""Reads tunes and songs as scores: ABC and MusicXML, by music21."""

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from daemon.generate.context import ChordSpan
from daemon.generate.note import MELODY, TICKS
from daemon.train.generator.corpus import NOTES, Piece
from dsp.harmony import CHORD_QUALITIES, key_profiles

_QUALITIES = (
    ("half-diminished", "dim"),
    ("diminished", "dim"),
    ("augmented", "aug"),
    ("suspended", "sus4"),
    ("major-minor", "min7"),
    ("minor-major", "min"),
    ("dominant", "7"),
    ("major-sixth", "maj"),
    ("minor-sixth", "min"),
    ("major-", "maj7"),
    ("minor-", "min7"),
    ("minor", "min"),
    ("major", "maj"),
)
"""music21's chord kinds by their beginning -> qualities of dsp.harmony."""

_MINOR = {"minor", "dorian", "phrygian", "aeolian", "locrian"}


def abc(path: Path, name: str) -> list[Piece]:
    """The tunes of an ABC file; those that music21 cannot read are left out."""
    from music21 import converter

    text = path.read_text(encoding="utf-8", errors="replace")
    found = []
    for n, tune in enumerate(re.split(r"(?m)^(?=X: *\d)", text)):
        if not tune.startswith("X"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                score = converter.parseData(tune, format="abc")
                found.append(_piece(score, name, f"{path.stem}/{n}"))
            except Exception:  # music21 raises whatever it meets in what people have typed
                continue
    return found


def musicxml(path: Path, name: str) -> list[Piece]:
    """The piece of a compressed MusicXML file: its first part, which sings."""
    from music21 import converter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return [_piece(converter.parseData(_first_part(path), format="musicxml"), name, path.stem)]
        except Exception:  # as above
            return []


def _first_part(path: Path) -> str:
    """Of a score, what its first part reads: most of the time goes into the others."""
    with zipfile.ZipFile(path) as archive:
        name = next(one for one in archive.namelist() if one.endswith((".xml", ".musicxml")) and "META" not in one)
        root = ElementTree.fromstring(archive.read(name))
    for part in root.findall("part")[1:]:
        root.remove(part)
    listed = root.find("part-list")
    if listed is not None:
        for other in (*listed.findall("score-part")[1:], *listed.findall("part-group")):
            listed.remove(other)
    return ElementTree.tostring(root, "unicode")


def _piece(score: Any, name: str, title: str) -> Piece:
    from music21 import harmony, meter

    parts = list(score.parts)
    rows: list[tuple[int, int, int, int, int]] = []
    shift = _upbeat(parts[0])
    for note in parts[0].stripTies().flatten().notes:
        if isinstance(note, harmony.ChordSymbol) or note.duration.isGrace or note.quarterLength <= 0:
            continue
        tick, duration = _ticks(note.offset) + shift, max(1, _ticks(note.quarterLength))
        rows += [(tick, duration, pitch.midi, 0, MELODY) for pitch in note.pitches]
    rows.sort(key=lambda row: (row[0], -row[2]))
    notes = np.array(rows, NOTES)
    flat = parts[0].flatten()
    meters = [
        (max(0, _ticks(sign.offset) + (shift if sign.offset else 0)), sign.numerator, sign.denominator)
        for sign in flat.getElementsByClass(meter.TimeSignature)
    ]
    chords = [
        ChordSpan(_ticks(symbol.offset) + shift, *_harmony(symbol))
        for symbol in flat.getElementsByClass(harmony.ChordSymbol)
    ]
    tonic, mode = _key(flat, notes)
    return Piece(name, title, notes, meters or [(0, 4, 4)], tonic, mode, chords)


def _ticks(quarters: float) -> int:
    return round(float(quarters) * TICKS)


def _upbeat(part: Any) -> int:
    """How far into its bar the first measure begins, in ticks."""
    first = next(iter(part.getElementsByClass("Measure")), None)
    if first is None:
        return 0
    missing = float(first.barDuration.quarterLength) - float(first.duration.quarterLength)
    return max(0, _ticks(first.paddingLeft or missing))


def _harmony(symbol: Any) -> tuple[int, int, int]:
    """Root, quality and bass of a chord symbol."""
    if symbol.chordKind == "none" or symbol.root() is None:
        return 0, 0, -1
    quality = next((to for begin, to in _QUALITIES if symbol.chordKind.startswith(begin)), "maj")
    root, bass = symbol.root().pitchClass, symbol.bass().pitchClass
    return root, CHORD_QUALITIES.index(quality), -1 if bass == root else bass


def _key(flat: Any, notes: np.ndarray) -> tuple[int, int]:
    """Tonic and mode as written; where only the signature is, the likelier of its two keys."""
    from music21 import key

    sign = next(iter(flat.getElementsByClass(key.KeySignature)), None)
    if isinstance(sign, key.Key):
        return sign.tonic.pitchClass, int(sign.mode in _MINOR)
    if sign is None:
        return likely_key(notes)
    major = sign.sharps * 7 % 12
    return likely_key(notes, [(major, 0), ((major + 9) % 12, 1)])


def likely_key(notes: np.ndarray, among: list[tuple[int, int]] | None = None) -> tuple[int, int]:
    """The key whose profile (dsp.harmony) is most like the durations of the pitch classes; of all, or of some."""
    heard = np.bincount(notes["pitch"] % 12, notes["duration"], 12)
    heard = heard - heard.mean()
    profiles = key_profiles()
    keys = among or [(tonic, mode) for tonic in range(12) for mode in range(2)]
    return max(keys, key=lambda one: float(profiles[one[1]] @ np.roll(heard, -one[0])))
