import pytest

from daemon.errors import UserError
from daemon.generate.context import Meter
from daemon.generate.listening.phrases import Phrases, boundaries
from daemon.generate.note import Played

TUNE = [(0, 24, 60), (24, 24, 62), (48, 12, 64), (60, 12, 65), (72, 24, 67)]


def play(phrases, tune=TUNE, later=0):
    closed = []
    for tick, duration, pitch in tune:
        closed.append(phrases.advance(tick + later))
        phrases.onset(tick + later, tick + later)
        closed.append(phrases.advance(tick + later + duration - 1, holding=True))
        phrases.note(Played(tick + later, duration, pitch, 80, 0), tick + later + duration)
    return [phrase for phrase in closed if phrase]


def test_a_beat_of_silence_closes():
    phrases = Phrases(Meter())
    assert not phrases.open and phrases.due() is None
    assert play(phrases) == []
    assert phrases.open and phrases.due() == 120
    assert phrases.advance(119.9) is None
    assert phrases.advance(150, holding=True) is None
    phrase = phrases.advance(120)
    assert [(n.tick, n.duration, n.pitch) for n in phrase.notes] == TUNE
    assert (phrase.tick, phrase.end, phrase.why) == (0, 96, "rest")
    assert phrases.last_tick == 0 and not phrases.open
    assert phrases.advance(1000) is None
    play(phrases, later=960)
    assert phrases.last_tick == 960


def test_a_rest_shorter_than_that_does_not():
    phrases = Phrases(Meter(), rest_beats=2)
    assert play(phrases) == [] and phrases.advance(96 + 47) is None
    assert play(phrases, later=143) == []
    assert len(phrases.advance(300).notes) == 10


def test_bar_lines_close_for_trading():
    phrases, closed = Phrases(Meter(), "bars", bars=2), []
    for bar in range(4):
        closed += play(phrases, later=96 * bar)
    assert [(p.tick, p.end, p.why, len(p.notes)) for p in closed] == [(0, 192, "bars", 10)]
    assert phrases.due() == 384
    assert phrases.advance(384).end == 384


def test_a_pickup_belongs_to_the_bar_after_it():
    phrases = Phrases(Meter(), "bars", bars=1)
    play(phrases, [(84, 12, 60), (96, 24, 62)])
    assert phrases.due() == 192


def test_what_sounds_across_the_line_is_cut_there():
    held = [Played(90, 40, 60, 80, 0), Played(97, 3, 61, 80, 0)]
    phrases = Phrases(Meter(), "bars", bars=1, sounding=lambda: held)
    play(phrases)
    phrase = phrases.advance(100, holding=True)
    assert phrase.notes[-1] == Played(90, 6, 60, 80, 0) and phrase.end == 96
    assert phrases.open  # with the note that began after the line


def test_pedal_and_cue():
    pedal = Phrases(Meter(), "pedal")
    play(pedal)
    assert pedal.advance(500) is None and pedal.due() is None
    assert pedal.pedal().why == "pedal"
    assert pedal.pedal() is None
    for closing in ("rest", "bars", "cue"):
        phrases = Phrases(Meter(), closing)
        play(phrases)
        assert phrases.pedal() is None
        assert phrases.cue().why == "cue"
        assert phrases.cue() is None


def test_a_drone_or_a_stuck_key_does_not_hold_it_open():
    phrases = Phrases(Meter())
    play(phrases)
    assert phrases.advance(72 + 191, holding=True) is None
    assert phrases.advance(72 + 192, holding=True).why == "still"


def test_a_long_one_is_split_where_it_breaks_most():
    phrases, closed = Phrases(Meter()), []
    gap = 11 * 96
    for bar in range(18):
        closed += play(phrases, later=96 * bar + (20 if 96 * bar >= gap else 0))
    assert [phrase.why for phrase in closed] == ["split"]
    assert closed[0].end == gap and phrases.open
    flurry = Phrases(Meter())
    for _ in range(600):
        flurry.onset(0, 0.0)
        flurry.note(Played(0, 1, 60, 80, 0), 0.0)
    assert len(flurry.advance(1).notes) == 600


def test_waiting_for_a_bar_line_costs_no_endless_memory():
    phrases = Phrases(Meter(), "bars")
    for i in range(5000):
        phrases.onset(i // 100, i / 100)
        phrases.note(Played(i // 100, 3, 60, 80, 0), i / 100)
    assert len(phrases.advance(384).notes) == 2048


def test_boundaries_are_strong_where_something_changes():
    notes = [Played(t, 12, p, 80, 0) for t, p in [(0, 60), (12, 62), (24, 60), (72, 72), (84, 74), (96, 72)]]
    strength = boundaries(notes)
    assert len(strength) == 5 and max(strength) == strength[2]
    assert all(0 <= s <= 2 for s in strength)
    assert boundaries(notes[:1]) == [] and boundaries([]) == []


@pytest.mark.parametrize(
    "options", [{"closing": "never"}, {"rest_beats": 0}, {"bars": 0}, {"rest_beats": float("nan")}]
)
def test_what_cannot_be_is_refused(options):
    with pytest.raises(UserError, match="phrase"):
        Phrases(Meter(), **options)
