"""Notes and f0 from made activations: what was put in comes out, ends end, and nothing is left sounding."""

import numpy as np
import pytest

from dsp.activations import BINS_PER_SEMITONE, F0_BINS, FRAMES_HZ, LATE_S, LOWEST, PITCH
from dsp.decoders import rows, sink
from dsp.hop import F0, NOTE_OFF, NOTE_ON

RATE = 48000

Note = tuple[float, float, int, int]  # start s, end s, MIDI, velocity


def _rows(notes: list[Note], seconds: float, seed: int | None = None) -> np.ndarray:
    """Activations of notes; with a seed, unsteady ones with crumbs where nothing is."""
    made = np.zeros(int(seconds * FRAMES_HZ), PITCH)
    rng = np.random.default_rng(seed)
    for start, end, midi, velocity in notes:
        p = midi - LOWEST
        place = (start + LATE_S["attack"]) * FRAMES_HZ - 1
        for frame in range(int(place) - 1, int(place) + 3):
            level = max(0.0, 1 - abs(frame - place) / 2) * (0.95 if seed is None else rng.uniform(0.8, 1.0))
            made["attack"][frame, p] = max(made["attack"][frame, p], level)
            made["velocity"][frame, p] = velocity / 127
        span = slice(int((start + LATE_S["sounding"]) * FRAMES_HZ) + 2, int((end + LATE_S["sounding"]) * FRAMES_HZ))
        made["sounding"][span, p] = 0.9
    if seed is not None:
        made["sounding"] *= rng.uniform(0.8, 1.0, made["sounding"].shape)
        made["attack"] = np.maximum(made["attack"], 0.2 * rng.random(made["attack"].shape) ** 4)
    return made


