"""The parts by themselves: tempi, keys, directions, levels, and where to mix."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.recommend.content import camelot, energy, harmony, heap, loudness, tempo, transition, words
from daemon.recommend.item import Profile

bpms = st.floats(40, 220, width=32)
f4 = np.float32


@settings(deadline=None)
@given(bpms, bpms)
def test_the_fader_brings_one_tempo_to_the_other(playing: float, candidate: float) -> None:
    percent, factor = tempo.fader(f4(playing), f4(candidate))
    assert factor in tempo.FACTORS
    assert candidate * factor * (1 + percent / 100) == pytest.approx(playing, rel=1e-5)
    others = [abs(playing / (candidate * other) - 1) * 100 for other in tempo.FACTORS]
    assert abs(percent) <= min(others) + 1e-3
    assert 0.0 <= tempo.match(f4(percent), f4(8.0)) <= 1.0


def test_halves_and_doubles_are_matches() -> None:
    assert tempo.fader(f4(174), f4(87)) == (0.0, 2.0)
    assert tempo.fader(f4(87), f4(174)) == (0.0, 0.5)
    assert tempo.match(f4(0), f4(8)) == 1.0
    assert tempo.match(f4(-8), f4(8)) == 0.5
    assert tempo.match(f4(16), f4(8)) == 0.0
    assert tempo.match(f4(0), f4(0)) == 1.0


def test_tempi_are_told_as_djs_tell_them() -> None:
    assert tempo.text(126.0, 128.0, 8.0) == "126.0 -> 128.0 BPM, fader -1.6 %"
    assert tempo.text(174.0, 87.0, 8.0) == "174.0 -> 87.0 BPM, half time, fader 0.0 %"
    assert tempo.text(87.0, 172.0, 8.0) == "87.0 -> 172.0 BPM, double time, fader +1.2 %"
    assert tempo.text(126.0, 140.0, 8.0) == "126.0 -> 140.0 BPM, fader -10.0 %, beyond its 8"


def test_names_on_the_wheel() -> None:
    a_minor, c_major, e_minor, f_sharp_minor = 21, 0, 16, 18
    assert [camelot.camelot(key) for key in (a_minor, c_major, e_minor, f_sharp_minor)] == ["8A", "8B", "9A", "11A"]
    assert [camelot.open_key(key) for key in (a_minor, c_major, e_minor)] == ["1m", "1d", "2m"]
    assert len({camelot.camelot(key) for key in range(24)}) == len({camelot.open_key(key) for key in range(24)}) == 24
    for text in ("8A", "08A", "8a", "1m", "Am", "A minor", "amin"):
        assert camelot.named(text) == a_minor
    assert camelot.named("Bb") == camelot.named("A#maj") == camelot.named("6B") == 10
    assert [camelot.named(text) for text in ("", "13A", "0d", "H", "Amx")] == [-1] * 5
    for key in range(24):
        assert camelot.named(camelot.camelot(key)) == camelot.named(camelot.open_key(key)) == key
        assert camelot.named(camelot.long_name(key)) == key


@given(st.integers(0, 23), st.integers(0, 23), st.integers(0, 23))
def test_the_wheel_is_a_distance(a: int, b: int, c: int) -> None:
    assert camelot.steps(a, b) == camelot.steps(b, a)
    assert (camelot.steps(a, b) == 0) == (a == b)
    assert camelot.steps(a, c) <= camelot.steps(a, b) + camelot.steps(b, c)
    assert camelot.steps(camelot.transposed(a, 5), camelot.transposed(b, 5)) == camelot.steps(a, b)


def test_keys_are_told_as_djs_tell_them() -> None:
    assert harmony.text(21, 16, 0, 0.0) == "8A -> 9A, one up the wheel"
    assert harmony.text(21, 14, 0, 0.0) == "8A -> 7A, one down the wheel"
    assert harmony.text(21, 0, 0, 0.0) == "8A -> 8B, relative major"
    assert harmony.text(0, 16, 0, 0.0) == "8B -> 9A, one up the wheel, to minor"
    assert harmony.text(0, 6, 0, 0.0) == "8B -> 2B, across the wheel"
    assert harmony.text(21, 20, 1, 5.95) == "8A -> 1A, 8A at fader +6.0 %, same key"


@settings(deadline=None)
@given(st.floats(-49, 50, width=32))
def test_the_fader_transposes_to_the_nearest_semitone(percent: float) -> None:
    exact = 12 * math.log2(1 + percent / 100)
    assert abs(harmony.semitones(f4(percent)) - exact) <= 0.5 + 1e-4
    assert harmony.semitones(f4(6.0)) == 1
    assert harmony.semitones(f4(-6.0)) == -1
    assert harmony.semitones(f4(2.0)) == 0


def test_energy_and_level() -> None:
    assert energy.wanted(0.95, "up") == 1.0
    assert energy.match(f4(0.7), f4(0.7)) == 1.0
    assert energy.match(f4(0.2), f4(0.7)) == 0.0
    assert energy.text(0.62, 0.70) == "energy 0.62 -> 0.70, up"
    assert energy.text(0.62, 0.61) == "energy 0.62 -> 0.61, held"
    assert energy.text(0.62, 0.40) == "energy 0.62 -> 0.40, down"
    assert loudness.match(f4(-9), f4(-12)) == pytest.approx(0.75)
    assert loudness.text(-9.0, -7.5) == "-9.0 -> -7.5 LUFS, 1.5 LU louder"
    assert loudness.text(-9.0, -12.0) == "-9.0 -> -12.0 LUFS, 3.0 LU softer"
    assert loudness.text(-9.0, -9.2) == "-9.0 -> -9.2 LUFS, as loud"
    assert words.text(["techno", "artist ada"]) == "shares techno, artist ada with the set"


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 20))
def test_the_heap_keeps_the_best(values: list[int], k: int) -> None:
    scores, rows, n = np.empty(k, np.float32), np.empty(k, np.int64), 0
    for row, value in enumerate(values):
        if n < k or value > scores[0]:
            n = heap.push(scores, rows, n, np.float32(value), row)
    kept = sorted(rows[:n].tolist())
    assert kept == sorted(sorted(range(len(values)), key=lambda row: (-values[row], row))[:k])


PLAYING = Profile(tempo_bpm=120.0, duration_s=300.5, first_beat_s=0.5, outro_beats=64)  # 600 beats, the outro from 536
NEXT = Profile(tempo_bpm=125.0, first_beat_s=0.25, intro_beats=64)


def test_a_mix_lies_on_phrases_of_both() -> None:
    mix = transition.plan(PLAYING, NEXT, 8.0)
    assert mix is not None
    assert (mix.beats, mix.bars, mix.value) == (32, 8, 1.0)
    assert mix.out_s == pytest.approx(0.5 + 536 * 0.5)
    assert mix.in_s == pytest.approx(0.25 + 32 * 60 / 125)  # so that the intro ends where the overlap does
    assert mix.text == "mix out at 4:29, in at 0:16: 32 beats (8 bars), fader -4.0 %"


counts = st.integers(0, 100)


@given(counts, counts, st.floats(60, 190), st.floats(60, 190), st.floats(0, 2))
def test_a_mix_fits_both_items(outro: int, intro: int, bpm: float, next_bpm: float, first: float) -> None:
    playing = Profile(tempo_bpm=bpm, duration_s=240.0, first_beat_s=first, outro_beats=outro)
    following = Profile(tempo_bpm=next_bpm, first_beat_s=first, intro_beats=intro)
    mix = transition.plan(playing, following, 8.0)
    if mix is None:
        return
    assert mix.beats in transition.PHRASES and 0 < mix.value <= 1
    beat = (mix.out_s - first) * bpm / 60
    assert beat == pytest.approx(round(beat / 8) * 8, abs=1e-3)
    n_beats = int((240.0 - first) * bpm / 60 + 1e-6)
    assert n_beats - outro - 1e-3 <= beat <= n_beats - mix.beats + 1e-3
    into = (mix.in_s - first) * next_bpm * mix.factor / 60
    assert into == pytest.approx(round(into / 8) * 8, abs=1e-3)
    assert -1e-3 <= into <= intro * mix.factor - mix.beats + 1e-3
    assert abs(next_bpm * mix.factor * (1 + mix.fader_percent / 100) - bpm) < 1e-3


def test_no_mix_where_it_cannot_be() -> None:
    def change(profile: Profile, **more: float | None) -> Profile:
        return Profile(**{name: getattr(profile, name) for name in profile.__struct_fields__} | more)

    assert transition.plan(PLAYING, change(NEXT, tempo_bpm=140.0), 8.0) is None
    assert transition.plan(PLAYING, change(NEXT, intro_beats=7), 8.0) is None
    assert transition.plan(PLAYING, change(NEXT, intro_beats=None), 8.0) is None
    assert transition.plan(change(PLAYING, outro_beats=None), NEXT, 8.0) is None
    assert transition.plan(Profile(), Profile(), 8.0) is None
    short = transition.plan(PLAYING, change(NEXT, intro_beats=17), 8.0)
    assert short is not None and short.beats == 16 and short.value == 0.5
    half = transition.plan(PLAYING, change(NEXT, tempo_bpm=60.0, intro_beats=16), 8.0)
    assert half is not None and half.beats == 32 and half.factor == 2.0


def test_cues_stand_for_outro_and_intro() -> None:
    bare, following = Profile(tempo_bpm=120.0, duration_s=300.0, first_beat_s=0.0), Profile(tempo_bpm=120.0)
    mix = transition.plan(bare, following, 8.0, out_cues=[10.0, 280.0, 299.0], in_cues=[30.0, 8.0])
    assert mix is not None
    assert (mix.out_s, mix.in_s, mix.beats) == (280.0, 8.0, 32)
