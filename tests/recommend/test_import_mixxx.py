"""What is read of Mixxx's own database: one that Mixxx 2.3.3 wrote, kept as SQL, and one that it writes here.

The kept one (tests/golden/importing) was made in Mixxx's window. Where Mixxx, Xvfb and jackd are installed it is
started on a rendered file, which it scans.
"""

import os
import shutil
import sqlite3
import struct
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon.recommend.importing import kinds, mixxx
from daemon.recommend.importing.take import take
from daemon.recommend.library.store import Library

GOLDEN = Path(__file__).parents[1] / "golden" / "importing" / "mixxx_2.3.3.sql"
A_MINOR = 21
RATE = 44100


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """As Mixxx wrote it."""
    path = tmp_path / "mixxxdb.sqlite"
    db = sqlite3.connect(path)
    db.executescript(GOLDEN.read_text("utf-8"))
    db.close()
    return path


def changed(path: Path, statement: str, *values: object) -> None:
    db = sqlite3.connect(path)
    with db:
        db.execute(statement, values)
    db.close()


def test_tracks(database: Path) -> None:
    record = kinds.read(database)
    assert record.source == "mixxx"
    hostile, two, one = record.tracks.values()
    assert hostile.title == "Robert'); DROP TABLE items;--"
    assert (hostile.tempo_bpm, hostile.key, hostile.grid, hostile.cues) == (None, -1, (), ())  # it was never loaded
    assert (one.path, one.title, one.artist, one.genre) == ("/music/t0.ogg", "Pulse One", "The Renderers", "Techno")
    assert (one.year, one.rating, one.duration_s, one.key) == (2021, None, 20.0, A_MINOR)
    assert (one.tempo_bpm, two.tempo_bpm) == (120.0, 128.0)
    assert one.added > 1.7e9


def test_cues_and_grids(database: Path) -> None:
    """The file's clicks are half a second apart, from its start on; Mixxx's grid has a beat within 10 ms of one."""
    _, two, one = kinds.read(database).tracks.values()
    (hot,) = (cue for cue in one.cues if cue.kind == "hot")
    assert (hot.number, hot.color) == (0, "#ff8000")
    assert hot.at_s == pytest.approx(807208 / 2 / RATE)
    assert {cue.kind for cue in two.cues} == {"load", "intro"}
    for track, beat in ((one, 0.5), (two, 60.0 / 128.0)):
        (line,) = track.grid
        assert line.bpm == pytest.approx(60.0 / beat)
        off = line.start_s % beat
        assert min(off, beat - off) < 0.02


def test_what_the_dj_put_together_and_played(database: Path) -> None:
    record = kinds.read(database)
    crate, playlist = record.lists
    assert (crate.name, crate.kind, crate.tracks) == ("Peak time", "crate", ("3",))
    assert (playlist.name, playlist.kind, playlist.tracks) == ("Warm up", "playlist", ("1",))
    (played,) = record.sets  # the others are empty: Mixxx makes one at every start
    assert [ref for ref, _ in played.plays] == ["3", "2"]
    assert played.plays[1][1] - played.plays[0][1] == 25.0
    assert played.started == 1795649825.0


def test_what_is_new_at_the_next_import(database: Path, tmp_path: Path) -> None:
    """A rating given later comes in; what was deleted in Mixxx does not; nothing comes twice."""
    with Library.open(tmp_path / "library.db") as library:
        first = take(library, kinds.read(database))
        assert (first.new, first.known, first.sets, first.plays, first.cues, first.grids) == (3, 0, 1, 2, 5, 2)
        changed(database, "UPDATE library SET rating = 4 WHERE id = 3")
        changed(database, "UPDATE library SET mixxx_deleted = 1 WHERE id = 1")
        again = take(library, kinds.read(database))
        assert (again.new, again.known) == (0, 2)
        one = library.at("/music/t0.ogg")
        assert one is not None
        assert (one.rating, one.tags) == (4, ("Peak time",))
        assert len(library) == 3
        assert len(library.history.sets()) == 1


