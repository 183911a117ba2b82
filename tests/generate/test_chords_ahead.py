"""Foreseen chords: by rule, by hidden Markov model, by network."""

import functools
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.generate import beats
from daemon.generate.context import ChordSpan, Context, Meter, chord_classes
from daemon.generate.deep import harmony as deep
from daemon.generate.deep.harmony import Network, Neural
from daemon.generate.following import NONE, Chord, Filter, Following, Line
from daemon.generate.note import Played
from daemon.generate.rules import hmm
from daemon.generate.rules.harmony import Rules
from daemon.generate.rules.hmm import Hmm
from daemon.models.card import ModelError
from daemon.models.contract import TASKS
from daemon.models.shelf import SHIPPED
from daemon.train.generator.score_harmony import foreseen
from daemon.train.generator.sheets import Sheet
from daemon.trained import load
from tests.generate import music

WAYS = {"rules": Rules, "hmm": Hmm, "neural": Neural}
BEAT = 24
C, D_MINOR, F, G, A_MINOR = (0, 1), (2, 2), (5, 1), (7, 1), (9, 2)


def tune(*bars: str, octave: int = 5, beat: int = BEAT) -> list[Played]:
    """Bars of quarter notes by their names; `-` holds, `.` rests."""
    names = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
    found: list[Played] = []
    for k, name in enumerate("".join(bars)):
        if name == "-":
            found[-1] = found[-1]._replace(duration=found[-1].duration + beat)
        elif name != ".":
            found.append(Played(k * beat, beat, 12 * octave + names[name], 80, 0))
    return found


def context(notes: list[Played], tick: int, **more) -> Context:
    """In C major unless said otherwise, with all that was heard before `tick`."""
    heard = tuple(note for note in notes if note.tick < tick)
    return Context(**{"tick": tick, "heard": heard, "key_confidence": 1.0, **more})


def foresee(way: str, notes: list[Played], tick: int, beats: int = 4, **more) -> list[ChordSpan]:
    """What a new one says."""
    one = WAYS[way]()
    now = context(notes, tick, **more)
    one.hear(now.heard, now)
    return one.foresee(now, beats)


def _said(one: Following) -> list:
    """What it takes to have sounded in each beat, and the beats as it heard them."""
    return [one._pasts, one._line.heard.tobytes()]


@functools.cache
def _filter(way: str) -> Filter:
    return WAYS[way]()._way


def triad(span: ChordSpan) -> tuple[int, int]:
    """Root, and 1 for a major third, 2 for a minor."""
    return span.root, 2 if span.quality in (2, 5, 6) else 1


