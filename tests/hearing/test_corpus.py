"""Music that is rendered to train on: the same for the same seed, and labels that say what sounds."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.train.analysis import (
    arrange,
    corpus,
    kinds,
    patterns,
    playing,
    reading,
    scores,
    singing,
    synth,
    timing,
    unmusical,
)
from daemon.train.analysis.scores import BASS, CHORD, CHORDS, KEY, MELODY, NOTE, Score

SCALE = (0, 2, 4, 5, 7, 9, 11, 12)


def made(source: str, of: int = 4, divide: int = 2, held: bool = False) -> Score:
    """Sixteen bars in C: a melody in halves of beats, chords and a bass."""
    n = 16 * of
    rng = np.random.default_rng(len(source) + of)
    rows = [(k / 2, k / 2 + 0.5, 72 + SCALE[rng.integers(8)], 0, MELODY) for k in range(2 * n)]
    for bar in range(16):
        root = (48, 53, 55, 48)[bar % 4]
        rows += [(bar * of, (bar + 1) * of, root + t, 70, CHORDS) for t in (0, 4, 7)]
        rows.append((bar * of, (bar + 1) * of, root - 12, 80, BASS))
    chords = [(bar * of, (bar + 1) * of, (0, 5, 7, 0)[bar % 4], 1, (0, 5, 7, 0)[bar % 4]) for bar in range(16)]
    return Score(
        source, f"made-{of}-{divide}", np.sort(np.array(rows, NOTE), order=["start", "midi"]),
        (np.arange(n) % of + 1).astype(np.int8), np.full(n, of, np.int8), divide, 0.0,
        np.array(chords, CHORD), np.array([(0, n, 0, 0)], KEY), held,
    )  # fmt: skip


EVERY = [
    made(name, of, divide)
    for name in ("nottingham", "pop909", "lieder", "jsb")
    for of, divide in ((4, 2), (3, 2), (2, 3))
]
BY = {name: [score for score in EVERY if score.source == name] for name in {score.source for score in EVERY}}


@pytest.fixture(scope="module")
def fonts() -> Iterator[list[Path]]:
    """The sound fonts of this machine."""
    try:
        found = synth.fonts()
        synth.Synth(found[0]).close()
    except synth.SynthError as error:
        pytest.skip(str(error))
    yield found
    for one in playing.opened.values():
        one.close()
    playing.opened.clear()


def rises(sound: np.ndarray, at_s: float) -> float:
    """How much louder the 30 ms after a moment are than the 30 ms before, in dB."""
    i, n = round(at_s * corpus.RATE), 1323
    before, after = (
        np.sqrt(np.mean(np.square(part.astype(float)))) + 1e-6 for part in (sound[i - n : i], sound[i : i + n])
    )
    return float(20 * np.log10(after / before))


@pytest.mark.parametrize("program", [0, 25, 33, 128, 128 + 25])
def test_a_note_sounds_when_it_should(fonts: list[Path], program: int) -> None:
    starts = np.array([0.5 + 0.5 * k + 0.00037 * k for k in range(3)])
    midi = 38 if program >= 128 else 55
    notes = np.array([(at, at + 0.08, midi, 100) for at in starts])
    sound = playing.open_synth(fonts[0]).play(notes, program, 2 * corpus.RATE)
    # a pure reference of where this instrument's sound begins after it is struck on a block
    alone = playing.open_synth(fonts[0]).play(notes[:1] * 0 + [0, 0.08, midi, 100], program, corpus.RATE)
    begins = np.argmax(np.abs(alone) > 0.02 * np.abs(alone).max()) / corpus.RATE
    first = np.argmax(np.abs(sound) > 0.02 * np.abs(alone).max()) / corpus.RATE
    assert abs(first - begins - starts[0]) < 0.001
    assert all(rises(sound, at + begins) > 3 for at in starts)


def test_nothing_rings_on_into_what_is_played_next(fonts: list[Path]) -> None:
    one = playing.open_synth(fonts[0])
    assert np.abs(one.play(np.array([(0.1, 3.0, 60, 120)]), 89, corpus.RATE)).max() > 0.01
    assert np.abs(one.play(np.zeros((0, 4)), 0, corpus.RATE)).max() == 0


def test_the_same_seed_gives_the_same_excerpt(fonts: list[Path]) -> None:
    for number in (0, 3):
        one, again = (playing.excerpt(number, 7, "train", BY, fonts) for _ in range(2))
        for name in corpus.Excerpt._fields:
            np.testing.assert_array_equal(getattr(one, name), getattr(again, name), err_msg=name)
    assert (
        playing.excerpt(0, 8, "train", BY, fonts).notes.shape != playing.excerpt(0, 7, "train", BY, fonts).notes.shape
    )


def test_what_is_written_is_read_again(fonts: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "scores.npz"
    scores.save(file, EVERY)
    back = scores.load(file)
    np.testing.assert_allclose(back[1].notes["start"], EVERY[1].notes["start"], atol=1 / scores.GRAIN)
    assert back[1]._replace(**dict.fromkeys(("notes", "chords", "keys", "place", "of"))) == EVERY[1]._replace(
        **dict.fromkeys(("notes", "chords", "keys", "place", "of"))
    )
    assert corpus.render(tmp_path / "out", file, fonts, 7, excerpts=2, workers=1, said=lambda _: None) == 2
    assert (
        corpus.render(tmp_path / "out", file, fonts, 7, excerpts=2, workers=1, said=lambda _: None) == 0
    )  # it is there
    found = corpus.load(tmp_path / "out")
    direct = playing.excerpt(0, 7, "train", by_collection(back), fonts)
    for name in corpus.Excerpt._fields:
        np.testing.assert_array_equal(getattr(found[0], name), getattr(direct, name), err_msg=name)
    (tmp_path / "out" / "shard-000.i16").write_bytes(b"")
    with pytest.raises(corpus.CorpusError, match="render again"):
        corpus.load(tmp_path / "out")


def test_rendering_stops_in_time_and_goes_on(fonts: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "scores.npz"
    scores.save(file, EVERY)
    assert corpus.render(tmp_path, file, fonts, 7, seconds=0.001, workers=1, said=lambda _: None) == 0
    assert corpus.render(tmp_path, file, fonts, 7, excerpts=1, workers=1, said=lambda _: None) == 1
    assert corpus.render(tmp_path, file, fonts, 7, excerpts=2, workers=1, said=lambda _: None) == 2  # a shard not full
    assert len(corpus.load(tmp_path)) == 2
    file.write_bytes(b"nothing")
    with pytest.raises(scores.ScoresError, match="anew"):
        corpus.render(tmp_path, file, fonts, 7, excerpts=1, said=lambda _: None)


def by_collection(back: list[Score]) -> dict[str, list[Score]]:
    """By collection, in the order of the file."""
    by: dict[str, list[Score]] = {}
    for score in back:
        by.setdefault(score.source, []).append(score)
    return by


@pytest.mark.parametrize("kind", list(kinds.KINDS))
def test_labels_of_a_kind_agree(kind: str) -> None:
    for seed in range(12):
        drawn = kinds.KINDS[kind][1](BY, np.random.default_rng(seed))
        beats = drawn.beats
        assert len(beats) > 8
        assert beats[0, 0] >= 0
        assert beats[-1, 0] < corpus.SECONDS
        steps = np.diff(beats[:, 0])
        assert (steps > 0.2).all()
        assert (steps < 2.5).all()
        follows = np.where(beats[:-1, 1] == drawn.metre, 1, beats[:-1, 1] + 1)
        np.testing.assert_array_equal(beats[1:, 1], follows)
        for part in drawn.parts:
            notes = part.notes
            assert (notes[:, 1] > notes[:, 0]).all()
            assert (notes[:, 2] >= 12).all()
            assert (notes[:, 2] <= 115).all()
            if part.mono:
                assert (notes[1:, 0] >= notes[:-1, 1] - 1e-9).all()
            else:
                for midi in np.unique(notes[:, 2]):
                    same = notes[notes[:, 2] == midi]
                    assert (same[1:, 0] >= same[:-1, 1] - 1e-9).all()


def test_warped_beats_fall_where_notes_on_them_do() -> None:
    rng = np.random.default_rng(1)
    score = made("lieder")
    placed = arrange.Placed(score, rng, timing.SHAPED)
    found = placed.excerpt("x", [])
    assert np.ptp(np.diff(found.beats[:, 0])) > 0.02
    rows = placed.rows((MELODY,))
    part = placed.part(0, rows[np.abs(rows[:, 0] % 1) < 0.01], tight=True)
    inside = part.notes[(part.notes[:, 0] >= 0) & (part.notes[:, 0] < corpus.SECONDS)]
    np.testing.assert_allclose(inside[:, 0], found.beats[:, 0], atol=0.003)
    bars = found.beats[found.beats[:, 1] == 1, 0]  # a chord a bar
    np.testing.assert_allclose(
        found.chords[1:, 0], bars[bars > found.chords[0, 0] + 0.01][: len(found.chords) - 1], atol=0.003
    )


def test_chords_and_key_move_with_the_notes() -> None:
    for seed in range(6):
        placed = arrange.Placed(made("pop909"), np.random.default_rng(seed), timing.STEADY)
        found = placed.excerpt("x", [])
        bass = placed.rows((BASS,))
        times = placed.clock.seconds(bass[:, 0])
        for start, end, chord, low in found.chords:
            if chord in (24, -1) or end - start < 0.5:
                continue
            sounding = bass[(times < start + 0.3) & (placed.clock.seconds(bass[:, 1]) > start + 0.3)]
            assert set(sounding[:, 2] % 12) == {low} == {chord}
        degrees = (found.chords[found.chords[:, 2] >= 0, 2] - found.key[0, 2]) % 12
        assert set(degrees.tolist()) == {0, 5, 7}


def test_drums_follow_the_bars() -> None:
    place, of = (np.arange(32) % 4 + 1).astype(np.int8), np.full(32, 4, np.int8)
    rows = patterns.groove(place, of, 2, patterns.STYLES["house"], np.random.default_rng(0))
    kicks = rows[np.isin(rows[:, 1], (35, 36)), 0]
    assert (kicks % 1 == 0).mean() > 0.8
    assert patterns.drum_class(np.array([36, 38, 39, 42, 49, 45])).tolist() == [1, 2, 2, 3, 3, 4]


def test_a_voice_is_sung_at_the_pitch_that_is_told() -> None:
    notes = np.array([(0.5, 1.5, 57, 90), (2.0, 3.0, 64, 90)])
    sung = singing.sing(notes, 4, False, np.random.default_rng(3))
    assert len(sung.sound) == 4 * singing.RATE
    for at in (1.0, 2.6):
        told = sung.f0[round(at * 100)]
        part = sung.sound[int((at - 0.05) * singing.RATE) : int((at + 0.05) * singing.RATE)]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 17))
        hz = np.fft.rfftfreq(1 << 17, 1 / singing.RATE)
        near = (hz > told * 0.94) & (hz < told * 1.06)
        assert abs(1200 * np.log2(hz[near][spectrum[near].argmax()] / told)) < 40
    assert sung.f0[20] == 0
    np.testing.assert_allclose(sung.notes[:, 0], notes[:, 0], atol=0.06)


def test_taps_rise_where_they_are_told_and_noise_has_no_notes(fonts: list[Path]) -> None:
    sound, onsets, _ = unmusical.taps(10 * corpus.RATE, np.random.default_rng(2))
    assert len(onsets) > 5
    assert np.median([rises(sound, at - 0.0003) for at in onsets]) > 10
    negative = next(
        e for e in (playing.excerpt(k, 1, "train", BY, fonts[:1]) for k in _numbers("negative")) if e.kind == "negative"
    )
    assert len(negative.notes) == 0
    assert negative.chords[0, 2] == 24


def _numbers(kind: str) -> list[int]:
    """Numbers of excerpts of an unmusical kind under seed 1."""
    draws = [(k, np.random.default_rng([1, 0, k]).random()) for k in range(400)]
    low, high = (0, 0.03) if kind == "taps" else (0.03, 0.08)
    return [k for k, draw in draws if low <= draw < high][:1]


def test_a_piece_that_is_judged_on_is_left_out_also_transposed_and_in_part(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    tunes = [np.cumsum(rng.choice([-4, -2, -1, 1, 2, 3], n)) + 70 for n in (80, 80, 400, 80)]
    folder = tmp_path / "nott_mono"
    folder.mkdir()
    for name, tune in (("jigs7", tunes[1][20:60]), ("jigs8", tunes[2][200:260])):
        notes = [[k * 0.25, k * 0.25 + 0.2, int(m) + 3] for k, m in enumerate(tune)]
        (folder / f"00_{name}_p0.json").write_text(json.dumps({"notes": notes, "source": f"{name}.mid"}))
    judged, names = reading._judged(tmp_path)
    assert {"jigs7", "jigs8"} <= names
    melodies = [reading._top(np.arange(len(tune)) * 12, tune) for tune in tunes]
    assert reading._unlike(melodies, judged).tolist() == [True, False, False, True]
