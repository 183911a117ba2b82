"""Training in small: songs of the test's own, real FluidSynth, the real engine's novelty, a short fit."""

import random
from pathlib import Path

import mido
import numpy as np
import pytest

from daemon.errors import UserError
from daemon.train import corpus, onset, pieces, render
from daemon.train.pieces import DRUMS, Songs

try:
    render.font()
    SKIP = ""
except UserError as error:
    SKIP = str(error)
SHORT = onset.COURSE._replace(epochs=3)
renders = pytest.mark.skipif(bool(SKIP), reason=SKIP)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Songs:
    data = tmp_path_factory.mktemp("data")
    for number in range(3):
        folder = data / "symbolic" / "pop909" / f"{number:03}"
        folder.mkdir(parents=True)
        midi = mido.MidiFile(ticks_per_beat=480)
        for name in ("MELODY", "PIANO"):
            track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
            for k in range(120):
                note = 60 + (7 * k + number) % 12 - (12 if name == "PIANO" else 0)
                track.append(mido.Message("note_on", note=note, velocity=60 + k % 50, time=120))
                track.append(mido.Message("note_off", note=note, time=240))
            midi.tracks.append(track)
        midi.save(folder / f"{number:03}.mid")
    return Songs(data)


def test_no_songs_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no songs there; give --data"):
        Songs(tmp_path)


def test_songs_held_out_are_not_trained_on(songs) -> None:
    held = Songs(songs._paths[0].parents[3], held=True)
    assert held._paths
    assert not set(held._paths) & set(songs._paths)


@renders
@pytest.mark.parametrize("family", list(corpus.FAMILIES))
def test_a_piece_sounds_where_its_onsets_are_and_nowhere_before(songs, family) -> None:
    one = corpus.example(family, 0, songs, seed=5)
    again = corpus.example(family, 0, songs, seed=5)
    assert one.sound.tobytes() == again.sound.tobytes(), "the seed is all that it is drawn from"
    assert np.all(np.diff(one.onsets) > 0)
    assert len(one.onsets) > 20
    assert np.isfinite(one.sound).all()
    first = int(one.onsets[0] * render.RATE)
    loud = np.abs(one.sound[first : first + 4410]).max()
    if family != "voice":  # which may breathe in first
        assert np.abs(one.sound[: max(1, first - 2205)]).max() < 0.5 * loud
    assert len(one.sound) / render.RATE < one.onsets[-1] + 1.1


def test_starts_together_are_one_onset() -> None:
    assert corpus.merged([2.0, 1.0, 1.02, 2.03]).tolist() == [1.0, 2.0, 2.03]


def test_drums_keep_to_their_grid() -> None:
    piece = pieces.drums(random.Random(3), 10.0)
    assert set(piece.programs) == {DRUMS}
    assert all(note[4] == DRUMS and note[1] > note[0] > 0 for note in piece.notes)
    assert piece.notes == sorted(piece.notes)


@renders
def test_a_short_fit_learns_and_repeats(songs) -> None:
    data = onset.join(onset.rows(corpus.example(family, 0, songs, seed=5)) for family in ("drums", "solo"))
    assert 0.02 < data.told.mean() < 0.5
    said: list[str] = []
    weights = onset.train(data, 3, said.append, SHORT)
    losses = [float(line.rpartition(" ")[2]) for line in said]
    assert losses[-1] < 0.8 * losses[0]
    again = onset.train(data, 3, lambda line: None, SHORT)
    assert all(np.array_equal(weights[name], again[name]) for name in weights)
    with np.load(Path(onset.onset.__file__).with_suffix(".npz")) as shipped:
        assert {name: weights[name].shape for name in weights} == {name: shipped[name].shape for name in shipped}
    judged = onset.judge(weights, data)
    assert float(judged.split("F ")[1].split()[0]) > 0.3