@pytest.mark.parametrize("way", WAYS)
class TestEvery:
    def test_a_tonic_arpeggio_is_the_tonic(self, way: str) -> None:
        spans = foresee(way, tune("cege", "cege"), 7 * BEAT, 1)
        assert triad(spans[0]) == C

    def test_spans_begin_at_the_tick_and_change_on_beats(self, way: str) -> None:
        notes = tune("cdef", "gabc", "dgbd", "c---")
        for tick in (0, 5, 24, 100, 192, 379):
            spans = foresee(way, notes, tick, 8)
            assert spans[0].tick == tick
            assert all(a.tick < b.tick and _chord(a) != _chord(b) for a, b in pairwise(spans))
            assert all(span.tick % BEAT == 0 for span in spans[1:])
            assert all(span.tick < (tick // BEAT + 8) * BEAT for span in spans)
            assert all(span.quality > 0 and 0 <= span.root < 12 and -1 <= span.bass < 12 for span in spans)

    def test_the_same_is_foreseen_from_the_same(self, way: str) -> None:
        notes = tune("cdef", "gabc", "dgbd", "c---")
        assert foresee(way, notes, 300, 8) == foresee(way, notes, 300, 8)

    def test_asking_beat_by_beat_is_as_asking_once(self, way: str) -> None:
        notes = tune("cege", "fafa", "gbdb", "c---", "aaee", "f-d-", "gggb", "c-.-")
        streamed = WAYS[way]()
        for k in range(33):
            now = context(notes, k * BEAT)
            streamed.hear([n for n in now.heard if n.tick == (k - 1) * BEAT], now)
            assert streamed.foresee(now, 4) == foresee(way, notes, k * BEAT), f"beat {k}"

    def test_a_note_that_comes_late_or_grows_counts_as_if_it_had_come_in_time(self, way: str) -> None:
        notes = tune("cege", "f-a-", "gbdb", "gfdb")
        first = [n._replace(duration=6) if n.duration > BEAT else n for n in notes[:10] if n not in notes[2:4]]
        late = WAYS[way]()
        late.foresee(Context(tick=11 * BEAT, heard=tuple(first), key_confidence=1.0), 2)
        after = context(notes, 13 * BEAT)
        assert late.foresee(after, 8) == foresee(way, notes, 13 * BEAT, 8)
        in_time = WAYS[way]()
        in_time.foresee(after, 8)
        assert _said(late) == _said(in_time)

    def test_another_key_moves_the_chords_along(self, way: str) -> None:
        notes = tune("cege", "fafa", "gbdb", "cege")
        up = [n._replace(pitch=n.pitch + 3) for n in notes]
        plain, moved = foresee(way, notes, 384, 8), foresee(way, up, 384, 8, tonic=3)
        assert [((s.root + 3) % 12, s.quality) for s in plain] == [(s.root, s.quality) for s in moved]

    def test_the_key_is_guessed_while_nobody_knows_it(self, way: str) -> None:
        notes = [n._replace(pitch=n.pitch + 2) for n in tune("cege", "fafa", "gbdb", "c-c-")]
        known = foresee(way, notes, 384, tonic=2)
        assert foresee(way, notes, 384, tonic=7, key_confidence=0.0) == known

    @given(music.heard(), some.sampled_from(music.METERS), some.integers(0, 800), some.integers(0, 12))
    @settings(max_examples=15, deadline=None)
    def test_anything_may_be_heard_in_any_meter(self, way: str, heard, meter: Meter, tick: int, beats: int) -> None:
        one = Following(_filter(way))
        one.hear(heard, Context(tick=tick))
        spans = one.foresee(Context(tick=tick, heard=heard, meter=meter, mode=1), beats)
        assert (spans[0].tick == tick) if beats else not spans
        assert all(0 < s.quality < 9 for s in spans)

    def test_a_cadence_comes_home(self, way: str) -> None:
        notes = tune("cege", "fafa", "gbdg", "c---", "cege", "fafa", "cege", "gbdg")
        chords = [(k * 96, *chord) for k, chord in enumerate((C, F, G, C, C, F, C, G))]
        held = [
            Played(tick, 96, 48 + pitch, 80, 0)
            for tick, *chord in chords
            for pitch in chord_classes(ChordSpan(0, *chord))
        ]
        spans = foresee(way, sorted([*notes, *held]), 8 * 96, 1, chords=tuple(ChordSpan(*chord) for chord in chords))
        assert triad(spans[0]) == C


def _chord(span: ChordSpan) -> tuple[int, ...]:
    return span.root, span.quality, span.bass


def sounding(way: str, notes: list[Played], tick: int, tonic: int, mode: int) -> tuple[int, int]:
    """The chord of the beat that has just been sung."""
    upto = beats.beat_at(tick, Meter())
    line = [beats.beat(k, Meter()) for k in range(upto)]
    heard = beats.measure(line, [note[:3] for note in notes])
    whole = Line(line, heard, np.array([b.place for b in line], np.int8), tonic, mode)
    if way == "hmm":
        one: hmm.Markov | Network = hmm.Markov(hmm.load())
    else:
        one = network(SHIPPED["harmony"] / "harmony_int8.onnx")
    state, past = one.start(), NONE
    for k in range(upto):
        past = one.ahead(state, [line[k]], past, mode)[0]
        state = one.step(state, whole, k, past, False)
    chord = (
        one.choose(state, NONE, mode) if isinstance(one, hmm.Markov) else deep.choose(state.chords[0], None, NONE, 0.0)
    )
    return triad(ChordSpan(0, (chord.root + tonic) % 12, chord.quality))


@pytest.mark.parametrize("way", ["hmm", "neural"])
@pytest.mark.parametrize(
    ("bars", "key", "chord"),
    [
        (("cege", "gbdg", "cege", "cege"), (0, 0), C),
        (("cege", "cege", "gfdb", "gfdb"), (0, 0), G),
        (("cege", "gbdg", "fcaf", "fcaf"), (0, 0), F),
        (("acea", "dfad", "acea", "aeca"), (9, 1), A_MINOR),
        (("acea", "eaca", "dfad", "dfad"), (9, 1), D_MINOR),
    ],
    ids=["C", "G7", "F", "Am", "Dm"],
)
def test_an_arpeggio_is_its_chord(way: str, bars: tuple[str, ...], key: tuple[int, int], chord) -> None:
    assert sounding(way, tune(*bars), 16 * BEAT, *key) == chord


def test_rules_hold_between_strong_beats() -> None:
    notes = tune("cege", "fafa", "gbdb", "cege", "aece", "dfad", "gbdf", "c---")
    one = Rules()
    now = [one.foresee(context(notes, k * BEAT), 1)[0] for k in range(32)]
    changed = [k for k in range(1, 32) if (now[k].root, now[k].quality) != (now[k - 1].root, now[k - 1].quality)]
    assert changed
    assert all(k % 2 == 0 for k in changed)


def test_rules_end_a_phrase_of_eight_bars_on_dominant_and_tonic() -> None:
    one = Rules()
    spans = one.foresee(context(tune("cdef", "gfed", "cdef", "gggg", "cdef", "gfed", "cdef"), 7 * 96), 8)
    assert [triad(span) for span in spans] == [G, C]


@pytest.mark.parametrize("way", ["hmm", "neural"])
def test_a_stated_chord_counts(way: str) -> None:
    """The same melody, over chords that are held, or none."""
    notes = tune("eeee", "eeee", "eeee")
    held = [Played(192, 96, pitch, 80, 0) for pitch in (57, 60, 64)]
    over = sorted([*notes, *held])
    chords = (ChordSpan(0, *C), ChordSpan(192, *A_MINOR))
    spans = foresee(way, over, 11 * BEAT, 1, chords=chords)
    assert triad(spans[0]) == A_MINOR


@pytest.mark.parametrize("way", WAYS)
def test_what_is_scored_is_what_is_played(way: str) -> None:
    """Over a written piece, all at once, and live, beat after beat."""
    notes = tune("cege", "fafa", "gbdb", "c---", "aaee", "f-d-", "gggb", "c-ee")
    line = [beats.beat(k, Meter()) for k in range(32)]
    whole = Line(line, beats.measure(line, [n[:3] for n in notes]), np.array([b.place for b in line], np.int8), 0, 0)
    scored = foreseen(_filter(way), Sheet("", "", whole, [NONE] * 32), (1, 2))
    one = WAYS[way]()
    for k in range(31):
        spans = one.foresee(context(notes, k * BEAT), 2)
        live = [next(s for s in reversed(spans) if s.tick <= tick * BEAT) for tick in (k, k + 1)]
        assert [(s.root, s.quality) for s in live] == [tuple(scored[n][k + n - 1][:2]) for n in (1, 2)], f"beat {k}"


def test_a_melody_that_repeats_is_foreseen() -> None:
    """Where a bar came before, what followed is told to the network."""
    notes = tune("cege", "fafa", "gbdb", "c---", "cege", "fafa")
    line = [beats.beat(k, Meter()) for k in range(24)]
    heard = beats.measure(line, [note[:3] for note in notes])
    places = np.array([b.place for b in line])
    assert beats.before(heard, places, 23) == (7, 8)
    assert beats.before(heard, places, 11) == (-1, 0)
    again = tune("cdec", "gggg", "cdec", "eeee", "cdec", "gggg", "cdec")
    heard_again = beats.measure(line, [note[:3] for note in again])
    assert beats.before(heard_again, places, 19) == (11, 4)  # the latest; three bars alike there are none yet
    line28 = [beats.beat(k, Meter()) for k in range(28)]
    heard_again = beats.measure(line28, [note[:3] for note in again])
    assert beats.before(heard_again, np.array([b.place for b in line28]), 27) == (11, 12)  # the longest
    row = deep.row(Line(line, heard, places, 0, 0), 23)
    assert np.flatnonzero(row[41:53]).tolist() == [7]
    assert np.flatnonzero(row[53:65]).tolist() == [11]


def test_beats_of_a_written_piece_follow_its_meters() -> None:
    line = beats.line([(0, 4, 4), (96, 6, 8)], 96 + 144)
    assert [b.tick for b in line] == [0, 24, 48, 72, 96, 132, 168, 204]
    assert [b.bar for b in line] == [0, 0, 0, 0, 1, 1, 2, 2]
    assert [b.place for b in line] == [0, 1, 2, 3, 0, 1, 0, 1]


def test_what_sounds_in_a_beat_is_measured() -> None:
    line = [beats.beat(k, Meter()) for k in range(2)]
    heard = beats.measure(line, [(0, 36, 60), (0, 12, 64), (12, 12, 67)])
    assert heard["sounding"][0, [0, 4, 7]].tolist() == [1.0, 0.5, 0.5]
    assert heard["sounding"][1, 0] == 0.5
    assert heard["starts"].tolist() == [3, 0]
    assert heard["together"].tolist() == [2, 1]
    assert heard["low"].tolist() == [60, 60]


def network(path: Path) -> Network:
    """Of one file, unchecked but for its shapes."""
    return Network(load(path, TASKS["harmony"]["harmony"]))


class TestModel:
    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"none\.onnx"):
            network(tmp_path / "none.onnx")

    def test_a_file_that_was_cut_off(self, tmp_path: Path) -> None:
        path = tmp_path / "cut.onnx"
        path.write_bytes((SHIPPED["harmony"] / "harmony_int8.onnx").read_bytes()[:20_000])
        with pytest.raises(ModelError, match=r"cut\.onnx"):
            network(path)

    def test_a_model_of_other_shapes(self, tmp_path: Path) -> None:
        onnx = pytest.importorskip("onnx", reason="onnx makes the other model")
        one = onnx.helper
        x, y = (one.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 7]) for name in ("row", "chords"))
        graph = one.make_graph([one.make_node("Identity", ["row"], ["chords"])], "other", [x], [y])
        model = one.make_model(graph, opset_imports=[one.make_opsetid("", 17)])
        model.ir_version = 8
        path = tmp_path / "other.onnx"
        path.write_bytes(model.SerializeToString())
        with pytest.raises(ModelError, match=r"other\.onnx"):
            network(path)

    def test_fp32_and_int8_nearly_agree(self) -> None:
        notes = tune("cege", "fafa", "gbdb", "c---", "aaee", "f-d-", "gggb", "c-.-")
        line = [beats.beat(k, Meter()) for k in range(32)]
        heard = beats.measure(line, [note[:3] for note in notes])
        whole = Line(line, heard, np.array([b.place for b in line], np.int8), 0, 0)
        both = [network(SHIPPED["harmony"] / f"{name}.onnx") for name in ("harmony", "harmony_int8")]
        states = [one.start() for one in both]
        for k in range(32):
            states = [one.step(s, whole, k, Chord(0, 1), False) for one, s in zip(both, states, strict=True)]
            assert np.abs(states[0].chords - states[1].chords).max() < 0.1
            assert np.allclose(states[0].chords.sum(1), 1, atol=1e-4)


