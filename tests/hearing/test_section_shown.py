"""What is heard is shown: notes that sound together, sections with a sign and a word, and who hears what."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from daemon import messages as m
from daemon.outputs.jam_view import JamView
from daemon.outputs.sound_panel import SECTIONS, SoundPanel
from daemon.outputs.summary import Tally
from daemon.outputs.top_view import TopView
from dsp.harmony import note_name
from tests.serve.browser import View, chromium
from tests.serve.web_stage import Daemon, served

RATE = 48000
CHORD = (48, 60, 64, 67, 71)


def at(seconds: float, known_s: float = 0.0) -> dict[str, int]:
    return {"rate": RATE, "sample_time": round(seconds * RATE), "known_at": round(max(seconds, known_s) * RATE)}


def on(midi: int, seconds: float) -> m.NoteOn:
    return m.NoteOn(**at(seconds), midi=midi, name=note_name(midi), cents=0.0, velocity=80, f0_hz=0.0)


def off(midi: int, seconds: float) -> m.NoteOff:
    return m.NoteOff(**at(seconds), midi=midi, name=note_name(midi))


def section(what: str, seconds: float, known_s: float) -> m.Section:
    return m.Section(**at(seconds, known_s), what=what, confidence=0.75, energy=0.62)


def hop(seconds: float) -> dict[str, Any]:
    names = ("peak", "rms", "low", "mid", "high", "centroid_hz", "flatness", "f0_hz", "voiced", "f0_confidence")
    more = {"momentary_lufs": -70.0, "short_term_lufs": -70.0, "tuning_cents": 0.0, "chroma": [0.0] * 12}
    more |= {"tempo_bpm": 0.0, "beat_phase": 0.0, "beat_confidence": 0.0}
    return dict.fromkeys(names, 0.0) | more | {"sample_time": round(seconds * RATE)}


def test_all_notes_that_sound_are_named_and_ended() -> None:
    panel = SoundPanel(RATE)
    panel.hop(hop(1.0))
    for midi in CHORD:
        panel.take(on(midi, 1.0))
    assert panel.pitch(36)[0].plain == "C3 C4 E4 G4 B4"
    assert panel.pitch(9)[0].plain == "C3 C4 +3"
    for midi in CHORD[1:]:
        panel.take(off(midi, 2.0))
    assert panel.pitch(36)[0].plain == "-"
    panel.take(on(67, 2.5))
    assert panel.pitch(36)[0].plain == "C3 G4"
    panel.hop(hop(0.0))  # the engine began anew
    assert panel.pitch(36)[0].plain == "-"


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("what", m.SECTIONS)
def test_a_section_has_a_sign_and_a_word(what: str, plain: bool) -> None:
    panel = SoundPanel(RATE, plain)
    panel.hop(hop(15.0))
    assert what not in panel.beat(36)[3].plain
    panel.take(section(what, 12.0, 14.0))
    assert f"{SECTIONS[what][int(plain)]} {what} 3 s" in panel.beat(36)[3].plain
    assert what in panel.short()[6].plain


def test_a_roll_has_every_note_of_a_chord() -> None:
    view = JamView("band", "", Console(file=io.StringIO(), width=100))
    for midi in CHORD:
        view.take(on(midi, 0.1))
    view.take(on(60, 0.6))  # struck again before its end came
    for midi in CHORD:
        view.take(off(midi, 1.1))
    view.now = RATE * 2
    drawn = [line.plain for line in view.roll(100, 24) if "⠛" in line.plain or "⣤" in line.plain or "⣿" in line.plain]
    rows = [line for line in drawn if "heard" not in line]
    assert len(rows) == len({midi // 2 for midi in CHORD})
    assert len({len(line.rstrip(" ·│")) for line in rows}) <= 2, "all end where they ended"


def test_top_says_who_hears_and_which_section_it_is() -> None:
    view = TopView("ipc://x", Console(file=io.StringIO(), width=100, height=40, force_terminal=True))
    for message in (
        m.Hears(analysis="onset", by="neural", reason="the machine keeps up", known_at=RATE, rate=RATE),
        m.Hears(analysis="beat", by="neural", reason="the machine keeps up", known_at=RATE, rate=RATE),
        m.Hears(analysis="key", by="profiles", reason="it was chosen", known_at=RATE, rate=RATE),
        m.Bands(low=0.5, mid=0.4, high=0.3, centroid_hz=1000.0, flatness=0.1, onset_strength=0.4, rate=RATE),
        section("drop", 0.4, 1.0),
    ):
        view.take(message, 5.0)
    said = {name: text(view, panel) for panel, name in enumerate(("all", "sound")) for name in (name,)}
    assert "▼ drop" in said["all"]
    assert "▼ drop" in said["sound"]
    engine = text(view, 7)
    assert "neural: beat, onset  the machine keeps up" in engine
    assert "profiles: key  it was chosen" in engine


def text(view: TopView, panel: int) -> str:
    view.show(panel)
    console = Console(file=io.StringIO(), width=100, height=40)
    console.print(view.frame(100, 40, 5.0))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_sections_are_counted_in_the_summary() -> None:
    tally = Tally()
    for what in ("drop", "drop", "break"):
        tally.take(section(what, 1.0, 2.0))
    assert tally.sections == {"drop": 2, "break": 1}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    yield made
    made.close()


def says(daemon: Daemon, *messages: m.Message) -> None:
    for message in messages:
        message.rate = RATE
        daemon.publisher.publish(message)


BARS = """() => {
  const canvas = document.querySelector("#roll canvas")
  const copy = Object.assign(document.createElement("canvas"), {width: canvas.width, height: canvas.height})
  const pen = copy.getContext("2d", {willReadFrequently: true})
  pen.drawImage(canvas, 0, 0)
  const {data, width, height} = pen.getImageData(0, 0, copy.width, copy.height)
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--heard").trim()
  const [r, g, b] = [1, 3, 5].map((k) => parseInt(ink.slice(k, k + 2), 16))
  const is = (k) => Math.abs(data[k] - r) + Math.abs(data[k + 1] - g) + Math.abs(data[k + 2] - b) < 12
  const rows = [...Array(height).keys()].map((y) => [...Array(width).keys()].some((x) => is(4 * (y * width + x))))
  return rows.filter((one, y) => one && !rows[y - 1]).length
}"""


def test_the_page_draws_notes_together_and_names_sections(browser: Any, daemon: Daemon) -> None:
    with served(is_here=True, **daemon.addresses) as running:
        views = [View(browser, running.url, *size) for size in ((1440, 900), (390, 844))]
        for view in views:
            view.is_live()
            view.page.evaluate("() => document.getElementById('roll').scrollIntoView()")
        daemon.has_joined()
        chord = [on(midi, 1.0) for midi in (48, 55, 60, 64, 67)]
        says(daemon, *chord, section("break", 0.5, 1.2), m.Hears(analysis="notes", by="neural", reason="it keeps up"))
        for view in views:
            view.until(f"() => ({BARS})() === 5")
            view.until("() => document.querySelector('#lane .section').textContent === '○ break · energy 62 %'")
            view.until("() => /hears: notes.*neural · it keeps up/s.test(document.querySelector('#house').innerText)")
        says(daemon, *(off(midi, 1.5) for midi in (48, 55, 60, 64, 67)), section("drop", 2.0, 2.6))
        for view in views:
            view.until("() => document.querySelector('#lane .section').textContent.startsWith('▼ drop')")
            assert not view.complaints
            view.close()
