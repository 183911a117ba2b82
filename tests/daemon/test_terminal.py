import io
import time

import numpy as np
import pytest
from rich.console import Console

from daemon import messages as m
from daemon.outputs.terminal import TerminalView
from dsp.hop import FEATURES

RATE = 48000.0
STATS = {
    **{"blocks": 9375, "xruns": 3, "late_blocks": 0, "starved_samples": 0, "lost_events": 0, "budget_us": 1333.3},
    "work_us": {"p50": 4.0, "p99": 64.0, "p9999": 102.0, "max": 111.0},
    "gap_us": {"p50": 1350.0, "p99": 1400.0, "p9999": 1700.0, "max": 1800.0},
}


def features(**fields):
    hop = np.zeros(1, FEATURES)[0]
    for name, value in fields.items():
        hop[name] = value
    return hop


def at(seconds, known_s):
    return {"rate": int(RATE), "sample_time": round(seconds * RATE), "known_at": round(known_s * RATE)}


def terminal(width=80, height=24, encoding="utf-8", color_system=None, force_terminal=True):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(file=file, width=width, height=height, force_terminal=force_terminal, color_system=color_system)


def printed(console):
    console.file.flush()
    return console.file.buffer.getvalue().decode(console.file.encoding)


def view(console=None, **how):
    """A view that has heard twelve and a half seconds of music."""
    shown = TerminalView("a song.flac", "tcp://127.0.0.1:5550", RATE, 60.0, console or terminal(**how))
    shown.take(m.Onset(**at(12.45, 12.47), strength=0.8, band="low"))
    shown.take(m.Onset(**at(12.0, 12.02), strength=0.4, band="high"))
    shown.take(m.NoteOn(**at(12.0, 12.02), midi=69, name="A4", cents=7.8, velocity=90, f0_hz=442.0))
    shown.take(m.Beat(**at(12.4, 12.0), tempo_bpm=112.0, confidence=0.9, position=2))
    shown.take(m.Beat(**at(12.9, 12.5), tempo_bpm=112.0, confidence=0.9, position=3))
    for name in ("F:maj", "G:7", "A:min"):
        shown.take(m.Chord(**at(12.0, 12.1), name=name, root=0, bass=0, confidence=0.81))
    shown.take(m.Key(**at(9.0, 9.1), name="C major", tonic=0, mode="major", confidence=0.77))
    shown.take(m.Engine(**at(0.0, 0.0), state="running", device="dummy"))
    shown.take(m.Heartbeat(**at(12.0, 12.0), **STATS))
    shown.take(m.Level(**at(12.5, 12.5), peak=0.5, rms=0.1, momentary_lufs=-14.1, short_term_lufs=-15.2))
    shown.hop(
        features(
            **{"sample_time": round(12.5 * RATE), "peak": 0.5, "rms": 0.1, "momentary_lufs": -14.1, "low": 1.0},
            **{"short_term_lufs": -15.2, "centroid_hz": 1840, "flatness": 0.08, "f0_hz": 442.0, "voiced": 1},
            **{"f0_confidence": 0.93, "tuning_cents": 4, "tempo_bpm": 112, "beat_phase": 0.2, "beat_confidence": 0.9},
            chroma=[1, 0, 0, 0, 0.5, 0, 0, 0, 0, 1, 0, 0],
        )
    )
    return shown


def drawn(shown):
    shown.console.print(shown.frame(*shown.console.size))
    return printed(shown.console)


def test_the_frame_tells_all_that_is_known():
    text = drawn(view())
    for words in (
        *("a song.flac", "0:12.5 / 1:00", "tcp://127.0.0.1:5550"),
        *("-6.0 dB", "-20.0 dB", "-14.1 LUFS", "-15.2 LUFS", "1840 Hz"),
        *("A4", "+8 cents", "442.0 Hz", "notes A4"),
        *("112.0 BPM", "□ ■ □ □", "next beat in 0.40 s", "beat 2"),
        *("chord  Am  0.81", "key    C major  0.77", "tuning +4 cents", "F G7 Am"),
        *("blocks 9,375", "xruns 3", "p50 4", "p99 64", "p99.99 102 (8 %)", "max 111 of 1333 us", "gap max 1.8 ms"),
        "Engine: running dummy",
    ):
        assert words in text


