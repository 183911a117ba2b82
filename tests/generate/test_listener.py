import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon import messages as m
from daemon.generate.context import ChordSpan, Context, Meter
from daemon.generate.listening.listener import HEARD, Listener
from daemon.generate.listening.pulse import Pulse
from daemon.generate.note import DRUMS, Note
from dsp.harmony import CHORD_QUALITIES

RATE = 48000
TICK = RATE / 48  # samples, at 120

TUNE = [(0, 24, 60), (24, 24, 62), (48, 12, 64), (60, 12, 65), (72, 24, 67)]
"""Start and duration in ticks, pitch."""


def fixed(meter=None):
    return Pulse(RATE, "fixed", 120, meter)


def note(at, pitch, velocity, on=True, channel=0):
    at = round(at)
    return m.MidiNote(
        rate=RATE, sample_time=at, known_at=at, port="keys", channel=channel, midi=pitch, velocity=velocity, on=on
    )


def control(at, number, value):
    at = round(at)
    return m.MidiControl(rate=RATE, sample_time=at, known_at=at, port="keys", channel=0, control=number, value=value)


def harmony(at, notes, chord, key="", sure=0.0, bass=-1):
    at = round(at)
    return m.MidiHarmony(
        rate=RATE, sample_time=at, known_at=at, notes=notes, chord=chord, key=key, key_confidence=sure, bass=bass
    )


def played(tune, later=0, velocity=80, channel=0, tick=TICK):
    """Messages of a tune, each note 2 ticks short, in order of time."""
    events = []
    for start, duration, pitch in tune:
        events.append(((later + start) * tick, 1, pitch))
        events.append(((later + start + duration - 2) * tick, 0, pitch))
    return [note(at, pitch, velocity * on, bool(on), channel) for at, on, pitch in sorted(events)]


def hear(listener, messages):
    return [phrase for message in messages for phrase in listener.feed(message)]


def test_what_is_played_becomes_notes_and_a_phrase():
    listener = Listener(fixed())
    assert hear(listener, played(TUNE)) == []
    assert listener.due() == pytest.approx(94 + 24)
    assert listener.advance(round(117 * TICK)) == []
    (phrase,) = listener.advance(round(119 * TICK))
    assert [(n.tick, n.duration, n.pitch) for n in phrase.notes] == TUNE
    assert all(n.longer == pytest.approx(-2, abs=0.01) and n.late == pytest.approx(0, abs=0.01) for n in phrase.notes)
    assert phrase.why == "rest" and listener.newly_heard() == list(phrase.notes) and listener.newly_heard() == []


def test_the_context_says_all_that_is_documented():
    listener = Listener(fixed(Meter(4, 4)))
    for bar in range(4):
        hear(listener, played(TUNE, later=96 * bar, velocity=60 + 10 * bar))
    hear(listener, played(TUNE, later=96 * 6, velocity=100))
    context = listener.context(96 * 7, own=(Note(0, 24, 60),))
    assert context.tick == 672 and len(context.heard) == 25 and context.own == (Note(0, 24, 60),)
    assert context.heard[context.phrase].tick == 576
    assert (context.tonic, context.mode) == (0, 0) and context.key_confidence > 0.1
    assert context.meter == Meter() and context.tempo_bpm == pytest.approx(120) and context.swing == 0.5
    assert context.density == pytest.approx(10 / 16)  # two bars played of the last four
    assert (context.low, context.high) == (60, 67)
    assert context.velocity == pytest.approx(95)
    assert context.energy > 0.5
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(context), type=Context) == context


def test_nothing_heard_gives_what_is_usual():
    listener = Listener(Pulse(RATE))
    assert listener.context(0) == Context(tick=0, tempo_bpm=120.0)
    assert listener.advance(10**7) == [] and listener.cue() == [] and listener.due() is None


