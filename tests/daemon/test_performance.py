import time
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
import soxr

from daemon import registry, scores
from daemon.engine import offline
from daemon.heard import of as heard_of
from daemon.inputs import performance
from daemon.inputs.caller import Caller
from daemon.inputs.performance import Performance, score, time_s
from dsp.hop import HOP

LOOP_S = time_s(2 * 4 * 16)  # both keys


def rendered(rate, seconds, block=4096):
    return np.concatenate(list(Performance(seconds).blocks(rate, block)), axis=1)


@pytest.fixture(scope="module")
def loop():
    return rendered(44100, LOOP_S)


def test_it_is_stereo_of_the_length_asked_for_and_never_clips(loop):
    assert loop.dtype == np.float32
    assert loop.shape == (2, round(LOOP_S * 44100))
    assert 0.5 < np.abs(loop).max() < 0.9
    assert -22 < 20 * np.log10(np.sqrt(np.mean(loop**2))) < -12
    assert not np.array_equal(loop[0], loop[1])


def test_the_same_samples_every_time_and_for_every_block_size():
    whole = rendered(48000, 3.0)
    for block in (16, 441, 1 << 18):
        assert np.array_equal(rendered(48000, 3.0, block), whole)


def test_the_same_sound_at_every_rate():
    low, high = rendered(44100, 4.0), rendered(96000, 4.0)
    down = soxr.resample(high.T, 96000, 44100, quality="VHQ").T[:, : low.shape[1]]
    error = low[:, : down.shape[1]] - down
    assert np.sqrt(np.mean(error**2)) < 0.05 * np.sqrt(np.mean(low**2))  # notes begin on whole samples


def test_without_an_end_it_goes_on_and_begins_again(loop):
    blocks = Performance().blocks(44100, 44100)
    sound = np.concatenate([next(blocks) for _ in range(int(LOOP_S) + 5)], axis=1)
    assert np.array_equal(sound[:, : 44100 * int(LOOP_S)], loop[:, : 44100 * int(LOOP_S)])
    again = round((LOOP_S - time_s(0)) * 44100) + np.arange(44100 * 3, 44100 * 4)
    assert np.corrcoef(sound[0, again], loop[0, 44100 * 3 : 44100 * 4])[0, 1] > 0.9


def test_it_costs_a_small_part_of_real_time():
    list(Performance(1.0).blocks(96000))
    started = time.process_time()
    list(Performance(20.0).blocks(96000))
    assert time.process_time() - started < 4.0


@pytest.mark.parametrize(("voice", "least"), [("piano", 0.05), ("lead", 0.05), ("bass", 0.04), ("kick", 0.03)])
def test_every_voice_is_clearly_there(monkeypatch, voice, least):
    monkeypatch.setattr(performance, "MIX", {k: (v[0] * (k == voice), v[1]) for k, v in performance.MIX.items()})
    assert np.sqrt(np.mean(rendered(44100, 10.0) ** 2)) > least


def test_the_score_is_a_consistent_annotation():
    found = score(LOOP_S + 1.0)
    assert found["tempo"] == 112.0
    assert np.diff(found["beats"]) == pytest.approx(60 / 112.0)
    assert found["downbeats"] == found["beats"][::4]
    assert set(found["beats"]) <= set(found["onsets"])
    assert [label for *_, label in found["keys"]] == ["C major", "Eb major", "C major"]
    for spans in (found["chords"], found["keys"]):
        assert all(a[1] == b[0] for a, b in pairwise(spans))
        assert spans[-1][1] == LOOP_S + 1.0
    assert found["chords"][:3] == [[0.0, 0.1, "N"], [0.1, time_s(4), "C:maj"], [time_s(4), time_s(8), "A:min"]]
    assert all(start < end for start, end, _ in found["notes"])


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.1, 0.11, 7.3])
def test_the_score_ends_where_it_is_told(seconds):
    found = score(seconds)
    assert all(t < seconds for name in ("onsets", "beats", "downbeats") for t in found[name])
    assert all(end <= seconds for name in ("notes", "chords", "keys") for _, end, _ in found[name])


