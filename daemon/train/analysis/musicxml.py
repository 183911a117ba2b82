"""Songs with their written-out piano from MusicXML: the notes of all parts, and the beats of the bars. No repeats."""

import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from daemon.train.analysis.scores import CHORDS, NOTE, OTHER, VOICE

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


class Written:
    """What one file says; times in quarters."""

    def __init__(self, path: Path) -> None:
        """Raises what zipfile and ElementTree raise of a broken file."""
        with zipfile.ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.endswith((".xml", ".musicxml")) and "META" not in n)
            self._root = ElementTree.fromstring(archive.read(name))
        self.notes: list[tuple[float, float, int, int]] = []  # start, end, midi, role
        self.beats: list[tuple[float, int, int]] = []  # start, place, of
        self.fifths: list[int] = []
        self.mode = ""
        self.divide = 2
        self._bars()
        names = {one.get("id"): (one.findtext("part-name") or "").lower() for one in self._root.iter("score-part")}
        sung = False
        for part in self._root.findall("part"):
            piano = "pian" in names.get(part.get("id"), "") or part.find("measure/attributes/staves") is not None
            self._part(part, CHORDS if piano else OTHER if sung else VOICE)
            sung = sung or not piano

    def _bars(self) -> None:
        """Where bars begin and beats fall, from the part that fills each bar most."""
        lengths: list[float] = []
        for part in self._root.findall("part"):
            for k, fill in enumerate(_fills(part)):
                if k == len(lengths):
                    lengths.append(0.0)
                lengths[k] = max(lengths[k], fill)
        first = self._root.find("part")
        assert first is not None
        count, unit, now, missing = 4, 4, 0.0, 0.0
        self.starts: list[float] = []
        for k, (measure, fill) in enumerate(zip(first.findall("measure"), lengths, strict=False)):
            if (time := measure.find("attributes/time")) is not None and (time.findtext("beats") or "").isdigit():
                count, unit = int(time.findtext("beats") or 4), int(time.findtext("beat-type") or 4)
                missing = 0.0
            if (key := measure.find("attributes/key")) is not None:
                self.fifths.append(int(key.findtext("fifths") or 0))
                self.mode = self.mode or (key.findtext("mode") or "")
            compound = unit >= 8 and count % 3 == 0
            beat, bar = 4 / unit * (3 if compound else 1), 4 / unit * count
            if k == 0:
                self.divide = 3 if compound else 2
            length = min(fill, bar) if fill > 0 else bar
            if k == 0 and length < bar:
                missing = bar - length
            place = missing
            while place < missing + length - 1e-6:
                within = place / beat
                if abs(within - round(within)) < 1e-6:
                    self.beats.append((now + place - missing, round(within) + 1, round(bar / beat)))
                place = beat * (np.floor(within + 1e-6) + 1)
            self.starts.append(now)
            now += length
            missing = 0.0 if length + missing >= bar - 1e-6 else missing + length
        self.end = now

    def _part(self, part: ElementTree.Element, role: int) -> None:
        held: dict[int, int] = {}  # pitch -> index of the note that is tied on
        parts = 1
        for measure, begin in zip(part.findall("measure"), self.starts, strict=False):
            now = last = begin
            for item in measure:
                if item.tag == "attributes":
                    parts = int(item.findtext("divisions") or parts)
                elif item.tag in ("backup", "forward"):
                    step = float(item.findtext("duration") or 0) / parts
                    now += step if item.tag == "forward" else -step
                elif item.tag == "note" and item.find("grace") is None:
                    length = float(item.findtext("duration") or 0) / parts
                    start = last if item.find("chord") is not None else now
                    last = start
                    now = max(now, start + length) if item.find("chord") is not None else start + length
                    pitch = item.find("pitch")
                    if pitch is not None and item.find("cue") is None:
                        self._note(item, pitch, start, length, role, held)

    def _note(self, item, pitch, start: float, length: float, role: int, held: dict[int, int]) -> None:
        alter = round(float(pitch.findtext("alter") or 0))
        midi = 12 * (int(pitch.findtext("octave") or 4) + 1) + _STEPS[pitch.findtext("step") or "C"] + alter
        ties = {tie.get("type") for tie in item.findall("tie")}
        before = held.pop(midi, None) if "stop" in ties else None
        if before is not None and abs(self.notes[before][1] - start) < 0.01:
            self.notes[before] = (self.notes[before][0], start + length, midi, role)
        else:
            before = len(self.notes)
            self.notes.append((start, start + length, midi, role))
        if "start" in ties:
            held[midi] = before


def _fills(part: ElementTree.Element) -> list[float]:
    """How long each bar's music is, in quarters."""
    found, parts = [], 1
    for measure in part.findall("measure"):
        now = most = 0.0
        for item in measure:
            if item.tag == "attributes":
                parts = int(item.findtext("divisions") or parts)
            elif item.tag in ("note", "forward", "backup"):
                if item.tag == "note" and (item.find("grace") is not None or item.find("chord") is not None):
                    continue
                step = float(item.findtext("duration") or 0) / parts
                now += -step if item.tag == "backup" else step
                most = max(most, now)
        found.append(most)
    return found


def in_beats(written: Written) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(NOTE, place, of), times in beats."""
    at = np.array([beat[0] for beat in written.beats] + [written.end])
    number = np.arange(len(at), dtype=float)
    rows = [n for n in written.notes if n[1] > n[0] and 21 <= n[2] <= 108]
    notes = np.zeros(len(rows), NOTE)
    if rows:
        start, end, midi, role = (np.array(column) for column in zip(*rows, strict=True))
        notes["start"], notes["end"] = np.interp(start, at, number), np.interp(end, at, number)
        notes["midi"], notes["role"] = midi, role
    place, of = (np.array([b[k] for b in written.beats], np.int8) for k in (1, 2))
    return np.sort(notes, order=["start", "midi"]), place, of