def test_a_beat_map_keeps_a_line_for_each_tempo(database: Path) -> None:
    """As Mixxx's proto/beats.proto has it: a message a beat; four beats at 120, then at 90."""
    frames = [22050 * k for k in range(5)] + [4 * 22050 + 29400 * k for k in range(1, 4)]
    beats = b"".join(b"\x0a" + bytes([len(part)]) + part for part in (b"\x08" + _varint(frame) for frame in frames))
    changed(database, "UPDATE library SET beats = ?, beats_version = 'BeatMap-1.0' WHERE id = 3", beats)
    lines = kinds.read(database).tracks["3"].grid
    assert [(line.start_s, pytest.approx(line.bpm)) for line in lines] == [(0.0, 120.0), (2.0, 90.0)]


def test_a_beat_before_the_file_begins(database: Path) -> None:
    first = _varint((1 << 64) - 4410)  # -4410 as protobuf writes an int32
    inner = b"\x08" + first
    blob = b"\x0a\x09\x09" + struct.pack("<d", 120.0) + b"\x12" + bytes([len(inner)]) + inner
    changed(database, "UPDATE library SET beats = ? WHERE id = 3", blob)
    assert kinds.read(database).tracks["3"].grid[0].start_s == pytest.approx(-0.1)


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def test_nothing_is_written_while_mixxx_runs(database: Path) -> None:
    before = database.read_bytes()
    database.chmod(0o444)
    kinds.read(database)
    assert database.read_bytes() == before
    assert [path.name for path in database.parent.iterdir()] == ["mixxxdb.sqlite"]


def test_mixxx_itself(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Mixxx on JACK's dummy driver and an X server of its own: what it scanned is what was rendered."""
    for name in ("mixxx", "Xvfb"):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed: sudo apt install mixxx xvfb")
    request.getfixturevalue("jack_server")
    settings, music = tmp_path / "settings", tmp_path / "music"
    settings.mkdir()
    music.mkdir()
    _render(music / "one.ogg", 120.0)
    _start(settings, music / "one.ogg", until=2.0)  # makes the database, and would ask for a folder of music
    changed(settings / "mixxxdb.sqlite", "DELETE FROM directories")
    changed(settings / "mixxxdb.sqlite", "INSERT INTO directories VALUES (?)", str(music))
    _start(settings, music / "one.ogg", until=60.0)
    (track,) = mixxx.read(settings / "mixxxdb.sqlite").tracks.values()
    assert (track.path, track.duration_s) == (str(music / "one.ogg"), pytest.approx(20.0, abs=0.1))


def _render(path: Path, bpm: float) -> None:
    sound = np.zeros(20 * RATE)
    click = np.sin(2 * np.pi * 60 * np.arange(2000) / RATE) * np.exp(-np.arange(2000) / 500)
    for beat in np.arange(0.0, 19.9, 60.0 / bpm):
        at = round(beat * RATE)
        sound[at : at + 2000] += click
    soundfile.write(path, 0.5 * np.stack([sound, sound], 1), RATE)


def _start(settings: Path, track: Path, until: float) -> None:
    """Run Mixxx until its database has a track, at most `until` seconds after it made that."""
    (settings / "mixxx.cfg").write_text("[Config]\nPath /usr/share/mixxx/\n\n[Library]\nRescanOnStartup 1\n")
    (settings / "soundconfig.xml").write_text("""<!DOCTYPE SoundManagerConfig>
<SoundManagerConfig api="JACK Audio Connection Kit" samplerate="48000" latency="5" sync_buffers="2" deck_count="2">
<SoundDevice name="system" portAudioIndex="0"><output type="Master" channel="0" channel_count="2" index="0"/></SoundDevice>
</SoundManagerConfig>""")
    reading, writing = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x800x24"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as numbers:
        display = f":{numbers.readline().strip()}"
    environ = os.environ | {"DISPLAY": display, "HOME": str(settings), "QT_QPA_PLATFORM": "xcb"}
    command = ["mixxx", "--settingsPath", str(settings), str(track)]
    player = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        made, ends_at = 0.0, time.monotonic() + 150.0
        while player.poll() is None and time.monotonic() < ends_at:
            time.sleep(0.25)
            found = _scanned(settings / "mixxxdb.sqlite")
            made = made or (time.monotonic() if found is not None else 0.0)
            if found or (made and time.monotonic() > made + until):
                break
    finally:
        for process in (player, screen):
            process.kill()
            process.wait()


def _scanned(path: Path) -> int | None:
    """How many tracks Mixxx has; None before it has made its tables."""
    if not path.exists():
        return None
    db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        return int(db.execute("SELECT count(*) FROM library, directories").fetchone()[0])
    except sqlite3.Error:
        return None
    finally:
        db.close()