def test_a_phrase_begins_anew_after_it_closed():
    listener = Listener(fixed())
    hear(listener, played(TUNE))
    listener.advance(round(150 * TICK))
    assert listener.context(192).phrase == 0
    hear(listener, played(TUNE, later=192)[:3])
    context = listener.context(192 + 30)
    assert context.heard[context.phrase].tick == 192


def test_a_note_that_sounds_is_already_heard():
    listener = Listener(fixed())
    hear(listener, [note(0, 60, 80)])
    listener.advance(round(48 * TICK))
    assert listener.context(96).heard[0][:3] == (0, 48, 60)
    assert listener.due() is None  # while it is held


def test_energy_follows_how_hard_one_plays():
    chance = random.Random(1)
    listener = Listener(fixed())
    for bar in range(16):
        loud = 40 if bar < 12 else 115
        step = 24 if bar < 12 else 6
        hear(listener, played([(t, step, 60 + chance.randrange(12)) for t in range(0, 96, step)], 96 * bar, loud))
        if bar == 11:
            calm = listener.context(96 * 12)
    wild = listener.context(96 * 16)
    assert calm.energy < 0.5 and wild.energy > 0.8
    assert wild.density > calm.density and wild.velocity > calm.velocity


def test_drums_move_the_pulse_and_are_no_melody():
    listener = Listener(Pulse(RATE, tempo_bpm=112))
    hear(listener, played([(beat * 24, 12, 36) for beat in range(16)], channel=9))
    assert listener.pulse.tempo_bpm == pytest.approx(120, rel=0.02)
    assert listener.context(400).heard == ()
    other = Listener(fixed(), part=DRUMS)
    hear(other, played(TUNE))
    assert {n.part for n in other.context(96).heard} == {DRUMS}


def test_what_is_played_before_the_beat_is_known_is_not_lost():
    listener = Listener(Pulse(RATE))
    tick = RATE / 40  # 100 a minute
    phrases = hear(listener, [x for bar in range(4) for x in played(TUNE, 96 * bar, tick=tick)])
    phrases += listener.advance(round(500 * tick))
    assert [(n.tick, n.pitch) for p in phrases for n in p.notes] == [
        (96 * bar + start, pitch) for bar in range(4) for start, _, pitch in TUNE
    ]
    assert listener.context(480).tempo_bpm == pytest.approx(100, rel=0.01)


def test_notes_of_the_sound_are_notes():
    listener, phrases = Listener(fixed()), []
    for start, duration, pitch in TUNE:
        for kind, at in ((m.NoteOn, start), (m.NoteOff, start + duration - 2)):
            fields = {"cents": 0.0, "velocity": 70, "f0_hz": 440.0} if kind is m.NoteOn else {}
            when = {"sample_time": round(at * TICK), "known_at": round(at * TICK) + 1500, "rate": RATE}
            phrases += listener.feed(kind(**when, midi=pitch, name="", **fields))
    phrases += listener.advance(round(130 * TICK))
    assert [(n.tick, n.duration, n.pitch) for n in phrases[0].notes] == TUNE


def test_the_bar_line_pedal_and_a_cue_close():
    bars = Listener(fixed(), "bars", bars=1)
    closed = hear(bars, played(TUNE) + played(TUNE, 96))
    assert [(p.tick, p.end, len(p.notes)) for p in closed] == [(0, 96, 5)]
    pedal = Listener(fixed(), "pedal")
    hear(pedal, [control(0, 64, 127), *played(TUNE)])
    assert [p.why for p in pedal.feed(control(100 * TICK, 64, 0))] == ["pedal"]
    assert pedal.feed(control(101 * TICK, 64, 0)) == []
    hear(pedal, played(TUNE, 192))
    assert [p.why for p in pedal.feed(control(300 * TICK, 67, 100))] == ["pedal"]
    cue = Listener(fixed(), "cue")
    hear(cue, played(TUNE))
    assert cue.advance(10**7) == []
    assert [p.why for p in cue.cue()] == ["cue"]


