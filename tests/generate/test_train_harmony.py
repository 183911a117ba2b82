"""Fitting the harmony network, and counting the tables, on a few made pieces."""

import random
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch fits the network; it is not installed")
pytest.importorskip("onnx", reason="onnx writes the network; it is not installed")

from daemon.generate.context import ChordSpan, chord_classes  # noqa: E402
from daemon.generate.deep.harmony import CHORDS, Network, index, row  # noqa: E402
from daemon.generate.following import NONE, Chord  # noqa: E402
from daemon.generate.rules import hmm as rules  # noqa: E402
from daemon.models.contract import TASKS  # noqa: E402
from daemon.train.generator import harmony, harmony_network, hmm, score_harmony  # noqa: E402
from daemon.train.generator.corpus import NOTES, Piece  # noqa: E402
from daemon.train.generator.sheets import Sheet, sheet, sheets  # noqa: E402
from daemon.trained import load  # noqa: E402

LOOP = ((0, 1), (9, 2), (5, 1), (7, 3))


def piece(seed: int, bars: int = 16, collection: str = "nottingham") -> Piece:
    """Arpeggios over a loop of four chords, in any key."""
    rng = random.Random(seed)
    tonic = rng.randrange(12)
    chords = [ChordSpan(96 * k, (root + tonic) % 12, quality) for k, (root, quality) in enumerate(LOOP * (bars // 4))]
    notes = [
        (24 * k, 24, 60 + rng.choice(chord_classes(chords[k // 4])), 0, 0)
        for k in range(4 * bars)
    ]  # fmt: skip
    return Piece(collection, str(seed), np.array(notes, NOTES), [(0, 4, 4)], tonic, 0, chords)


def test_a_sheet_counts_from_the_tonic() -> None:
    one = sheet(piece(3))
    assert [c[:2] for c in one.chords[:16:4]] == list(LOOP)
    assert len(one.chords) == len(one.line.beats) == 64
    assert one.line.relative("sounding", 0)[[0, 4, 7]].sum() == 1.0


def test_pieces_without_chords_are_left_out() -> None:
    bare = piece(1)._replace(chords=[])
    assert [s.name for s in sheets([bare, piece(2), piece(3, collection="jsb")])] == ["2"]


def test_lanes_hold_every_beat_once() -> None:
    some = harmony.lines(sheets([piece(k, bars) for k, bars in enumerate((8, 16, 12, 8, 20))]))
    beats, first = harmony.lanes(some, 3, np.random.default_rng(0))
    assert sorted(beats[beats >= 0]) == list(range(len(some.chords)))
    assert set(beats[first]) == set(some.bounds[:-1])


def test_beats_beyond_a_piece_do_not_count() -> None:
    some = harmony.lines(sheets([piece(1, 8), piece(2, 8)]))
    beats = np.array([[31], [-1]])
    out = torch.zeros(2, 1, harmony_network.OUT)
    now = harmony.TERMS[0] * np.log(CHORDS) / 2
    assert float(harmony.loss(out, some, beats)) == pytest.approx(now, rel=1e-4)


def test_it_learns_and_its_graph_says_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harmony, "LANES", 8)
    monkeypatch.setattr(harmony, "JUDGED", 4)
    pieces = [piece(k) for k in range(24)]
    train, dev = harmony.lines(sheets(pieces[:16])), harmony.lines(sheets(pieces[16:]))
    said: list[str] = []
    network = harmony.fit(train, dev, 12, 1, said.append)
    nats = [float(line.split("dev ")[1].split()[0]) for line in said]
    assert nats[-1] < nats[0]
    assert nats[-1] < 3.0  # of 4.6, knowing nothing

    path = tmp_path / "harmony.onnx"
    harmony_network.write(network, path)
    harmony_network.quantise(path, tmp_path / "int8.onnx")
    one = sheet(pieces[20])
    said_by = Network(load(path, TASKS["harmony"]["harmony"]))
    state, whole = said_by.start(), torch.zeros(1, 256)
    for k, (past, stated) in enumerate([(NONE, False), (Chord(0, 1), False), (Chord(9, 2), True)]):
        state = said_by.step(state, one.line, k, past, stated)
        number = index(past.root, past.quality) + CHORDS * stated
        with torch.no_grad():
            out, whole = network(network.row(torch.from_numpy(row(one.line, k))[None]), torch.tensor([number]), whole)
        assert np.allclose(state.chords[1], torch.softmax(out[0, CHORDS : 2 * CHORDS], 0), atol=1e-5)
    small = Network(load(tmp_path / "int8.onnx", TASKS["harmony"]["harmony"]))
    assert small.step(said_by.start(), one.line, 0, NONE, False).chords.shape == (5, CHORDS)


def test_tables_are_counted(tmp_path: Path) -> None:
    tables = hmm.count(sheets([piece(k) for k in range(12)]))
    np.savez(tmp_path / "hmm.npz", **tables._asdict())
    read = rules.load(tmp_path / "hmm.npz")
    assert read.moves[0, 0, 0].argmax() == 2 * 9 + 1  # from I, on a downbeat, to VI
    assert read.moves[0, 2, 0].argmax() == 0
    assert read.quality[0, 2 * 7] == 3
    assert read.tones[0, 0, [0, 4, 7]].sum() > 0.9


def test_scores_know_the_truth() -> None:
    one: list[Sheet] = sheets([piece(1), piece(2)])
    people = score_harmony.score("people", one, [s.chords for s in one])
    assert people[2:] == (1.0, 1.0, 1.0, 15 / 16)
    tonic = score_harmony.score("tonic", one, [[Chord(0, 1)] * 64] * 2)
    assert (tonic.chord, tonic.root, tonic.changes) == (0.25, 0.25, 0.0)
    assert 0.25 < tonic.in_chord < 1


def test_what_is_foreseen_comes_from_what_is_past() -> None:
    """Another end of a melody changes nothing of what was committed before it, nor at it."""
    one = piece(5)
    other = one._replace(notes=one.notes.copy())
    other.notes["pitch"][40:] += 1
    way = rules.Markov(rules.load())
    a, b = (score_harmony.foreseen(way, sheet(p), (0, 1, 2)) for p in (one, other))
    assert a[0][:40] == b[0][:40]
    assert a[1][:41] == b[1][:41]
    assert a[2][:42] == b[2][:42]
    assert a[1] != b[1]
