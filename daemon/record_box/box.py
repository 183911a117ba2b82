"""The box: its records as files in the cache, scanned as any library is, with a history. Filled once, beside all else.

`python -m daemon.record_box.box FILE` fills it where it is empty, and copies its library to FILE, all at once: who plays
from a copy leaves no trace in the next one.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from daemon.record_box.records import DJ, PRESETS, RECORDS, SETS, Record

NICE = 10
FIRST_SET = 1_735_930_800.0  # a Friday night in January 2025
WEEK_S, PLAY_S = 7 * 86400.0, 240.0
PRESET_FOLDER = Path(__file__).parents[2] / "presets"


def folder() -> Path:
    """Where the box is: another one for each state of what it is made of."""
    from daemon.recommend.library import profile, schema

    here = Path(__file__).parent
    made_of = b"".join((here / name).read_bytes() for name in ("records.py", "pressing.py", "box.py"))
    version = f"{profile.VERSION} {schema.VERSION}".encode()
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    return home / "jamd" / f"demo-library-{hashlib.sha256(made_of + version).hexdigest()[:12]}"


def library(box: Path) -> Path:
    """The library of a box; it is there when the box is full."""
    return box / "library.db"


def fill(box: Path, records: Sequence[Record] = RECORDS) -> None:
    """Render, scan and date the records, unless that was done; others may do so too. Raises UserError, OSError."""
    box.mkdir(parents=True, exist_ok=True)
    with _alone(box):
        if library(box).exists():
            return
        for record in records:
            _press(record, box / "records")
        for name in PRESETS:
            with contextlib.suppress(OSError):
                shutil.copy(PRESET_FOLDER / f"{name}.toml", box / "records")
        part = box / "part.db"
        for left in box.glob("part.db*"):
            left.unlink()
        _scan(part, box / "records")
        part.rename(library(box))


def copy(box: Path, to: Path) -> None:
    """The box's library as a file of one's own."""
    part = to.with_suffix(".part")
    shutil.copy(library(box), part)
    part.rename(to)


def _press(record: Record, into: Path) -> None:
    """A file of a record: sound, or notes."""
    is_sound = record.kind in ("track", "loop")
    path = into / f"{record.name}{'.flac' if is_sound else '.mid'}"
    if path.exists():
        return
    into.mkdir(exist_ok=True)
    part = into / f".part{path.suffix}"
    (_write_sound if is_sound else _write_notes)(record, part)
    part.rename(path)


def _write_sound(record: Record, path: Path) -> None:
    import soundfile

    from daemon.record_box import pressing

    pressed = pressing.sound(record)
    with soundfile.SoundFile(path, "w", pressing.RATE, 2, "PCM_16", format="FLAC") as file:
        file.title, file.artist, file.genre = record.title, record.artist or "jamd", record.style
        file.write(pressed)


def _write_notes(record: Record, path: Path) -> None:
    from daemon.generate.note import TICKS
    from daemon.outputs.midi_out_file import Sounded, Track, write
    from daemon.record_box import pressing

    tracks = [
        Track(
            role,
            9 if role == "drums" else 0,
            0,
            [Sounded(note.tick / TICKS, note.end / TICKS, note.pitch, note.velocity) for note in played],
        )
        for role, played in pressing.notes(record).items()
    ]
    write(path, tracks, [(0.0, record.tempo_bpm)], [(0.0, 4, 4)])


def _scan(path: Path, place: Path) -> None:
    """The real scan, in this process alone; then the sets."""
    from daemon.library_analysis import analyse, warm
    from daemon.recommend.library.history import Play
    from daemon.recommend.library.scan import Scan
    from daemon.recommend.library.store import Library

    with Library.open(path) as opened:
        scan = Scan(opened, (place,))
        plan = scan.plan()
        warm()
        for _ in scan.run(plan.tasks, analyse, jobs=1):
            pass
        ids = {item.title: item.id for item in opened.catalogue().items}
        for week, titles in enumerate(SETS):
            begun = FIRST_SET + week * WEEK_S
            found = [ids[title] for title in titles.split("; ") if title in ids]
            plays = [Play(number, begun + PLAY_S * k) for k, number in enumerate(found)]
            opened.history.put("jamd demo", str(week), plays, DJ, f"week {week + 1}", begun)


def set_of(box: Path, titles: Sequence[str], fade_s: float) -> tuple[np.ndarray, int]:
    """Tracks one after the other with crossfades, float32 (samples, 2), and the rate in Hz."""
    import soundfile

    out, rate = np.zeros((0, 2), np.float32), 0
    for title in titles:
        path = next((box / "records").glob(f"* - {title}.flac"))
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
        n = min(round(fade_s * rate), len(out))
        rise = np.sin(np.linspace(0, np.pi / 2, n, dtype=np.float32))[:, None]
        mixed = out[len(out) - n :] * rise[::-1] + sound[:n] * rise
        out = np.concatenate((out[: len(out) - n], mixed, sound[n:]))
    return out, rate


@contextlib.contextmanager
def _alone(box: Path) -> Iterator[None]:
    """No other process fills the same box meanwhile."""
    with open(box / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main(to: Path) -> None:
    """See above."""
    from daemon.child import die_with_parent

    die_with_parent()
    with contextlib.suppress(OSError):
        os.nice(NICE)
    box = folder()
    fill(box)
    copy(box, to)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
