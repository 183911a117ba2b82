"""What is one tune, and what is not."""

import numpy as np
import pytest

from daemon.train.generator import duplicates
from daemon.train.generator.corpus import NOTES, Piece


def tune(seed: int, notes: int = 64) -> np.ndarray:
    """A random walk in C major, in eighths and quarters."""
    random = np.random.default_rng(seed)
    scale = np.array([octave + step for octave in (48, 60, 72) for step in (0, 2, 4, 5, 7, 9, 11)])
    at = np.clip(10 + np.cumsum(random.integers(-2, 3, notes)), 0, len(scale) - 1)
    made = np.zeros(notes, [("tick", "i4"), ("duration", "i4"), ("pitch", "i2")])
    made["pitch"] = scale[at]
    made["duration"] = random.choice([12, 24], notes)
    made["tick"] = np.cumsum(made["duration"]) - made["duration"]
    return made


def transposed(melody: np.ndarray, semitones: int) -> np.ndarray:
    moved = melody.copy()
    moved["pitch"] += semitones
    return moved


def slower(melody: np.ndarray) -> np.ndarray:
    moved = melody.copy()
    moved["tick"] *= 2
    moved["duration"] *= 2
    return moved


def dotted(melody: np.ndarray) -> np.ndarray:
    """Every second onset comes later."""
    moved = melody.copy()
    moved["tick"][1::2] += 4
    return moved


@pytest.mark.parametrize("copy", [lambda melody: transposed(melody, -5), slower, dotted], ids=["key", "values", "dots"])
def test_a_copy_is_found_in_another_key_in_longer_notes_and_dotted(copy):
    assert duplicates.overlap(copy(tune(1)), tune(1)) == 1.0


def test_an_unrelated_tune_is_not_found():
    assert duplicates.overlap(tune(1), tune(2)) < 0.05


def test_half_a_copy_is_half_found():
    half = np.concatenate([tune(1, 200)[:100], tune(2, 200)[100:]])
    assert 0.4 < duplicates.overlap(half, tune(1, 200)) < 0.65


def test_the_index_finds_what_a_comparison_of_each_with_each_finds():
    train = [tune(seed) for seed in range(20)]
    test = [*(transposed(tune(seed), 3)[: 20 + seed] for seed in range(5)), *(tune(seed) for seed in range(90, 95))]
    for melody, (owner, share) in zip(test, duplicates.nearest(train, test), strict=True):
        each = [duplicates.overlap(melody, other) for other in train]
        assert share == pytest.approx(max(each))
        assert owner == -1 or each[owner] == max(each)


def piece(name: str, melody: np.ndarray) -> Piece:
    notes = np.zeros(len(melody), NOTES)
    for field in melody.dtype.names:
        notes[field] = melody[field]
    return Piece("folk", name, notes, [(0, 4, 4)], 0, 0, [])


def test_copies_are_left_out_and_the_others_kept_in_order():
    train = [piece(str(seed), tune(seed)) for seed in range(20)]
    test = [
        piece("a", tune(30)),
        piece("copy", transposed(tune(4), 7)),
        piece("b", tune(31)),
        piece("slow copy", slower(tune(9))),
        piece("c", tune(32)),
    ]
    assert [kept.name for kept in duplicates.without(train, test)] == ["a", "b", "c"]


def test_nothing_and_a_tune_too_short_are_no_copies():
    short = [piece(str(notes), tune(1)[:notes]) for notes in (0, 1, 7, 8)]
    assert duplicates.without([], []) == []
    assert duplicates.without([], short) == short
    assert duplicates.without([piece("whole", tune(1))], short) == short[:3]
