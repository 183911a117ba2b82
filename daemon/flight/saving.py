"""A take: what just happened, as WAV and MIDI for who played it, and as the session itself for who replays it.

DIR/takes/NAME has input.wav, output.wav (what was heard), take.mid, and session/, which shares the recorder's files as long
as these are there. Where the rate changed meanwhile there are input-2.wav, output-2.wav and so on. What was lost is silent.
"""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from daemon.errors import Refused
from daemon.flight import midi_file
from daemon.flight.piece import Piece
from daemon.flight.reading import Recording
from daemon.flight.segment import LOG, PAST, SEGMENTS, SESSION, TAKES, Segment

LONGEST_NAME = 64
WAV_BYTES = 4_000_000_000  # beyond, the file is RF64
CHUNK = 1 << 16
NEAR_S = 60.0  # before what is to be saved
LONGEST_GAP_S = 60.0  # that is written as silence


def save(folder: Path, segments: Sequence[Segment], minutes: float, name: str) -> dict[str, Any]:
    """Save the last so many minutes (0: all) of these segments. Raises Refused, OSError; then there is no such take."""
    name = _checked(name)
    out = folder / TAKES / name
    if out.exists():
        raise Refused(409, f"{name}: there is a take of this name; give another")
    used = _last(segments, minutes)
    pieces = _pieces(used, minutes)
    if not pieces:
        raise Refused(409, "nothing has been recorded yet; ask again when something sounds")
    beside = folder / TAKES / f".{name}.part"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        _share(folder, segments, used, beside / SESSION)
        for number in dict.fromkeys(piece.file for piece in pieces):
            of_file = [piece for piece in pieces if piece.file == number]
            ending = "" if number == 0 else f"-{number + 1}"
            _write(beside / f"input{ending}.wav", of_file, slice(0, 2))
            _write(beside / f"output{ending}.wav", of_file, slice(2, 4))
        midi_file.write(beside / "take.mid", Recording(beside / SESSION), pieces)
        os.replace(beside, out)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    seconds = sum((piece.end - piece.begin) / piece.segment.label.rate for piece in pieces)
    return {"path": str(out), "name": name, "seconds": round(seconds, 3)}


def takes(folder: Path) -> list[dict[str, Any]]:
    """What was saved, the oldest first."""
    found = [path for path in (folder / TAKES).iterdir() if path.is_dir() and not path.name.startswith(".")]
    return [{"name": path.name, "path": str(path)} for path in sorted(found, key=lambda path: path.stat().st_mtime)]


def _checked(name: str) -> str:
    """Raises Refused where a file system may not like it."""
    if not name:
        return time.strftime("%Y-%m-%d_%H-%M-%S")
    if name.startswith((".", "-")) or len(name) > LONGEST_NAME or not all(c.isalnum() or c in " ._-" for c in name):
        raise Refused(
            422, f"{name!r}: a take's name has letters, digits, spaces, '.', '_' and '-'; at most {LONGEST_NAME}"
        )
    return name


def _last(segments: Sequence[Segment], minutes: float) -> list[Segment]:
    """The newest that hold so many minutes, from one on of which it is known how the analysers stood, where that is near."""
    left, begin = minutes * 60.0 or 1e12, len(segments)
    while begin > 0 and left > 0:
        begin -= 1
        left -= segments[begin].seconds
    known, more = begin, 0.0
    while known > 0 and more < NEAR_S and not segments[known].is_known:
        known -= 1
        more += segments[known].seconds
    return list(segments[known if segments and segments[known].is_known else begin :])


def _pieces(segments: Sequence[Segment], minutes: float) -> list[Piece]:
    """What of them is written, and where."""
    over = sum(one.seconds for one in segments) - minutes * 60.0 if minutes else 0.0
    pieces: list[Piece] = []
    for one in segments:
        if not one.samples:
            continue
        skip = min(one.samples, max(0, round(over * one.label.rate)))
        over -= skip / one.label.rate
        if skip == one.samples:
            continue
        begin, at, file = one.label.first + skip, 0, 0
        if pieces:
            last = pieces[-1]
            is_same = last.segment.label.rate == one.label.rate
            at = last.at + last.end - last.begin if is_same else 0
            file = last.file + (not is_same)
            if is_same and last.segment.label.epoch == one.label.epoch:
                at += min(begin - last.end, round(LONGEST_GAP_S * one.label.rate))
        pieces.append(Piece(one, begin, one.end, at, file))
    return pieces


def _share(folder: Path, segments: Sequence[Segment], used: Sequence[Segment], session: Path) -> None:
    """The session's files, once more: those that are used, and of the session before them the logs."""
    (session / SEGMENTS).mkdir(parents=True)
    (session / PAST).mkdir()
    for one in used:
        target = session / SEGMENTS / one.path.name
        target.mkdir()
        for file in one.path.iterdir():
            if not file.name.endswith(".part"):
                _link(file, target / file.name)
    began_ns = used[0].label.about.began_ns
    for file in (folder / PAST).glob(f"{began_ns}-*.z"):
        _link(file, session / PAST / file.name)
    for one in segments:
        if one.number < used[0].number and one.label.about.began_ns == began_ns and (one.path / LOG).exists():
            _link(one.path / LOG, session / PAST / f"{began_ns}-{one.number:08}.log")


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:
        shutil.copy2(file, target)


def _write(path: Path, pieces: Sequence[Piece], columns: slice) -> None:
    """float32, as it was, to the bit."""
    import soundfile

    last = pieces[-1]
    rate = last.segment.label.rate
    size = 8 * (last.at + last.end - last.begin)
    kind = "RF64" if size > WAV_BYTES else "WAV"
    done = 0
    try:
        with soundfile.SoundFile(path, "w", rate, 2, "FLOAT", format=kind) as file:
            for segment, begin, end, at, _ in pieces:
                while done < at:
                    n = min(CHUNK, at - done)
                    file.write(np.zeros((n, 2), np.float32))
                    done += n
                sound = segment.sound()[begin - segment.label.first : end - segment.label.first, columns]
                for start in range(0, len(sound), CHUNK):
                    file.write(np.ascontiguousarray(sound[start : start + CHUNK]))
                done += len(sound)
    except soundfile.LibsndfileError as error:
        raise OSError(0, f"{error}", str(path)) from None
