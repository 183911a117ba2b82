"""The view of playing along: what is heard and answered is where it belongs, and who answers is named."""

import io

from rich.console import Console

from daemon import messages as m
from daemon.outputs.jam_view import JamView

RATE = 48000
TICK = 1000  # samples, at 120 BPM
HELP = " a answer  q end"


def state(**changes: object) -> m.Jam:
    values = {
        "on": True, "mode": "answer", "phase": "listening", "bars": 4, "style": "folk", "tempo_bpm": 120.0,
        "meter": "4/4", "key": "D minor", "parts": [], **changes,
    }  # fmt: skip
    return m.Jam(rate=RATE, **values)


def struck(tick: float, midi: int, on: bool = True, channel: int = 0) -> m.MidiNote:
    at = round(tick * TICK)
    return m.MidiNote(
        rate=RATE, sample_time=at, known_at=at, port="k", channel=channel, midi=midi, velocity=90 if on else 0, on=on
    )


def noted(tick: int, midi: int, part: str = "melody") -> m.PhraseNote:
    return m.PhraseNote(tick, 24, midi, 80, part, tick * TICK, (tick + 24) * TICK)


def answer(**changes: object) -> m.Answer:
    values = {
        "mode": "answer", "part": "melody", "generator": "neural", "wanted": "neural", "late": False, "seed": 0,
        "tick": 96, "ticks": 96, "tempo_bpm": 120.0, "notes": [noted(96, 62)], "spare_ms": 250.0, **changes,
    }  # fmt: skip
    return m.Answer(rate=RATE, sample_time=96 * TICK, **values)


def terminal(width: int = 80, height: int = 24) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)


def drawn(view: JamView, width: int = 80, height: int = 24) -> list[str]:
    console = terminal(width, height)
    console.print(view.frame(width, height))
    return console.file.getvalue().splitlines()


def view(*messages: m.Message, now: float = 0.0) -> JamView:
    shown = JamView("jamd jam  folk-answer", HELP, terminal())
    for message in messages:
        shown.take(message)
    shown.now = round(now * TICK)
    return shown


def row(lines: list[str], name: str) -> str:
    return next(line for line in lines if line.startswith(f"{name:>4} "))


def test_what_is_heard_and_answered_stands_in_its_bar():
    lines = drawn(view(state(), struck(0, 60), struck(24, 60, on=False), answer(), now=100))
    bars = row(lines, "C4").split("│")[1:]
    assert bars[0].startswith("⣤⣤⣤⣤")  # a quarter, in sixteenths
    assert "⣤" not in bars[1]
    assert any("▄▄▄▄" in line.split("│")[2] or "▀▀▀▀" in line.split("│")[2] for line in lines if line.count("│") > 2)


def test_a_note_that_is_held_grows():
    shown = view(state(), struck(0, 60), now=24)
    assert row(drawn(shown), "C4").count("⣤") == 4
    shown.now = 48 * TICK
    assert row(drawn(shown), "C4").count("⣤") == 8


def test_what_the_band_says_moves_the_bar_lines_not_what_was_played():
    shown = view(state(), struck(0, 60), struck(24, 60, on=False), now=96)
    shown.take(m.ChordAhead(rate=RATE, sample_time=144 * TICK, name="D:min", root=2, bass=2, tick=144, position=3,
                            generator="hmm", wanted="hmm", late=False))  # fmt: skip
    shown.now = 120 * TICK
    shown.take(answer(tick=192, ticks=96, tempo_bpm=60.0))
    assert row(drawn(shown), "C4").split("│")[1].startswith("⣤⣤⣤⣤")


def test_the_beat_the_mode_and_the_chords_are_said():
    chord = {"root": 2, "bass": 2, "position": 1, "generator": "hmm", "wanted": "hmm", "late": False}
    lines = drawn(
        view(
            state(mode="trade"),
            struck(0, 60),
            m.ChordAhead(rate=RATE, sample_time=0, name="D:min", tick=0, **chord),
            m.ChordAhead(rate=RATE, sample_time=96 * TICK, name="G:7", tick=96, **chord),
            now=30,
        )
    )
    assert "trade" in lines[0]
    assert "120 BPM 4/4  bar 1 □ ■ □ □" in lines[0]
    assert "key D minor  chord Dm then G7" in lines[1]


def test_it_says_who_answered_and_why():
    assert "answered by neural, 250 ms before" in "\n".join(drawn(view(state(), answer())))
    late = answer(generator="motif", late=True)
    assert "answered by motif, for neural was late" in "\n".join(drawn(view(state(), late)))
    gone = answer(generator="motif")
    assert "answered by motif, for neural is not there" in "\n".join(drawn(view(state(), gone)))


def test_deadlines_and_what_is_to_be_mended():
    shown = view(
        state(),
        m.Deadlines(rate=RATE, ready={"answer:neural": 3}, late={"answer:neural": 1}),
        m.MidiPort(rate=RATE, port="", direction="in", state="missing", error="no MIDI here: start JACK"),
    )
    shown.done = "temperature 1.1"
    text = "\n".join(drawn(shown, 100))
    assert "temperature 1.1" in text
    assert "answer:neural 3/4 75 %" in text
    assert "no MIDI here: start JACK" in text
    assert HELP in text


def test_any_terminal_is_large_enough():
    shown = view(state(), struck(0, 60), answer(), now=100)
    for width, height in ((20, 5), (40, 12), (80, 24), (200, 60)):
        lines = drawn(shown, width, height)
        assert len(lines) < height or height <= 5
        assert all(len(line) <= width for line in lines)


def test_without_a_terminal_each_event_is_a_line():
    console = Console(file=io.StringIO(), force_terminal=False, width=80)
    shown = JamView("x", HELP, console)
    for message in (state(), struck(0, 60), answer()):
        shown.take(message)
    shown.render()
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 1
    assert "answer" in lines[0]
