"""presets/clients/reaper_jamd.py outside REAPER: what it makes of messages, and what it asks of REAPER.

What REAPER would provide is ours here, so this is not a test in REAPER.
"""

import time
from collections.abc import Callable

import pytest

from tests.reach.running import client

c = client("jamd_client")
r = client("reaper_jamd")

AT = {"rate": 48000, "epoch": 1}


def ns(at_s: float) -> int:
    return round(at_s * 1e9)


def test_bars_keys_and_chords_become_markers_and_regions() -> None:
    score = r.Score()
    fed = [
        c.Transport(**AT, t_ns=ns(10.0), beat=8.0, tempo_bpm=120.0, playing=True),
        c.Transport(**AT, t_ns=ns(10.5), beat=9.0, tempo_bpm=120.0, playing=True),
        c.Chord(**AT, t_ns=ns(10.0), name="A:min"),
        c.Key(**AT, t_ns=ns(10.1), name="A minor"),
        c.Chord(**AT, t_ns=ns(12.0), name="N"),
        c.Chord(**AT, t_ns=ns(13.0), name="F:maj"),
        c.Chord(**AT, t_ns=0, name="G:maj"),  # jamd's clock is not locked yet
        c.Chord(**AT, t_ns=ns(9.0), name="C:maj", replay=True),
    ]
    assert [one for message in fed for one in score.feed(message)] == [
        r.Marker(10.0, "bar 3"),
        r.Marker(10.1, "A minor"),
        r.Region(10.0, 12.0, "A:min"),
    ]


def answer():
    notes = [
        {"tick": 0, "duration": 24, "midi": 60, "velocity": 80, "part": "melody", "sample_time": 48000, "until": 72000}
    ]
    fields = {"part": "melody", "generator": "motif", "ticks": 96, "tempo_bpm": 120.0, "notes": notes}
    return c.Other(**AT, sample_time=48000, t_ns=ns(20.0), topic="answer", fields=fields)


def test_an_answer_becomes_a_region_and_an_item(monkeypatch: pytest.MonkeyPatch) -> None:
    assert r.Score().feed(answer()) == [r.Region(20.0, 22.0, "melody: motif")]
    monkeypatch.setattr(r, "NOTES", "items")
    note = c.JamNote(**AT, t_ns=ns(20.0), channel=1, midi=60, velocity=80, on=True)
    assert r.Score().feed(note) == [], "the item has it"
    assert r.Score().feed(answer())[1] == r.Item(20.0, 22.0, [(20.0, 20.5, 60, 80)])


class Asked:
    """Takes every call of REAPER's functions down, and answers some."""

    def __init__(self, **answers: object) -> None:
        self.calls: list[tuple] = []
        self._answers = answers

    def __getattr__(self, name: str) -> Callable:
        def call(*arguments: object) -> object:
            self.calls.append((name.removeprefix("RPR_"), *arguments))
            return self._answers.get(name.removeprefix("RPR_"), 0)

        return call

    def of(self, name: str) -> list[tuple]:
        return [arguments for called, *arguments in self.calls if called == name]


class Told:
    """A Jamd with messages ready."""

    def __init__(self, *messages) -> None:
        self._messages = [*messages]

    def read(self, timeout_s: float):
        return self._messages.pop(0) if self._messages else None


def test_what_is_asked_of_reaper(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    on = c.JamNote(**AT, t_ns=ns(now), channel=1, midi=60, velocity=80, on=True)
    off = c.JamNote(**AT, t_ns=ns(now + 60.0), channel=1, midi=60, velocity=0, on=False)
    bar = c.Transport(**AT, t_ns=ns(now + 1.0), beat=4.0, tempo_bpm=120.0, playing=True)
    asked = Asked(GetPlayState=1, GetPlayPosition=100.0, Master_GetPlayRate=1.0, CountSelectedTracks=1)
    reaper = r.Reaper(asked, Told(on, off, bar, c.Silence(text="gone")))
    reaper.turn()
    [(project, is_region, at_s, _, name, _, _)] = asked.of("AddProjectMarker2")
    assert (project, is_region, name) == (0, False, "bar 2")
    assert at_s == pytest.approx(101.0, abs=0.5)
    assert asked.of("StuffMIDIMessage") == [[0, 0x91, 60, 80]], "the note's end is not due"
    assert asked.of("ShowConsoleMsg") == [["gone\n"]]
    reaper.end()
    assert [0, 0xBF, 123, 0] in asked.of("StuffMIDIMessage")
    stopped = Asked(GetPlayState=0, GetPlayPosition=0.0, Master_GetPlayRate=1.0)
    r.Reaper(stopped, Told(bar)).turn()
    assert not stopped.of("AddProjectMarker2"), "nothing is written while REAPER stands still"
    monkeypatch.setattr(r, "NOTES", "items")
    items = Asked(
        **{"GetPlayState": 5, "GetPlayPosition": 1e6, "Master_GetPlayRate": 1.0, "CountSelectedTracks": 1},
        **{"CreateNewMIDIItemInProj": ("item", "track", 0.0, 0.0, 0), "MIDI_GetPPQPosFromProjTime": 960.0},
    )
    r.Reaper(items, Told(answer())).turn()
    assert [rest[6:8] for rest in items.of("MIDI_InsertNote")] == [[60, 80]]