class TestTables:
    def test_tables_that_are_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(hmm.TableError, match=r"none\.npz"):
            Hmm(tmp_path / "none.npz")

    def test_tables_that_were_cut_off(self, tmp_path: Path) -> None:
        path = tmp_path / "cut.npz"
        path.write_bytes(hmm.PATH.read_bytes()[:500])
        with pytest.raises(hmm.TableError, match=r"cut\.npz"):
            Hmm(path)

    def test_tables_of_another_size(self, tmp_path: Path) -> None:
        path = tmp_path / "other.npz"
        shutil.copy(hmm.PATH, path)
        np.savez(path, **{name: np.zeros(3) for name in hmm.Tables._fields})
        with pytest.raises(hmm.TableError, match=r"other\.npz"):
            Hmm(path)

    def test_chances_sum_to_one(self) -> None:
        tables = hmm.load()
        for table in tables[:3]:
            assert np.allclose(table.sum(-1), 1, atol=1e-5)


def test_triads_and_tones_agree_with_the_chords() -> None:
    for root in range(12):
        for quality in range(1, 9):
            number = deep.index(root, quality)
            assert set(np.flatnonzero(deep.TONES[number])) == set(chord_classes(ChordSpan(0, root, quality)))
            assert deep.TRIAD[number] == hmm.triad(Chord(root, quality))
