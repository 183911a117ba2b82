"""The schedule: each note leaves on its sample as the tempo is then, and every note-on has its note-off in the end."""

import bisect

import hypothesis.strategies as st
from hypothesis import given, settings

from daemon.generate.context import Meter
from daemon.generate.live.humanise import Timed, humanise, swung
from daemon.generate.live.schedule import AHEAD_S, Schedule
from daemon.generate.note import BASS, MELODY, Note
from tests.generate.stage import RATE, TURN, Receiver


class Tempo:
    """Ticks to samples by corners (tick, sample); beyond the last at its slope."""

    def __init__(self, bpm: float) -> None:
        self.corners = [(0.0, 0.0)]
        self.per_tick = RATE * 60.0 / bpm / 24

    def change(self, now: int, bpm: float) -> None:
        tick, sample = self.corners[-1]
        self.corners.append((tick + (now - sample) / self.per_tick, now))
        self.per_tick = RATE * 60.0 / bpm / 24

    def sample_at(self, tick: float) -> int:
        k = bisect.bisect([corner[0] for corner in self.corners], tick) - 1
        if 0 <= k < len(self.corners) - 1:
            (a, x), (b, y) = self.corners[k], self.corners[k + 1]
            return round(x + (y - x) * (tick - a) / (b - a))
        tick0, sample0 = self.corners[-1]
        return round(sample0 + (tick - tick0) * self.per_tick)


def played(schedule: Schedule, until: int, start: int = 0) -> None:
    for now in range(start, until, TURN):
        schedule.turn(now)


def test_notes_leave_on_their_samples_a_moment_before() -> None:
    tempo, out = Tempo(120.0), Receiver()
    schedule = Schedule(out, tempo.sample_at)
    schedule.add([Timed(24, 36, 60, 90, MELODY), Timed(48, 60, 62, 90, MELODY)], 3, ["jack", "synth"])
    played(schedule, 24000 - round(AHEAD_S * RATE) - TURN)
    assert not out.events
    played(schedule, 3 * RATE)
    assert [(at, on) for at, on in out.voices()["synth", 3, 60]] == [(24000, True), (36000, False)]
    assert [(at, on) for at, on in out.voices()["jack", 3, 62]] == [(48000, True), (60000, False)]
    assert schedule.is_idle


def test_a_change_of_tempo_is_followed_by_what_is_scheduled_already() -> None:
    tempo, out = Tempo(120.0), Receiver()
    schedule = Schedule(out, tempo.sample_at)
    schedule.add([Timed(96, 192, 60, 90, MELODY)], 0, ["jack"])
    played(schedule, RATE)
    tempo.change(RATE, 60.0)  # at tick 48
    played(schedule, 3 * RATE, RATE)
    tempo.change(3 * RATE, 240.0)  # at tick 96
    played(schedule, 6 * RATE, 3 * RATE)
    assert out.voices()["jack", 0, 60] == [(3 * RATE, True), (4 * RATE, False)]


def test_what_is_struck_again_while_it_sounds_ends_first() -> None:
    out = Receiver()
    schedule = Schedule(out, Tempo(120.0).sample_at)
    schedule.add(
        [Timed(0, 96, 60, 90, MELODY), Timed(24, 48, 60, 90, BASS), Timed(48, 49, 60, 90, MELODY)], 0, ["jack"]
    )
    played(schedule, 4 * RATE)
    told = out.voices()["jack", 0, 60]
    assert [at for at, on in told if on] == [0, 24000, 48000]
    assert [at for at, on in told if not on] == [24000, 48000, 49000]


def test_what_is_retracted_does_not_sound_and_what_sounds_ends() -> None:
    out = Receiver()
    schedule = Schedule(out, Tempo(120.0).sample_at)
    schedule.add([Timed(tick, tick + 96, 60 + tick // 24, 90, MELODY) for tick in range(0, 192, 24)], 0, ["jack"])
    schedule.add([Timed(0, 190, 40, 90, BASS)], 1, ["jack"])
    played(schedule, RATE)
    schedule.retract([MELODY], 50)
    played(schedule, 5 * RATE, RATE)
    out.check()
    melody = {voice[2]: told for voice, told in out.voices().items() if voice[1] == 0}
    assert set(melody) == {60, 61, 62}
    assert {told[-1][0] for told in melody.values()} == {50 * 1000}
    assert out.voices()["jack", 1, 40][-1] == (190 * 1000, False)


def test_what_comes_far_too_late_is_left_out() -> None:
    out = Receiver()
    schedule = Schedule(out, Tempo(120.0).sample_at)
    schedule.add([Timed(24, 48, 60, 90, MELODY), Timed(96, 120, 62, 90, MELODY)], 0, ["jack"])
    played(schedule, 4 * RATE, 40_000)  # the main thread was away
    assert schedule.left_out == 1
    assert [voice[2] for voice in out.voices()] == [62]


def test_a_panic_leaves_nothing_and_tells_the_ports() -> None:
    out = Receiver()
    schedule = Schedule(out, Tempo(120.0).sample_at)
    schedule.add([Timed(0, 960, 60, 90, MELODY), Timed(48, 960, 62, 90, MELODY)], 0, ["jack"])
    played(schedule, RATE // 2)
    sent = schedule.panic(RATE // 2)
    assert out.panics == ["jack"]
    assert [(one.pitch, one.on) for one in sent] == [(60, False)]
    assert schedule.is_idle


NOTES = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 120), st.integers(60, 63), st.sampled_from([MELODY, BASS])),
    max_size=40,
)
ACTS = st.lists(
    st.tuples(st.sampled_from(["tempo", "retract", "cut", "close", "open"]), st.integers(20, 300)), max_size=8
)


@settings(max_examples=200, deadline=None)
@given(NOTES, ACTS, st.floats(30.0, 300.0), st.floats(0.0, 0.05))
def test_every_note_on_has_its_note_off(notes, acts, bpm: float, timing_s: float) -> None:
    tempo, out = Tempo(bpm), Receiver()
    schedule = Schedule(out, tempo.sample_at)
    made = [Note(tick, duration, pitch, 80, part) for tick, duration, pitch, part in notes]
    schedule.add(humanise(made, Meter(), 0.6, timing_s, 1), 0, ["jack", "synth"])
    now = 0
    for act, value in acts:
        played(schedule, now + RATE // 4, now)
        now += RATE // 4
        if act == "tempo":
            tempo.change(now, value)
        elif act == "close":
            out.closed.add("synth")
        elif act == "open":
            out.closed.clear()
        else:
            getattr(schedule, act)([MELODY], value)
    while not schedule.is_idle:
        schedule.turn(now)
        now += TURN
    out.check()


def test_swing_moves_the_second_eighth_and_leaves_beats_and_triplets() -> None:
    assert [swung(tick, Meter(), 0.75) for tick in (0, 6, 8, 12, 16, 18, 24)] == [0, 9, 8, 18, 16, 21, 24]
    assert [swung(tick, Meter(6, 8), 0.75) for tick in (0, 12, 24)] == [0, 12, 24]


def test_the_hand_is_seeded_and_exact_on_bar_lines() -> None:
    notes = [Note(tick, 12, 60) for tick in range(0, 192, 12)]
    one, other = (humanise(notes, Meter(), 0.5, 0.01, seed) for seed in (1, 2))
    assert one == humanise(notes, Meter(), 0.5, 0.01, 1)
    assert [note.late_s for note in one] != [note.late_s for note in other]
    assert all(abs(note.late_s) <= 0.02 for note in one)
    assert [note.late_s for note in one if note.tick % 96 == 0] == [0.0, 0.0]