def test_chroma_bars_stand_over_their_names_at_their_heights():
    rows = drawn(view()).splitlines()
    names = next(k for k, row in enumerate(rows) if " C   C#  D " in row)
    at = {name: rows[names].index(f" {name} ") + 1 for name in ("C", "C#", "E", "A")}
    heights = {name: "".join(rows[names - up][column] for up in (1, 2, 3)) for name, column in at.items()}
    assert heights == {"C": "███", "C#": "   ", "E": "█▄ ", "A": "███"}


def test_onsets_stand_in_their_bands_row_the_newest_at_the_right():
    rows = drawn(view()).splitlines()
    low, high = (next(row for row in rows if f"│ {band}" in row) for band in ("low", "high"))
    strip = {name: row.rpartition("|")[2].rstrip("│ ") for name, row in (("low", low), ("high", high))}
    assert strip["low"].endswith("█")
    assert strip["high"].endswith("▄")
    assert len(strip["low"]) == len(strip["high"]) + 4  # 0.45 s in cells of 0.1 s


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 23), (120, 50), (60, 20), (40, 16)])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_fits_the_terminal_and_its_letters(width, height, encoding):
    rows = drawn(view(width=width, height=height, encoding=encoding)).splitlines()
    assert len(rows) <= height
    assert max(len(row) for row in rows) <= width
    text = "\n".join(rows)
    for words in ("112.0 BPM", "Am", "blocks 9,375"):
        assert words in text


def test_before_anything_is_heard_it_draws_dashes():
    text = drawn(TerminalView("a microphone", "tcp://*:1", RATE, None, terminal()))
    assert "nan" not in text
    assert "not heard of yet" in text
    assert "0:00.0" in text


def test_no_colour_when_asked(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "38;2;" not in drawn(view(color_system="truecolor"))
    monkeypatch.delenv("NO_COLOR")
    assert "38;2;" in drawn(view(color_system="truecolor"))


def test_without_a_terminal_it_prints_one_line_a_message():
    console = terminal(force_terminal=False)
    with view(console) as shown:
        shown.render()
    lines = printed(console).splitlines()
    assert len(lines) == 11  # but none for the level, which comes every hop
    assert "12.450 s  onset" in lines[0]
    assert "strength 0.80" in lines[0]


def test_live_it_draws_at_most_so_many_frames_a_second():
    console = terminal()
    with view(console) as shown:
        started = time.monotonic()
        while time.monotonic() - started < 0.3:
            shown.render()
    frames = printed(console).count("a song.flac")
    assert 4 <= frames <= 9


def test_an_engine_that_began_anew_is_followed_from_its_first_sample():
    shown = view()
    shown.hop(features(sample_time=256, peak=0.01))
    assert shown.now_s == pytest.approx(256 / RATE)
    text = drawn(shown)
    assert "-40.0 dB" in text
    assert "next beat" not in text


def test_a_picture_of_it(tmp_path):
    view().export_svg(tmp_path / "demo.svg")
    picture = (tmp_path / "demo.svg").read_text()
    assert picture.startswith("<svg")
    assert "Harmony" in picture


def test_times_are_in_the_rate_that_the_engine_opened_with():
    shown = TerminalView("a 96 kHz file", "tcp://*:1", 48000, None, terminal())
    shown.take(m.Engine(rate=96000, state="running"))
    shown.hop(features(sample_time=96000 * 3))
    assert "0:03.0" in drawn(shown)


def test_nothing_is_drawn_before_the_first_hop_so_that_a_failed_start_leaves_no_empty_frame():
    console = terminal()
    with TerminalView("a song.flac", "tcp://*:1", RATE, None, console) as shown:
        shown.take(m.Engine(state="failed", error="no such device"))
        shown.render()
    assert printed(console) == ""
