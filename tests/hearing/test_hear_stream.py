"""A stream: the same events whatever the blocks, at any rate, from anywhere; and together with the engine's from a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon import bridge, config, registry
from daemon import messages as m
from daemon.engine.offline import SILENCE_AFTER
from daemon.hearing import offline
from daemon.hearing.kinds import KINDS
from daemon.hearing.stream import Stream
from daemon.inputs.performance import Performance
from daemon.models.opening import open_folder
from daemon.registry import HEARS
from dsp.hop import BEAT, F0, KEY, NOTE_OFF, NOTE_ON, ONSET
from tests.engine_alone import ENGINE_ALONE
from tests.hearing import standin

ALL = list(HEARS)
RATE = 48000


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A shelf with a stand-in on it, which is used."""
    folder = tmp_path_factory.mktemp("models")
    standin.model(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAMD_MODEL_FOLDER", str(folder))
        patch.setenv("JAMD_MODEL_HEARING", "standin")
        yield folder


@pytest.fixture(scope="module")
def graphs(shelf: Path) -> dict[str, Any]:
    return open_folder("hearing", shelf / "standin", "standin").graphs


@pytest.fixture(scope="module")
def music() -> np.ndarray:
    return np.concatenate(list(Performance(4.0).blocks(RATE)), axis=1)


@pytest.fixture(scope="module")
def heard(graphs: dict[str, Any], music: np.ndarray) -> np.ndarray:
    found = Stream(RATE, ALL, graphs).process(music)
    assert {ONSET, NOTE_ON, NOTE_OFF, BEAT, F0, KEY} <= set(found["kind"].tolist())
    return found


def in_blocks(stream: Stream, sound: np.ndarray, sizes: list[int]) -> np.ndarray:
    found, at = [stream.process(sound[:, :0])], 0
    while at < sound.shape[1]:
        size = sizes[len(found) % len(sizes)]
        found.append(stream.process(sound[:, at : at + size]))
        at += size
    return np.concatenate(found)


@settings(max_examples=15, deadline=None)
@given(some.lists(some.integers(5, 9000), min_size=1, max_size=5))
def test_blocks_change_nothing(graphs: dict[str, Any], sizes: list[int]) -> None:
    music = np.random.default_rng(1).standard_normal((2, RATE // 2)).astype(np.float32) * 0.1
    music[:, ::9000] += 0.5
    assert (in_blocks(Stream(RATE, ALL, graphs), music, sizes) == Stream(RATE, ALL, graphs).process(music)).all()


@pytest.mark.parametrize("sizes", [[64], [441], [8192, 1]])
def test_blocks_change_nothing_in_music(graphs, music, heard, sizes: list[int]) -> None:
    assert (in_blocks(Stream(RATE, ALL, graphs), music, sizes) == heard).all()


def test_events_come_in_order_after_what_they_tell_of(heard: np.ndarray) -> None:
    assert (np.diff(heard["known_at"]) >= 0).all()
    assert (heard["known_at"] % (RATE // 100) == 0).all()
    told = heard[~np.isin(heard["kind"], [BEAT])]
    assert (told["sample_time"] <= told["known_at"]).all()


@pytest.mark.parametrize("rate", [44100, 88200, 96000])
def test_other_rates_hear_the_same_music(graphs, heard, rate: int) -> None:
    music = np.concatenate(list(Performance(4.0).blocks(rate)), axis=1)
    found = in_blocks(Stream(rate, ALL, graphs), music, [256])
    times, others = (one[one["kind"] == ONSET]["sample_time"] / r for one, r in ((heard, RATE), (found, rate)))
    near = np.abs(times[:, None] - others[None]).min(1)
    assert len(times) > 5
    assert np.median(near) < 0.004
    assert (near < 0.01).mean() > 0.8


def test_each_analysis_by_itself_is_as_with_all(graphs, music, heard) -> None:
    for analysis, kinds in KINDS.items():
        found = Stream(RATE, [analysis], graphs).process(music)
        assert (found == heard[np.isin(heard["kind"], kinds)]).all(), analysis


def test_what_is_no_sound_is_silence(graphs, music) -> None:
    bad, mute = music.copy(), music.copy()
    for at, value in ((1000, np.nan), (2000, np.inf), (3000, -np.inf), (4000, 1e30), (48000, np.nan)):
        bad[:, at : at + 50], mute[:, at : at + 50] = value, 0
    assert (Stream(RATE, ALL, graphs).process(bad) == Stream(RATE, ALL, graphs).process(mute)).all()


def test_full_scale_and_dc_are_heard_without_harm(graphs, music) -> None:
    for sound in (np.sign(music), music * 100, music + 0.9, np.zeros_like(music), np.ones_like(music)):
        found = Stream(RATE, ALL, graphs).process(sound.astype(np.float32))
        assert np.isfinite(found["value"]).all()
    still = Stream(RATE, ALL, graphs).process(np.full_like(music, 0.3))
    assert not (still["kind"][still["known_at"] > RATE] == ONSET).any()


def test_one_channel_is_heard_as_two_that_are_equal(graphs, music) -> None:
    one = music[:1]
    both = Stream(RATE, ALL, graphs).process(np.concatenate([one, one]))
    assert (Stream(RATE, ALL, graphs).process(one) == both).all()


@pytest.mark.parametrize(("rate", "begins"), [(48000, 12345), (44100, 9999), (96000, 50001)])
def test_begun_in_the_middle_frames_lie_where_they_do(graphs, rate: int, begins: int) -> None:
    music = np.concatenate(list(Performance(4.0).blocks(rate)), axis=1)
    whole, part = Stream(rate, ALL, graphs), Stream(rate, ALL, graphs)
    part.process(music[:, :20000])
    part.begin(begins)
    expected, found = whole.process(music), in_blocks(part, music[:, begins:], [1000])
    assert part.heard == whole.heard and part.due == whole.due > part.heard
    assert set(found["known_at"].tolist()) <= set(expected["known_at"].tolist())
    after = begins + rate
    one, other = (x[(x["kind"] == ONSET) & (x["known_at"] > after)]["sample_time"] for x in (expected, found))
    assert len(one) > 3
    assert np.array_equal(one, other)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_a_day_later_it_hears_the_same(graphs, rate: int) -> None:
    music = np.concatenate(list(Performance(4.0).blocks(rate)), axis=1)
    day = 24 * 3600 * rate
    now, later = Stream(rate, ALL, graphs), Stream(rate, ALL, graphs)
    later.begin(day)
    expected, found = now.process(music), later.process(music)
    for when in ("sample_time", "known_at"):
        found[when] -= day
    # Nothing can have been before a stream began, so that its first moments may differ.
    found, expected = (one[one["known_at"] > rate // 2] for one in (found, expected))
    assert len(expected) > 500 and (found == expected).all()


def test_begun_anew_it_knows_nothing(graphs, music, heard) -> None:
    stream = Stream(RATE, ALL, graphs)
    stream.process(music[:, :100001])
    stream.begin(0)
    assert (stream.process(music) == heard).all()


# With the engine.


def listened(sound: np.ndarray, analysis: dict[str, str], size: int, rate: int = RATE) -> list[Any]:
    how = config.parse({"analysis": ENGINE_ALONE | analysis})
    analysers = [registry.analyser(kind, name) for kind, name in how.analysers()]
    silence = np.zeros((2, SILENCE_AFTER), np.float32)
    whole = np.concatenate([sound, silence], axis=1)
    blocks = (whole[:, at : at + size] for at in range(0, whole.shape[1], size))
    return list(offline.found(blocks, rate, 2, analysers, how.neural()))


def test_from_a_file_a_network_is_in_the_place_of_the_engine(shelf, music, heard) -> None:
    by_engine = np.concatenate([one.events for one in listened(music, {}, 4096)])
    found = np.concatenate([one.events for one in listened(music, {"onset": "neural", "notes": "neural"}, 4096)])
    assert (np.diff(found["known_at"]) >= 0).all()
    last = music.shape[1]
    kinds = (ONSET, NOTE_ON, NOTE_OFF)
    mine = found[np.isin(found["kind"], kinds) & (found["known_at"] <= last)]
    assert (mine == heard[np.isin(heard["kind"], kinds)]).all()
    assert (found[~np.isin(found["kind"], kinds)] == by_engine[~np.isin(by_engine["kind"], kinds)]).all()


def test_from_a_file_blocks_change_nothing(shelf, music) -> None:
    neural = dict.fromkeys(ALL, "neural")

    def said(size: int) -> list[m.Message]:
        return [one for found in listened(music, neural, size) for one in bridge.messages(found, RATE, True, False)]

    whole = said(1 << 20)
    assert said(333) == whole
    assert {type(one) for one in whole} >= {m.Onset, m.NoteOn, m.NoteOff, m.Beat, m.Key, m.F0, m.Level, m.Chroma}


def test_the_f0_of_a_network_is_in_the_hops_too(shelf, music, heard) -> None:
    found = listened(music, {"f0": "neural"}, 1000)
    hops = np.concatenate([one.hops for one in found])
    hops = hops[hops["sample_time"] <= music.shape[1]]
    f0 = heard[heard["kind"] == F0]
    newest = np.searchsorted(f0["known_at"], hops["sample_time"], "right") - 1
    known = newest >= 0
    assert np.array_equal(hops["f0_hz"][known], f0["value"][newest[known], 0])
    assert np.array_equal(hops["f0_time"][known], f0["sample_time"][newest[known]])
