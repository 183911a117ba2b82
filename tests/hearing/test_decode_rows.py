"""What holds for every decoder: division into rows, reset, long sessions and allocation change nothing."""

import gc
import sys

import numpy as np
import pytest

from dsp.activations import FRAMES_HZ, LATE_S, PITCH, RHYTHM
from dsp.decoders import rows, sink
from dsp.hop import BEAT, CHORD, F0, KEY, NOTE_OFF, NOTE_ON, ONSET

RATE = 44100
SECONDS = 20
DAY = 24 * 3600 * RATE


def _ends(n: int, first: int = 0) -> np.ndarray:
    return first + (np.arange(1, n + 1) * RATE // FRAMES_HZ).astype(np.int64)


def _noise(dtype: np.dtype, seed: int) -> np.ndarray:
    """Rows of nonsense with peaks in it: as likely to trigger a decoder as anything."""
    rng = np.random.default_rng(seed)
    made = np.zeros(SECONDS * FRAMES_HZ, dtype)
    for name in dtype.names:
        made[name] = rng.random(made[name].shape) ** 6
    for name in ("f0", "chord", "bass", "key"):
        if name in dtype.names:
            slow = np.repeat(rng.random((SECONDS, made[name].shape[1])) ** 8, FRAMES_HZ, axis=0)
            made[name] = slow / slow.sum(1, keepdims=True)
    if dtype == RHYTHM:
        made["beat"] *= 0.05
        made["beat"][::50, 0] = 0.6
        made["beat"][::200] = 0.1, 0.6
    return made


def _decode(network: str, made: np.ndarray, chunks: list[int], first: int = 0, state: np.ndarray | None = None):
    run, n_on = (rows.rhythm, 2) if network == "rhythm" else (rows.pitch, 4)
    if state is None:
        state = rows.prepare_rhythm(RATE) if network == "rhythm" else rows.prepare_pitch(RATE)
    out, ends, found, at, turn = sink.prepare(), _ends(made.size, first), [], 0, 0
    while at < made.size:
        n = chunks[turn % len(chunks)]
        turn += 1
        taken = run(state, made[at : at + n], ends[at : at + n], *(True,) * n_on, out)
        assert taken > 0
        at += taken
        found.append(out["events"][0, : int(out["n"][0])].copy())
    assert out["lost"][0] == 0
    return np.concatenate(found)


NETWORKS = [("rhythm", RHYTHM, {ONSET, BEAT}), ("pitch", PITCH, {NOTE_ON, NOTE_OFF, F0, CHORD, KEY})]


@pytest.mark.parametrize(("network", "dtype", "kinds"), NETWORKS)
def test_division_into_rows_changes_nothing(network: str, dtype: np.dtype, kinds: set[int]) -> None:
    made = _noise(dtype, 1)
    one = _decode(network, made, [1])
    assert set(one["kind"]) == kinds
    assert np.isfinite(one["value"]).all()
    assert (one["sample_time"] >= 0).all()
    assert np.array_equal(one, _decode(network, made, [made.size]))
    assert np.array_equal(one, _decode(network, made, [3, 1, 50, 7]))


@pytest.mark.parametrize(("network", "dtype", "kinds"), NETWORKS)
def test_a_fresh_record_is_a_reset(network: str, dtype: np.dtype, kinds: set[int]) -> None:
    made, other = _noise(dtype, 2), _noise(dtype, 3)
    prepare = rows.prepare_rhythm if network == "rhythm" else rows.prepare_pitch
    fresh, state = _decode(network, made, [100]), prepare(RATE)
    _decode(network, other, [100], state=state)
    assert not np.array_equal(_decode(network, made, [100], state=state), fresh)
    state[0] = prepare(RATE)[0]
    assert np.array_equal(_decode(network, made, [100], state=state), fresh)


@pytest.mark.parametrize(("network", "dtype", "kinds"), NETWORKS)
def test_a_day_later_everything_is_the_same(network: str, dtype: np.dtype, kinds: set[int]) -> None:
    made = _noise(dtype, 4)
    early, late = _decode(network, made, [64], first=RATE), _decode(network, made, [64], first=DAY + 7)
    assert np.array_equal(early["value"], late["value"])
    for field in ("sample_time", "known_at"):
        assert np.array_equal(early[field] + DAY + 7 - RATE, late[field])


@pytest.mark.parametrize(("network", "dtype", "kinds"), NETWORKS)
def test_a_day_of_rows_leaves_the_state_sound(network: str, dtype: np.dtype, kinds: set[int]) -> None:
    """After as many frames as a day has (the count set, some minutes run), a piece is decoded as by a fresh record."""
    quiet, made = np.zeros(3 * 60 * FRAMES_HZ, dtype), _noise(dtype, 5)
    if network == "pitch":
        quiet["chord"][:, 24] = 1
        quiet["key"] = 1 / 24
        quiet["f0"] = 1 / quiet["f0"].shape[1]
    state = rows.prepare_rhythm(RATE) if network == "rhythm" else rows.prepare_pitch(RATE)
    counted = "onset" if network == "rhythm" else "notes"
    state[counted]["rows"] = 24 * 3600 * FRAMES_HZ // 48 * 48  # a multiple of every ring
    _decode(network, quiet, [1000], first=DAY, state=state)
    late, fresh = _decode(network, made, [1000], first=DAY, state=state), _decode(network, made, [1000], first=DAY)
    for kind in kinds - {CHORD, KEY}:  # whose belief has learnt from the silence
        a, b = (found[(found["kind"] == kind) & (found["known_at"] > DAY + 2 * RATE)] for found in (late, fresh))
        assert np.array_equal(a["sample_time"], b["sample_time"])
        assert np.allclose(a["value"], b["value"], rtol=1e-4)
    assert np.isfinite(late["value"]).all()


@pytest.mark.parametrize(("network", "dtype", "kinds"), NETWORKS)
def test_nothing_is_allocated(network: str, dtype: np.dtype, kinds: set[int]) -> None:
    made = _noise(dtype, 6)
    state = rows.prepare_rhythm(RATE) if network == "rhythm" else rows.prepare_pitch(RATE)
    ends, out, one = _ends(made.size), sink.prepare(), 10
    views = [(made[k : k + one], ends[k : k + one]) for k in range(0, made.size, one)]

    def pass_over() -> None:
        for some, end in views:
            if network == "rhythm":
                rows.rhythm(state, some, end, True, True, out)
            else:
                rows.pitch(state, some, end, True, True, True, True, out)

    pass_over()
    gc.collect()
    gc.disable()
    try:
        before = sys.getallocatedblocks()
        for _ in range(10):
            pass_over()
        after = sys.getallocatedblocks()
    finally:
        gc.enable()
    assert abs(after - before) < 20


def test_each_decoder_can_be_left_out() -> None:
    made, out = _noise(PITCH, 7)[:20], sink.prepare()
    for chosen, kinds in ((0, {NOTE_ON, NOTE_OFF}), (1, {F0})):
        state = rows.prepare_pitch(RATE)
        on = [k == chosen for k in range(4)]
        rows.pitch(state, made, _ends(made.size), *on, out)
        found = out["events"][0, : int(out["n"][0])]
        assert found.size
        assert set(found["kind"]) <= kinds


@pytest.mark.parametrize(("level", "waited"), [(0.5, 1), (0.9, 0)])
def test_onsets_lie_in_their_frame(level: float, waited: int) -> None:
    """Told from the row's end by what the row tells of, one frame later unless it is sure."""
    made = np.zeros(40, RHYTHM)
    made["onset"][19:21, 0] = 0.4 * level, level
    found = _decode("rhythm", made, [1])
    assert found.size == 1
    assert found["known_at"][0] == _ends(40)[20 + waited]
    assert abs(found["sample_time"][0] - (_ends(40)[20] - LATE_S["onset"] * RATE)) < 0.3 * RATE / FRAMES_HZ


def test_a_full_sink_counts_what_it_loses() -> None:
    out = sink.prepare()
    for k in range(sink.EVENTS + 3):
        sink.emit(out[0], ONSET, k, k, 0.0, 0.0, 0.0, 0.0)
    assert out["n"][0] == sink.EVENTS
    assert out["lost"][0] == 3
