"""The phrase network as it is played: streaming, constraints, what it does with what it is told, and broken models."""

import shutil
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context, Meter
from daemon.generate.deep import copying, known, rows
from daemon.generate.deep.network import Network, Stream, shipped
from daemon.generate.deep.phrase import Bass, Chords, Neural
from daemon.generate.masks import broken
from daemon.generate.note import Note, Played
from daemon.models import shelf
from daemon.models.card import ModelError
from daemon.models.opening import open_folder

BAR = 96
TUNE = (67, 69, 71, 74, 71, 69, 67, 62, 64, 67, 69, 71, 72, 71, 69, 66)


@pytest.fixture(scope="module")
def neural() -> Neural:
    return Neural(drawn=1)


@pytest.fixture(scope="module")
def network() -> Network:
    return shipped("fp32")


def tune(notes: int, first: int = 0) -> tuple[Played, ...]:
    return tuple(Played(first + 12 * k, 12, TUNE[k % 16] + 2 * (k // 16 % 2), 80, 0) for k in range(notes))


def after(heard: tuple[Played, ...], **values) -> Context:
    tick = -(-heard[-1].end // BAR) * BAR if heard else 0
    return Context(**{"tick": tick, "heard": heard, "tonic": 7, "key_confidence": 0.9, **values})


def stream(network: Network) -> Stream:
    return Stream(network, np.zeros(1, rows.SETTING)[0], np.array([[0, BAR]], np.int64))


def chances(one: Stream) -> np.ndarray:
    return np.concatenate([one.time, one.pitches(12)[1][0], one.durations(12, 67, 0)[0]])


def test_the_same_seed_gives_the_same_phrase(neural: Neural) -> None:
    context = after(tune(32))
    first = neural.play(context, Constraints(seed=3), 4 * BAR)
    assert neural.play(context, Constraints(seed=3), 4 * BAR) == first
    assert any(neural.play(context, Constraints(seed=seed), 4 * BAR) != first for seed in range(4, 8))


def test_a_long_answer_is_the_same_again() -> None:
    """What is told and what is drawn are more notes than the network looks back on."""
    generator = Neural(drawn=2)
    context, constraints = after(tune(150), density=8.0), Constraints(seed=3, density=8.0, closeness=0.9)
    first = generator.play(context, constraints, 16 * BAR)
    assert len(first) > 110
    assert generator.play(context, constraints, 16 * BAR) == first


def test_hearing_note_by_note_changes_nothing(neural: Neural) -> None:
    """What was told as it came, with notes that still sounded, is what is told at once."""
    heard, slow = tune(40), Neural(drawn=1)
    for k in (3, 9, 10, 24, 39):
        held = (*heard[:k], heard[k]._replace(duration=6))
        slow.hear(held[-1:], Context(tick=heard[k].end, heard=held, tonic=7, key_confidence=0.9))
    context = after(heard)
    assert slow.play(context, Constraints(seed=1), 4 * BAR) == Neural(drawn=1).play(
        context, Constraints(seed=1), 4 * BAR
    )


def test_going_back_is_having_never_gone(network: Network) -> None:
    one, other = stream(network), stream(network)
    for pitch in TUNE[:8]:
        one.feed(12, pitch, 12, 80)
        other.feed(12, pitch, 12, 80)
    mark, before = one.mark(), chances(one)
    for pitch in TUNE[8:]:
        one.feed(6, pitch, 6, 100)
    one.back(mark)
    np.testing.assert_array_equal(chances(one), before)
    one.feed(24, 60, 24, 80)
    one.rewind(8, 80)
    np.testing.assert_allclose(chances(one), chances(other), atol=1e-5)


@pytest.mark.parametrize("silence", [0, 1, 13])
def test_an_answer_comes_in_on_the_one(neural: Neural, silence: int) -> None:
    heard = tune(29)
    context = after(heard)
    context = msgspec.structs.replace(context, tick=context.tick + silence * BAR)
    for seed in range(8):
        assert neural.play(context, Constraints(seed=seed), 4 * BAR)[0].tick == context.tick


def test_the_two_precisions_say_much_the_same(network: Network) -> None:
    exact, small = stream(network), stream(shipped("int8"))
    for pitch in (*TUNE, *TUNE):
        exact.feed(12, pitch, 12)
        small.feed(12, pitch, 12)
    one, other = exact.pitches(12)[1][0], small.pitches(12)[1][0]
    assert one.argmax() == other.argmax()
    assert np.abs(one - other)[one > one.max() - 4].max() < 1.5


def test_it_copies_what_repeats(network: Network) -> None:
    """The third time through a tune, the note that comes next in it is by far the likeliest."""
    one = stream(network)
    for pitch in (*TUNE, *TUNE, *TUNE[:9]):
        one.feed(12, pitch, 12)
    logits = one.pitches(12)[1][0]
    chance = np.exp(logits - logits.max())
    assert int(logits.argmax()) == TUNE[9]
    assert chance[TUNE[9]] / chance.sum() > 0.6


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 99),
    notes=st.integers(0, 60),
    low=st.integers(0, 127),
    span=st.integers(0, 60),
    density=st.floats(0.2, 12.0),
    grid=st.sampled_from([1, 3, 4, 6, 8, 12, 24]),
    chord=st.sampled_from(["free", "beats", "always"]),
    key=st.sampled_from(["", "C major", "F# minor"]),
    temperature=st.sampled_from([0.0, 0.7, 1.0, 4.0]),
    closeness=st.floats(0.0, 1.0),
    meter=st.sampled_from([Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(5, 4)]),
    silence=st.integers(0, 40),
)
def test_no_constraint_is_ever_broken(
    neural, seed, notes, low, span, density, grid, chord, key, temperature, closeness, meter, silence
) -> None:
    constraints = Constraints(
        **{"seed": seed, "low": low, "high": min(127, low + span), "density": density, "grid": grid, "chord": chord},
        **{"key": key, "temperature": temperature, "closeness": closeness},
    )
    heard = tune(notes)
    tick = (-(-(heard[-1].end if heard else 0) // meter.bar_ticks) + silence) * meter.bar_ticks
    chords = (ChordSpan(0, 7, 1), ChordSpan(tick + 24, 2, 3))
    context = Context(tick=tick, heard=heard, tonic=7, key_confidence=0.9, chords=chords, meter=meter)
    ticks = 2 * meter.bar_ticks
    made = neural.play(context, constraints, ticks)
    assert broken(made, context, constraints, ticks) == []


def stretches(notes: list[Note]) -> set[tuple[tuple[int, int], ...]]:
    """Each twelve notes in a row: intervals, and times between onsets."""
    steps = [(b.pitch - a.pitch, b.tick - a.tick) for a, b in pairwise(notes)]
    return {tuple(steps[k : k + 11]) for k in range(len(steps) - 10)}


def test_what_was_learned_is_not_played_note_for_note(neural: Neural, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prompt of one tune over and over: its likeliest answer is the tune, unless the network learned it elsewhere."""
    heard = tuple(Played(12 * k, 12, TUNE[k % 16], 80, 0) for k in range(48))
    context, constraints = after(heard), Constraints(temperature=0.0, closeness=1.0)
    tune_s = stretches([Note(*note[:5]) for note in heard])
    monkeypatch.setattr(neural, "_known", np.zeros(known.BITS // 8, np.uint8))
    assert stretches(neural.play(context, constraints, 4 * BAR)) & tune_s
    line = np.array([(12, note.pitch, 12) for note in heard], np.int32)
    monkeypatch.setattr(neural, "_known", known.table_of([line]))
    made = neural.play(context, constraints, 4 * BAR)
    assert made
    assert not stretches(made) & tune_s


def test_a_riff_comes_back_with_a_turn_unless_it_is_to_stay(neural: Neural) -> None:
    """The same bar over and over: how many notes of it come back in a row is for closeness to say."""
    heard = tuple(Played(12 * k, 12, TUNE[k % 8], 80, 0) for k in range(32))
    context = after(heard)
    runs = []
    for closeness in (0.0, 0.2, 0.5, 1.0):
        made = neural.play(context, Constraints(temperature=0.0, closeness=closeness), 4 * BAR)
        steps = [(b.pitch - a.pitch, b.tick - a.tick) for a, b in pairwise(made)]
        told = [(b.pitch - a.pitch, b.tick - a.tick) for a, b in pairwise(heard)]
        there = {tuple(told[k : k + n]) for n in range(1, 32) for k in range(len(told) - n + 1)}
        runs.append(max(n for n in range(1, 32) for k in range(len(steps) - n + 1) if tuple(steps[k : k + n]) in there))
    assert runs[0] < 6
    assert runs[1] < 18
    assert runs[3] > 20


def test_few_are_taken_for_known_that_are_not(neural: Neural) -> None:
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(300):
        h = np.zeros(1, copying.HISTORY)[0]
        for pitch in rng.integers(40, 90, 11):
            copying.append(h, 12, int(pitch), 12)
        found += known.completes(neural._known, h, 12, 64)
    assert found < 6


@pytest.mark.parametrize("kind", [Chords, Bass])
def test_other_parts_obey_too(kind) -> None:
    own = tuple(Note(BAR * bar, BAR, pitch, 70, 1) for bar in range(4) for pitch in (55, 59, 62))
    context = after(tune(32), own=own, chords=(ChordSpan(0, 7, 1),))
    constraints = Constraints(polyphony=4, low=36, high=72, chord="always")
    made = kind().play(context, constraints, BAR)
    assert {note.part for note in made} <= {kind.part}
    assert broken(made, context, constraints, BAR) == []


@pytest.mark.parametrize("spoil", ["missing", "truncated", "other"])
def test_a_model_that_cannot_be_used_is_named(tmp_path: Path, spoil: str) -> None:
    folder = tmp_path / "phrase"
    shutil.copytree(shelf.SHIPPED["phrase"], folder)
    trunk = folder / "trunk.int8.onnx"
    if spoil == "missing":
        trunk.unlink()
    elif spoil == "truncated":
        trunk.write_bytes(trunk.read_bytes()[:5000])
    else:
        shutil.copy(folder / "pitch.int8.onnx", trunk)
    with pytest.raises(ModelError, match=r"trunk\.int8\.onnx"):
        open_folder("phrase", folder, "phrase")