def _decode(made: np.ndarray, *, notes: bool = True, f0: bool = False) -> tuple[np.ndarray, np.ndarray]:
    state, out = rows.prepare_pitch(RATE), sink.prepare()
    ends = (np.arange(1, made.size + 1) * RATE // FRAMES_HZ).astype(np.int64)
    found, at = [], 0
    while at < made.size:
        at += rows.pitch(state, made[at:], ends[at:], notes, f0, False, False, out)
        found.append(out["events"][0, : int(out["n"][0])].copy())
    return np.concatenate(found), state


def _spans(events: np.ndarray) -> list[tuple[float, float, int, int]]:
    """(start s, end s, MIDI, velocity); fails where a note-off has no note or a note begins twice."""
    begun: dict[int, tuple[float, int]] = {}
    spans = []
    for event in events:
        midi, when = int(event["value"][0]), event["sample_time"] / RATE
        if event["kind"] == NOTE_ON:
            assert midi not in begun
            begun[midi] = when, int(event["value"][2])
        else:
            assert event["kind"] == NOTE_OFF
            start, velocity = begun.pop(midi)
            assert when > start
            spans.append((start, when, midi, velocity))
    assert not begun
    return sorted(spans)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_what_is_played_comes_out(seed: int | None) -> None:
    rng = np.random.default_rng(3)
    played: list[Note] = []
    for midi in (45, 52, 57, 61, 64, 71):
        at = rng.uniform(0.2, 0.6)
        while at < 14:
            length = rng.uniform(0.2, 0.9)
            played.append((at, at + length, midi, int(rng.integers(20, 120))))
            at += length + rng.uniform(0.08, 0.5)
    found = _spans(_decode(_rows(played, 16.0, seed))[0])
    assert len(found) == len(played)
    for (start, end, midi, velocity), (a, b, m, v) in zip(
        sorted(played, key=lambda n: (n[2], n)), sorted(found, key=lambda n: (n[2], n)), strict=True
    ):
        assert m == midi
        assert abs(a - start) < 0.010
        assert abs(b - end) < (0.025 if seed is None else 0.06)
        assert v == velocity


def test_a_key_struck_again_ends_its_note_first() -> None:
    played = [(0.5, 1.0, 60, 80), (1.0, 1.5, 60, 60), (1.5, 2.0, 60, 100)]
    events, _ = _decode(_rows(played, 2.5))
    assert events["kind"].tolist() == [NOTE_ON, NOTE_OFF] * 3
    assert (np.diff(events["sample_time"]) > 0).all()
    assert [velocity for *_, velocity in _spans(events)] == [80, 60, 100]
    hz = events["value"][events["kind"] == NOTE_ON, 3]
    assert np.abs(hz - 261.63).max() < 0.01


def test_every_key_at_once_is_no_overflow() -> None:
    made = np.zeros(140, PITCH)
    made["attack"][:100:8] = 0.9
    made["sounding"][:100] = np.random.default_rng(4).random((100, 88))
    events, state = _decode(made, f0=True)
    assert not state["notes"]["sounds"].any()
    assert len(_spans(events[events["kind"] != F0])) > 88


def test_what_sounds_on_without_an_attack_is_a_note() -> None:
    made = _rows([(0.5, 1.5, 62, 90), (2.0, 2.05, 65, 90)], 3.0)
    made["attack"] = 0.01
    ((start, end, midi, _),) = _spans(_decode(made)[0])  # the short one is passed over
    assert midi == 62
    assert abs(start - 0.5) < 0.03  # the made-up sound is not as late as a network's
    assert abs(end - 1.5) < 0.03


def test_a_faint_attack_needs_its_sound() -> None:
    made = _rows([(0.5, 1.5, 62, 90), (0.5, 1.5, 65, 90)], 2.0)
    made["attack"] *= 0.2
    made["sounding"][:, 65 - LOWEST] = 0
    ((start, _, midi, _),) = _spans(_decode(made)[0])
    assert midi == 62
    assert abs(start - 0.5) < 0.01


def _voice(pitch: np.ndarray, seed: int | None = None) -> np.ndarray:
    """F0 rows of a voice at these MIDI pitches, one a frame; 0 where it is silent."""
    made = np.zeros(pitch.size, PITCH)
    rng = np.random.default_rng(seed)
    bins = np.arange(F0_BINS)
    for k, p in enumerate(pitch):
        made["f0"][k] = 1e-3
        if p > 0:
            place = (p - LOWEST) * BINS_PER_SEMITONE + 1
            made["f0"][k] += np.exp(-0.5 * (bins - place) ** 2)
            if seed is not None:
                made["f0"][k] *= rng.uniform(0.8, 1.2, F0_BINS)
        made["f0"][k] /= made["f0"][k].sum()
        made["voiced"][k] = 0.95 if p > 0 else 0.05
    return made


@pytest.mark.parametrize("seed", [None, 5])
def test_a_voice_is_followed(seed: int | None) -> None:
    t = np.arange(1000) / FRAMES_HZ
    pitch = 60 + 5 * np.sin(2 * np.pi * 0.3 * t) + 0.4 * np.sin(2 * np.pi * 5.5 * t)
    pitch[400:450] = 0
    pitch[450:] += 7
    events, _ = _decode(_voice(pitch, seed), notes=False, f0=True)
    assert (events["kind"] == F0).all()
    before = round(LATE_S["f0"] * FRAMES_HZ) - 1  # frames that tell of what was before the stream began
    assert events.size == pitch.size - before
    pitch = pitch[before:]
    hz, confidence, voiced = events["value"][:, 0], events["value"][:, 1], events["value"][:, 2]
    assert np.array_equal(voiced > 0, pitch > 0)
    assert confidence[pitch == 0].max() < 0.1
    cents = np.abs(1200 * np.log2(hz / (440 * 2 ** ((pitch - 69) / 12))))[pitch > 0]
    assert np.median(cents) < 5
    assert np.mean(cents < 50) > 0.99
    assert (events["known_at"] - events["sample_time"] == round(LATE_S["f0"] * RATE)).all()


def test_voicing_does_not_flutter() -> None:
    made = _voice(np.full(600, 62.0))
    made["voiced"] = 0.45 + 0.049 * (-1) ** np.arange(600)
    made["voiced"][300] = 0.6
    made["voiced"][500:] = 0.2
    events, _ = _decode(made, notes=False, f0=True)
    voiced = events["known_at"][events["value"][:, 2] > 0] * FRAMES_HZ // RATE - 1
    assert np.array_equal(voiced, np.arange(300, 500))