def test_sound_rises_at_the_scores_onsets_and_is_silent_before_the_first(loop):
    energy = np.mean(loop**2, axis=0)
    assert energy[: round(0.1 * 44100)].max() == 0.0
    highs = np.abs(np.diff(loop.mean(axis=0), n=2))  # where every attack has its click
    for onset in score(LOOP_S)["onsets"]:
        at = round(onset * 44100)
        assert highs[at : at + 1000].sum() > 1.2 * highs[at - 1000 : at].sum()


def test_the_sound_holds_the_notes_of_the_score(loop):
    for start, end, label in score(LOOP_S)["chords"][1:]:
        frame = loop.mean(axis=0)[round(start * 44100) : round(end * 44100)]
        spectrum = np.abs(np.fft.rfft(frame * np.hanning(frame.size)))
        hz = np.fft.rfftfreq(frame.size, 1 / 44100)
        band = (hz > 190) & (hz < 405)  # the octave of the piano's chords
        chroma = np.bincount(np.round(12 * np.log2(hz[band] / 440) + 69).astype(int) % 12, spectrum[band], 12)
        root, quality = label.split(":")
        chord = [(performance.PITCH_CLASSES.index(root) + step) % 12 for step in performance.INTERVALS[quality]]
        assert chroma[chord].sum() > 0.55 * chroma.sum()  # by chance: a quarter to a third


@pytest.fixture(scope="module")
def heard():
    """What the engine hears of the first 34 s, which are in one key: (score, events, hops)."""
    names = [next(iter(names.values())) for names in registry.ANALYSERS.values()]
    analysers = [import_module(name) for name in names if find_spec(name)]
    seconds = time_s(4 * 16)
    found = list(offline.analyse([rendered(48000, seconds)], 48000, 2, analysers))
    return score(seconds), np.concatenate([f.events for f in found]), np.concatenate([f.hops for f in found])


@pytest.mark.parametrize(
    ("analysis", "figure", "least"),
    [
        ("onset", "f50", 0.95),
        ("beat", "f", 0.9),
        ("beat", "acc1", 1.0),
        ("chord", "majmin", 0.6),
        ("key", "weighted", 1),
    ],
)
def test_the_engine_hears_what_is_played(heard, analysis, figure, least):
    pytest.importorskip(f"dsp.analysers.{analysis}")
    truth, events, hops = heard
    assert scores.of(analysis, truth, heard_of(analysis, events, hops, 48000))[figure] >= least


def test_the_engine_hears_it_at_a_healthy_level(heard):
    loudness = heard[2]["short_term_lufs"][3 * 48000 // HOP :]
    assert -20 < loudness.min() <= loudness.max() < -10


def test_where_it_leaves_room_the_melody_pauses_and_the_rest_goes_on():
    whole, left = (np.concatenate(list(Performance(18.0, room).blocks(48000)), axis=1) for room in (False, True))
    bar = 4 * 60 / performance.TEMPO_BPM
    for k in range(8):
        start = round((time_s(0) + (k + 0.15) * bar) * 48000)
        part = slice(start, start + round(0.8 * bar * 48000))
        assert (np.abs(whole[:, part] - left[:, part]).max() > 0.05) == (k % 4 >= 2), k
        assert np.abs(left[:, part]).max() > 0.1


@pytest.mark.parametrize("step", [256, 4801])
def test_what_the_soloist_plays_comes_as_midi_when_it_sounds(step):
    caller, said = Caller(), []
    for now in range(0, 40 * 48000, step):
        said += (new := caller.turn(now, 48000))
        assert all(now - step < message.sample_time <= now == message.known_at for message in new)
    ons = [(one.sample_time, one.midi) for one in said if one.on]
    wanted = [
        (round(start * 48000), midi)
        for start, _, midi in score(40.0)["notes"]
        if midi >= 67 and int((start - time_s(0)) / (4 * 60 / performance.TEMPO_BPM) + 1e-6) % 4 < 2
    ]
    assert ons == [one for one in sorted(wanted) if one[0] <= 40 * 48000 - step]
    sounding = set()
    for one in said:
        assert one.on != (one.midi in sounding)
        (sounding.add if one.on else sounding.discard)(one.midi)
    again = caller.turn(48000, 48000)  # a new stream
    assert again[0].sample_time == round(time_s(0) * 48000)
