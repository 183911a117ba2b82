"""The band in each of its modes, against a simulated player and the real listener; time is simulated too."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from daemon import messages as m
from daemon import registry
from daemon.generate.context import ChordSpan
from daemon.generate.note import Note
from tests.generate.stage import RATE, Stage, phrase

BAR = 96


@pytest.fixture
def stage() -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(bpm: float = 120.0, **jam: Any) -> Stage:
        made.append(Stage(bpm, **{"answer": {"generator": "motif"}, "harmony": {"generator": "rules"}} | jam))
        assert not made[-1].problems
        return made[-1]

    yield make
    for one in made:
        one.close()
        one.out.check()


@pytest.mark.parametrize("bpm", [60.0, 120.0, 174.0])
def test_an_answer_begins_on_the_downbeat_after_so_many_bars(stage, bpm: float) -> None:
    one = stage(bpm, mode="answer", bars=2)
    one.plays(phrase(0, 2))
    one.until(5 * BAR)
    (answer,) = one.heard(m.Answer)
    assert (answer.tick, answer.ticks) == (2 * BAR, 2 * BAR)
    assert answer.sample_time == one.at(2 * BAR)
    assert answer.known_at < answer.sample_time
    starts = one.out.ons(0)
    assert len(starts) == len(answer.notes) > 2
    assert starts[0][0] == pytest.approx(one.at(answer.notes[0].tick), abs=RATE // 1000)
    assert one.at(2 * BAR) <= starts[0][0] < starts[-1][0] < one.at(4 * BAR)
    assert one.band.schedule.is_idle


def test_a_phrase_that_ends_early_is_answered_at_the_next_downbeat_with_as_many_bars(stage) -> None:
    one = stage(mode="answer", bars=4)
    one.plays(phrase(0, 1))
    one.until(6 * BAR)
    (heard,), (answer,) = one.heard(m.Phrase), one.heard(m.Answer)
    assert heard.why == "rest"
    assert [note.midi for note in heard.notes] == [60, 62, 64]
    assert (answer.tick, answer.ticks) == (2 * BAR, BAR)


def test_who_plays_on_while_an_answer_is_planned_is_heard_first(stage) -> None:
    one = stage(mode="answer", bars=4)
    one.plays([*phrase(0, 1), *phrase(int(1.5 * BAR), 2)])
    one.until(4 * BAR)
    assert [answer.tick for answer in one.heard(m.Answer)] == [4 * BAR]


def test_who_plays_through_an_answer_is_yielded_to(stage) -> None:
    one = stage(mode="answer", bars=2)
    one.plays([*phrase(0, 2), *phrase(3 * BAR, 2)])
    one.until(7 * BAR)
    answers = one.heard(m.Answer)
    assert [answer.tick for answer in answers] == [2 * BAR, 5 * BAR], "the second is of the bars from 3 on"
    second_onset = one.at(3 * BAR + 24)
    between = [at for at, _ in one.out.ons(0) if second_onset + RATE // 5 < at < one.at(5 * BAR)]
    assert not between


def test_fours_are_traded_on_the_bar_line_until_one_is_left_out(stage) -> None:
    one = stage(mode="trade", bars=2)
    one.plays([*phrase(0, 2), *phrase(4 * BAR, 2, 12), *phrase(6 * BAR, 1)])
    one.until(16 * BAR)
    assert [answer.tick // BAR for answer in one.heard(m.Answer)] == [2, 6]
    one.plays(phrase(17 * BAR, 2))
    one.until(21 * BAR)
    assert [answer.tick // BAR for answer in one.heard(m.Answer)] == [2, 6, 19]


def test_jamd_takes_over_when_the_player_stops_until_they_play_again(stage) -> None:
    one = stage(mode="continue", bars=1)
    one.plays([*phrase(0, 2), *phrase(6 * BAR + 24, 1)])
    one.until(8 * BAR)
    answers = one.heard(m.Answer)
    ticks = [answer.tick for answer in answers]
    assert ticks[:2] == [3 * BAR, 4 * BAR]
    assert all(later - tick == BAR for tick, later in pairwise(ticks[:4]))
    again = one.at(6 * BAR + 24)
    assert not [at for at, _ in one.out.ons(0) if again + RATE // 5 < at < one.at(8 * BAR)]
    one.until(12 * BAR)
    assert one.heard(m.Answer)[-1].tick > 8 * BAR


def test_a_loop_is_played_back_as_it_was_and_then_varied_until_a_cue(stage) -> None:
    one = stage(mode="loop", bars=2)
    played = phrase(0, 2)
    one.plays(played)
    one.until(8 * BAR)
    first, *others = one.heard(m.Answer)
    assert [(note.tick - 2 * BAR, note.midi) for note in first.notes] == [(tick, pitch) for tick, _, pitch in played]
    assert [answer.tick // BAR for answer in others] == [4, 6, 8]
    assert {answer.generator for answer in others} == {"motif"}
    assert all(answer.notes for answer in others)
    one.band.cue()
    one.until(8 * BAR + 24)
    before = len(one.out.ons(0))
    one.until(12 * BAR)
    assert len(one.out.ons(0)) == before
    assert one.band.schedule.is_idle


def test_the_band_accompanies_each_beat_with_a_chord_said_before(stage) -> None:
    parts = {role: {} for role in ("chords", "bass", "drums", "counter")}
    one = stage(mode="accompany", style="jazz", **parts)
    one.plays(phrase(0, 8))
    one.until(8 * BAR)
    beats, chords = one.heard(m.Accompaniment), one.heard(m.ChordAhead)
    ticks = [beat.tick for beat in beats]
    assert ticks == list(range(ticks[0], 8 * BAR + 24, 24))
    assert ticks[0] <= BAR
    assert all(beat.known_at < beat.sample_time for beat in beats)
    by_tick = {chord.tick: chord for chord in chords}
    assert all(by_tick[beat.tick].name == beat.chord for beat in beats)
    assert all(chord.sample_time - chord.known_at > 0.9 * one.at(24) for chord in chords[1:]), "a beat ahead"
    assert {role for beat in beats for role in beat.generators} == set(parts)
    assert {channel for channel in range(16) if one.out.ons(channel)} == {1, 2, 3, 9}
    assert not one.heard(m.Answer)
    one.until(14 * BAR)
    assert one.heard(m.Accompaniment)[-1].tick <= 12.5 * BAR, "the band stops some bars after the player"
    assert one.band.schedule.is_idle


def test_chords_that_a_style_holds_are_held_over_the_beats(stage) -> None:
    one = stage(mode="accompany", style="ambient", chords={})
    one.plays([(0.0, 380.0, 60), (0.0, 380.0, 64), (0.0, 380.0, 67), (384.0, 380.0, 60)])
    one.until(8 * BAR)
    lengths = [
        off[0] - on[0]
        for voice, told in one.out.voices().items()
        if voice[:2] == ("jack", 1)
        for on, off in zip(told[::2], told[1::2], strict=False)
    ]
    assert lengths
    assert max(lengths) > one.at(40)


def test_a_mode_is_switched_live(stage) -> None:
    one = stage(mode="answer", bars=1)
    one.plays(phrase(0, 1))
    one.until(1.5 * BAR)
    one.configure(mode="loop")
    one.until(1.5 * BAR + 12)
    assert one.heard(m.Jam)[-1].mode == "loop"
    one.until(2 * BAR)
    before = len(one.out.ons(0))
    one.until(3 * BAR)
    assert len(one.out.ons(0)) == before, "nothing of the old answer is played"
    one.plays(phrase(3 * BAR, 1))
    one.until(5 * BAR)
    assert one.heard(m.Answer)[-1].mode == "loop"


def test_off_nothing_sounds_and_on_it_begins_anew(stage) -> None:
    one = stage(mode="answer", bars=1)
    one.plays(phrase(0, 1))
    one.until(1.4 * BAR)
    one.configure(on=False)
    one.until(2 * BAR)
    assert one.band.schedule.is_idle
    assert one.out.panics
    assert one.heard(m.Jam)[-1].phase == "off"
    one.out.events.clear()
    one.configure(on=True)
    one.plays(phrase(3 * BAR, 1))
    one.until(5 * BAR)
    assert one.out.ons(0)


def test_what_a_generator_makes_of_nonsense_is_left_out(stage, monkeypatch) -> None:
    from daemon.generate.note import Note
    from daemon.generate.rules.motif import Motif

    nonsense = [Note(96, 12, 128), Note(96, 0, 60), Note(50, 12, 60), Note(96, 12, 60, 0), Note(97, 500, 61, 80)]
    monkeypatch.setattr(Motif, "play", lambda self, context, constraints, ticks: nonsense)
    one = stage(mode="answer", bars=1)
    one.plays(phrase(0, 1))
    one.until(4 * BAR)
    (answer,) = one.heard(m.Answer)
    assert [(note.tick, note.midi, note.duration) for note in answer.notes] == [(97, 61, 95)]


def test_a_rule_that_fails_costs_its_answer_only(stage, monkeypatch) -> None:
    from daemon.generate.rules.motif import Motif

    def fails(self, *arguments):
        raise ZeroDivisionError("of a test's")

    monkeypatch.setattr(Motif, "play", fails)
    one = stage(mode="answer", bars=1)
    one.plays([*phrase(0, 1), *phrase(4 * BAR, 1)])
    one.until(4 * BAR)
    assert not one.heard(m.Answer)
    assert ("answer:motif", "failed") in [(said.name, said.state) for said in one.heard(m.Generator)]


def test_a_rule_that_fails_on_each_beat_says_so_once(stage, monkeypatch) -> None:
    def play(*_: object) -> list[Note]:
        raise ZeroDivisionError("of a test's")

    monkeypatch.setattr("daemon.generate.rules.comping.Comping.play", play)
    one = stage(mode="accompany", chords={"generator": "comping"})
    one.plays(phrase(0, 4))
    one.until(4 * BAR)
    assert len(one.heard(m.Accompaniment)) > 8
    assert [said.name for said in one.heard(m.Generator)] == ["chords:comping"]


def test_a_chord_that_is_none_is_passed_over(stage, monkeypatch) -> None:
    monkeypatch.setattr(
        "daemon.generate.rules.harmony.Rules.foresee", lambda self, context, beats: [ChordSpan(context.tick, 14, 99)]
    )
    one = stage(mode="accompany", chords={"generator": "comping"})
    one.plays(phrase(0, 2))
    one.until(2 * BAR)
    assert {said.name for said in one.heard(m.ChordAhead)} == {"N"}


def test_a_note_without_end_ends(stage, monkeypatch) -> None:
    monkeypatch.setattr(
        "daemon.generate.rules.comping.Comping.play",
        lambda self, context, constraints, ticks: [Note(context.tick, 1 << 58, 50, 90)],
    )
    one = stage(mode="accompany", chords={"generator": "comping"})
    one.plays(phrase(0, 1))
    one.until(14 * BAR)
    assert one.out.ons(1) and one.band.schedule.is_idle
    for said in one.heard(m.Accompaniment):
        msgspec.json.encode(said)


def test_notes_that_end_as_the_music_begins_anew_are_said_to_end(stage) -> None:
    one = stage(mode="answer", bars=1)
    one.plays(phrase(0, 1))
    one.until(1.5 * BAR)
    one.configure(meter="3/4")
    one.until(1.6 * BAR)
    told = [(note.on, note.midi) for note in one.heard(m.JamNote) if note.port == "jack"]
    assert told and sum(on for on, _ in told) == sum(not on for on, _ in told)


def test_jamds_own_notes_are_known_when_they_come_back(stage) -> None:
    one = stage(mode="answer", bars=1)
    one.plays(phrase(0, 1))
    one.until(2 * BAR)
    back = [event for event in sorted(one.out.events) if event[2][0] == "jack"]
    assert back
    for at, _, (_, channel, pitch), on in back:
        assert not one.band.is_own(channel + 1, pitch, on, at + 300)
        assert one.band.is_own(channel, pitch, on, at + 300), "a block later, as a loop gives it"
        assert not one.band.is_own(channel, pitch, on, at + 400), "but once"


def test_jamds_own_sound_is_not_answered(stage) -> None:
    one = stage(mode="answer", bars=1, hears="both")
    one.plays(phrase(0, 1))
    one.until(2 * BAR)
    at, pitch = one.out.ons(0)[-1]
    phrases = len(one.heard(m.Phrase))
    one.band.feed(
        m.NoteOn(sample_time=at + 900, known_at=at + 900, midi=pitch, name="", cents=0.0, velocity=80, f0_hz=1.0)
    )
    one.band.feed(m.NoteOff(sample_time=at + 9000, known_at=at + 9000, midi=pitch, name=""))
    one.until(6 * BAR)
    assert len(one.heard(m.Phrase)) == phrases
    assert len(one.heard(m.Answer)) == 1


def test_a_stream_that_begins_anew_goes_on_where_the_music_was(stage) -> None:
    one = stage(mode="answer", bars=2)
    one.plays(phrase(0, 2))
    one.until(2.5 * BAR)
    sent = one.band.end(one.now)
    assert all(not note.on for note in sent)
    assert one.band.schedule.is_idle
    one.band.begin(RATE)
    one.out.events.clear()
    one.now = 0
    one.plays(phrase(0, 2))
    one.until(8 * BAR)
    assert one.heard(m.Answer)[-1].tick % BAR == 0
    assert one.out.ons(0)


def test_who_plays_while_the_engine_is_away_is_not_answered_in_the_middle_of_a_phrase(stage) -> None:
    one = stage(mode="answer", bars=2)
    one.plays(phrase(0, 2))
    one.until(2.5 * BAR)
    one.band.end(one.now)
    one.now, one.said = 0, []
    one.plays([(0.0, 0.0, 60)])  # the clock stands still at the next stream's beginning
    one.until(1)
    one.band.begin(RATE)
    one.now = 0
    one.plays(phrase(24, 1))
    one.until(BAR)
    assert not one.heard(m.Answer)


def test_what_a_table_says_wrong_is_named_and_the_rest_plays(stage) -> None:
    one = stage(mode="answer")
    problems = one.configure(
        mode="duel", bars=0, metre="3/4", bass={"generator": "walkin", "channel": 17}, answer={"constraints": {"lo": 1}}
    )
    assert len(problems) == 6
    for says in ("mode", "bars", "'meter'", "walking, root", "1 to 16", "'low'"):
        assert [problem for problem in problems if says in problem], (says, problems)
    assert one.band.jam.mode == "answer"
    assert one.band.configure({"pulse": "fixed"}) == ["jam: a fixed pulse needs a tempo; give tempo_bpm"]


def test_numbers_and_names_of_any_size_are_named_and_left_out(stage) -> None:
    one = stage(mode="answer")
    for wrong, says in (
        ({"seed": 1 << 70}, "64 bits"),
        ({"answer": {"constraints": {"seed": 1 << 70}}}, "seed"),
        ({"meter": "\u00b2/4"}, "4/4"),
        ({"style": "x" * 5000}, "style"),
        ({"answer": {"generator": ["motif"]}}, "generator"),
        ({"answer": {"constraints": {"low": 120}}}, "above high"),
        ({"answer": {"constraints": {"closeness": float("nan")}}}, "closeness"),
        ({"tempo_bpm": float("nan"), "pulse": "played"}, "tempo_bpm"),
    ):
        (problem,) = one.band.configure(one.jam | wrong)
        assert says in problem and "\n" not in problem


class Beside:
    """A stage whose answers a generator of a test's is to make, in the process."""

    def __init__(self, stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
        monkeypatch.setitem(registry.GENERATORS["answer"], "neural", f"tests.generate.faulty:{kind}")
        monkeypatch.setattr(registry, "is_slow", lambda role, name: name == "neural")
        self.stage = stage(mode="answer", bars=1, answer={"generator": "neural"})

    def until(self, done: Callable[[], object], seconds: float = 30.0) -> None:
        """Let real time pass, in which the process works, while the music stands still."""
        ends_at = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < ends_at, self.stage.said
            self.stage.said += self.stage.band.turn(self.stage.now)
            time.sleep(0.005)

    def states(self) -> list[tuple[str, str]]:
        return [(one.name, one.state) for one in self.stage.heard(m.Generator)]


def test_the_networks_answer_is_played_when_it_is_there(stage, monkeypatch) -> None:
    beside = Beside(stage, monkeypatch, "Well")
    beside.until(lambda: ("answer:neural", "running") in beside.states())
    one = beside.stage
    one.plays(phrase(0, 1))
    one.until(0.9 * BAR)
    solo = one.band._solo
    assert solo is not None
    beside.until(solo.player.look)
    one.until(3 * BAR)
    (answer,) = one.heard(m.Answer)
    assert (answer.generator, answer.wanted, answer.late) == ("neural", "neural", False)
    assert one.heard(m.Deadlines)[-1].ready == {"answer:neural": 1}


def test_a_network_that_stalls_is_late_and_the_rule_plays(stage, monkeypatch) -> None:
    beside = Beside(stage, monkeypatch, "Stalls")
    beside.until(lambda: ("answer:neural", "running") in beside.states())
    one = beside.stage
    one.plays(phrase(0, 1))
    one.until(0.5 * BAR)
    stalled_at = time.monotonic() + 1.0
    beside.until(lambda: time.monotonic() > stalled_at)
    one.until(3 * BAR)
    (answer,) = one.heard(m.Answer)
    assert (answer.generator, answer.wanted, answer.late) == ("motif", "neural", True)
    assert answer.notes
    assert one.heard(m.Deadlines)[-1].late == {"answer:neural": 1}
    beside.until(lambda: ("", "hung") in beside.states())


def test_without_a_model_the_rule_plays_and_the_reason_is_said(stage, monkeypatch) -> None:
    beside = Beside(stage, monkeypatch, "Truncated")
    beside.until(lambda: ("answer:neural", "missing") in beside.states())
    one = beside.stage
    one.plays(phrase(0, 1))
    one.until(3 * BAR)
    (answer,) = one.heard(m.Answer)
    assert (answer.generator, answer.wanted, answer.late) == ("motif", "neural", False)
    assert "ends before its end" in next(said.error for said in one.heard(m.Generator) if said.state == "missing")
    assert next(part.plays for part in one.heard(m.Jam)[-1].parts if part.name == "answer") == "motif"


def test_a_network_is_asked_for_a_part_before_its_beat_is_decided(stage, monkeypatch) -> None:
    monkeypatch.setitem(registry.GENERATORS["chords"], "neural", "tests.generate.faulty:Well")
    monkeypatch.setattr(registry, "is_slow", lambda role, name: name == "neural")
    one = stage(mode="accompany", chords={"generator": "neural"})
    ends_at = time.monotonic() + 30.0
    while not one.band.worker.is_ready("chords", "neural"):
        assert time.monotonic() < ends_at, one.said
        one.said += one.band.turn(one.now)
        time.sleep(0.005)
    one.plays(phrase(0, 4))
    for tick in range(4, 4 * BAR, 4):
        one.until(tick)
        time.sleep(0.005)
    found = [said for said in one.heard(m.Accompaniment) if said.generators.get("chords") == "neural"]
    assert len(found) > 8
    assert not one.heard(m.Deadlines)[-1].late