def test_chords_held_on_midi_lie_on_the_grid_and_lead():
    listener = Listener(fixed())
    major, minor = CHORD_QUALITIES.index("maj"), CHORD_QUALITIES.index("min")
    listener.feed(note(0, 48, 80))
    hear(
        listener,
        [
            harmony(0, [48], "N"),
            harmony(300, [48, 52], "N"),
            harmony(700, [48, 52, 55], "C:maj"),
            harmony(94 * TICK, [], "N"),
            harmony(97 * TICK, [45, 48, 52], "A:min", "A minor", 0.7, 9),
            m.Chord(
                sample_time=round(100 * TICK), known_at=round(100 * TICK), name="G:7", root=7, bass=7, confidence=1
            ),
        ],
    )
    context = listener.context(192)
    assert context.chords == (ChordSpan(0, 0, major), ChordSpan(96, 9, minor))
    assert (context.tonic, context.mode, context.key_confidence) == (9, 1, 0.7)
    listener.feed(harmony(150 * TICK, [], "N"))
    assert listener.context(192).chord_at(200).root == 9
    assert listener.context(480).chord_at(480) is None  # let go long before


def test_chords_and_key_of_the_sound_count_where_none_is_held():
    listener = Listener(fixed())
    listener.feed(note(0, 60, 80))
    for beat, name in enumerate(["C:maj", "G:7", "G:7", "N"]):
        at = round(beat * 48 * TICK)
        listener.feed(m.Chord(sample_time=at, known_at=at, name=name, root=0, bass=-1, confidence=0.5))
    listener.feed(m.Key(sample_time=at, known_at=at, name="Eb minor", tonic=3, mode="minor", confidence=0.4))
    context = listener.context(200)
    assert [(span.tick, span.name) for span in context.chords] == [(0, "C:maj"), (48, "G:7"), (144, "N")]
    assert (context.tonic, context.mode, context.key_confidence) == (3, 1, 0.4)


def test_a_new_stream_of_the_engine_goes_on():
    listener = Listener(fixed())
    hear(listener, played(TUNE))
    listener.advance(round(96 * TICK))
    listener.begin(44100)
    hear(listener, played(TUNE, tick=44100 / 48))
    phrases = listener.advance(44100 * 20)
    assert [(n.tick, n.pitch) for n in phrases[0].notes] == [
        (96 * bar + start, pitch) for bar in range(2) for start, _, pitch in TUNE
    ]


def test_a_lost_note_off_ends_nothing():
    listener = Listener(fixed())
    hear(listener, [note(0, 40, 80), *played(TUNE)])
    assert [p.why for p in listener.advance(round(300 * TICK))] == ["still"]
    listener.advance(round(3000 * TICK))
    stuck = next(n for n in listener.context(3000).heard if n.pitch == 40)
    assert stuck.duration == 8 * 96


def test_junk_is_not_music():
    listener = Listener(fixed())
    hear(listener, [note(0, 60, 0, on=False), note(10, 60, 80), note(24 * TICK, 60, 90), note(48 * TICK, 60, 0)])
    hear(listener, [note(50 * TICK, 60, 0, on=False), control(50 * TICK, 123, 0), harmony(0, [1, 2, 3], "H:weird")])
    listener.feed(m.Level(peak=1.0, rms=1.0, momentary_lufs=0.0, short_term_lufs=0.0))
    assert [n[:3] for n in listener.context(96).heard] == [(0, 24, 60), (24, 24, 60)]
    assert listener.context(96).chords == ()


def test_all_keys_at_once_and_ten_thousand_a_second():
    listener = Listener(Pulse(RATE, tempo_bpm=120))
    hear(listener, [note(0, pitch, 127, channel=channel) for channel in range(16) for pitch in range(128)])
    context = listener.context(96)
    assert len(context.heard) == HEARD and {n.tick for n in context.heard} == {0}
    phrases = hear(listener, [control(100, 123, 0)])
    for i in range(20000):
        phrases += listener.feed(note(5000 + i // 2 * 4.8, 40 + i % 60, 100, on=i % 3 < 2))
    phrases += listener.advance(10**7)
    assert len(listener.context(2000).heard) == HEARD
    assert max(len(phrase.notes) for phrase in phrases) < 3000


EVENTS = some.lists(
    some.tuples(
        some.sampled_from(
            ["on", "on", "off", "control", "harmony", "sound_on", "sound_off", "chord", "key", "beat", "cue"]
        ),
        some.one_of(some.just(0), some.integers(0, 2000), some.integers(0, 5 * RATE)),
        some.integers(0, 127),
        some.integers(0, 127),
    ),
    max_size=150,
)


def message(kind, at, a, b):
    when = {"rate": RATE, "sample_time": at, "known_at": at}
    return {
        "on": lambda: note(at, a, b, channel=b % 16),
        "off": lambda: note(at, a, 0, on=False, channel=b % 16),
        "control": lambda: control(at, [64, 66, 67, 120, 121, 123, a][a % 7], b),
        "harmony": lambda: harmony(at, list(range(b % 5)), ["N", "C:maj", "", "A:min"][a % 4], ["", "C major"][b % 2]),
        "sound_on": lambda: m.NoteOn(**when, midi=a, name="", cents=0.0, velocity=max(b, 1), f0_hz=1.0),
        "sound_off": lambda: m.NoteOff(**when, midi=a, name=""),
        "chord": lambda: m.Chord(**when, name=["N", "D:7", "F#:dim", "?"][a % 4], root=-1, bass=-1, confidence=0.1),
        "key": lambda: m.Key(**when, name="A minor", tonic=9, mode="minor", confidence=b / 127),
        "beat": lambda: m.Beat(
            **(when | {"sample_time": at + 5000}), tempo_bpm=20.0 + 3 * a, confidence=0.5, position=b % 6
        ),
    }[kind]()


@settings(max_examples=80, deadline=None)
@given(
    events=EVENTS,
    source=some.sampled_from(["fixed", "played", "heard"]),
    closing=some.sampled_from(["rest", "bars", "pedal", "cue"]),
    meter=some.sampled_from([Meter(), Meter(3, 4), Meter(6, 8), Meter(7, 8)]),
)
def test_whatever_comes_in_sense_comes_out(events, source, closing, meter):
    listener = Listener(Pulse(RATE, source, 120.0 if source == "fixed" else None, meter), closing)
    at, phrases, ons = 0, [], 0
    for kind, step, a, b in events:
        at += step
        if kind == "cue":
            phrases += listener.cue()
            continue
        ons += kind in ("on", "sound_on")
        phrases += listener.feed(message(kind, at, a, b))
        context = listener.context(listener.pulse.next_downbeat(listener.pulse.tick_at(at)))
        assert 0 <= context.phrase <= max(len(context.heard) - 1, 0)
    phrases += listener.advance(at + 60 * RATE)
    phrases += listener.cue()
    context = listener.context(listener.pulse.next_downbeat(listener.pulse.tick_at(at)))
    assert sum(len(phrase.notes) for phrase in phrases) <= ons
    for phrase in phrases:
        assert phrase.notes and phrase.tick == phrase.notes[0].tick
        assert all(phrase.tick <= n.tick < n.end <= phrase.end for n in phrase.notes)
    for heard in context.heard:
        assert heard.duration >= 1 and 0 <= heard.pitch <= 127 and 1 <= heard.velocity <= 127
    assert list(context.heard) == sorted(context.heard)
    assert all(a.tick < b.tick for a, b in zip(context.chords, context.chords[1:], strict=False))
    assert 0.0 <= context.energy <= 1.0 and 0.0 <= context.key_confidence <= 1.0
    assert context.density >= 0 and context.low <= context.high and 0.5 <= context.swing < 0.75
