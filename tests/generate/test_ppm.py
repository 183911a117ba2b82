"""Models of every order: what they say sums to one, learns what repeats, and is what can be worked out by hand."""

import numpy as np
import pytest

from daemon.scoring import bits, idyom, ppm
from daemon.scoring.viewpoints import SYMBOLS, TARGETS, VIEWS, Line, line
from daemon.train.generator.corpus import NOTES, Piece

MOTIF = ((0, 12, 67), (12, 12, 69), (24, 24, 71), (48, 12, 74), (60, 12, 71), (72, 24, 69))


def piece(rows: list[tuple[int, int, int]], name: str = "tune", tonic: int = 7) -> Piece:
    notes = np.zeros(len(rows), NOTES)
    for note, (tick, duration, pitch) in zip(notes, rows, strict=True):
        note["tick"], note["duration"], note["pitch"] = tick, duration, pitch
    return Piece("folk", name, notes, [(0, 4, 4)], tonic, 0, [])


def wandering(seed: int, notes: int = 60, tonic: int = 7) -> Piece:
    random = np.random.default_rng(seed)
    durations = random.choice([12, 24, 6], notes)
    ticks = np.cumsum(durations) - durations
    pitches = 67 + np.clip(np.cumsum(random.integers(-3, 4, notes)), -20, 20)
    return piece(list(zip(ticks.tolist(), durations.tolist(), pitches.tolist(), strict=True)), str(seed), tonic)


def repeating(times: int = 8) -> Piece:
    return piece([(96 * bar + tick, duration, pitch) for bar in range(times) for tick, duration, pitch in MOTIF])


def test_a_context_seen_once_counts_half_as_much_as_the_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    # symbols 0 1 0 1 0 in orders 0 and 1, counted everywhere: after 0 came 1 twice, in all 0 three times and 1 twice
    table = ppm.table(16)
    contexts = np.array([[9, 0], [9, 100], [9, 101], [9, 100], [9, 101]], np.uint64)
    for row, symbol in zip(contexts, (0, 1, 0, 1, 0), strict=True):
        ppm.learn(table, row, symbol, False)
    said = np.empty(4)
    ppm.predict(table, np.array([9, 100], np.uint64), 0, said)
    escape = ppm.ESCAPE
    alone = np.array([3, 2, 0, 0]) / (5 + 2 * escape) + 2 * escape / (5 + 2 * escape) / 4
    assert said == pytest.approx(np.array([0, 2, 0, 0]) / (2 + escape) + escape / (2 + escape) * alone)


def test_exclusion_counts_where_no_longer_context_knew_the_symbol() -> None:
    table = ppm.table(16)
    for _ in range(3):
        ppm.learn(table, np.array([9, 100], np.uint64), 2, True)
    ppm.learn(table, np.array([9, 101], np.uint64), 2, True)
    assert sorted(table.counts[: table.used[0]].tolist()) == [1, 2, 3]


def test_what_was_never_seen_is_all_alike_and_a_shift_moves_what_was() -> None:
    table, said = ppm.table(4), np.empty(5)
    ppm.predict(table, np.array([9], np.uint64), 0, said)
    assert said == pytest.approx(np.full(5, 0.2))
    ppm.learn(table, np.array([9], np.uint64), -2, False)
    ppm.predict(table, np.array([9], np.uint64), 3, said)
    assert said.argmax() == 1
    ppm.predict(table, np.array([9], np.uint64), 1, said)  # it would be -1
    assert said == pytest.approx(np.full(5, 0.2))


def test_the_surer_of_two_weighs_more() -> None:
    sure, unsure, out = np.array([0.97, 0.01, 0.01, 0.01]), np.array([0.1, 0.3, 0.3, 0.3]), np.empty(4)
    ppm.mix(np.stack([sure, unsure]), 2.0, out)
    assert out.sum() == pytest.approx(1.0)
    assert out[0] > 0.9
    ppm.mix(np.stack([sure, unsure]), 0.0, out)
    assert out == pytest.approx(np.sqrt(sure * unsure) / np.sqrt(sure * unsure).sum())


@pytest.mark.parametrize("target", TARGETS)
def test_probabilities_sum_to_one_at_every_note(target: str) -> None:
    model = idyom.Model(target, VIEWS[target], [line(wandering(seed)) for seed in range(10)])
    for unseen in (wandering(20), repeating(), piece([(0, 24, 127), (24, 24, 0), (48, 400, 127)], tonic=0)):
        m = line(unseen)
        said = [model.long_term(m), model.short_term(m)]
        for p in (*said, idyom.both(*said)):
            assert p.shape == (len(m.pitch), SYMBOLS[target])
            assert p.sum(axis=1) == pytest.approx(np.ones(len(p)))
            assert (p > 0).all()


def test_a_tune_that_repeats_itself_is_learnt_as_it_goes() -> None:
    known = [line(wandering(seed)) for seed in range(10)]
    values = [next(iter(idyom.bits(target, known, [line(repeating())]))) for target in TARGETS]
    said = {program: float(sum(each[program].mean() for each in values)) for program in idyom.PROGRAMS}
    assert said["PPM both"] < said["PPM long-term"]
    assert said["PPM short-term"] < said["PPM long-term"]
    first, last = (sum(each["PPM short-term"][part].mean() for each in values) for part in (slice(6), slice(-6, None)))
    assert last < 0.25 * first


def test_what_was_learnt_is_known_again_in_another_key() -> None:
    known = [line(wandering(seed)) for seed in range(10)]
    again = wandering(3)
    moved = again.notes.copy()
    moved["pitch"] -= 7
    for name, unseen in (("same", again), ("moved", again._replace(notes=moved, tonic=0)), ("new", wandering(30))):
        (values,) = idyom.bits("pitch", known, [line(unseen)])
        assert (values["PPM long-term"].mean() < 2.0) == (name != "new"), name


def test_what_is_said_of_a_note_does_not_depend_on_later_ones() -> None:
    whole = wandering(40)
    part = whole._replace(notes=whole.notes[:30])
    for target in TARGETS:
        model = idyom.Model(target, VIEWS[target], [line(wandering(seed)) for seed in range(5)])
        long, short = line(whole), line(part)
        assert np.array_equal(model.long_term(long)[:30], model.long_term(short))
        assert np.array_equal(model.short_term(long)[:30], model.short_term(short))


def test_it_says_the_same_twice_and_bits_add_up() -> None:
    train, test = [wandering(seed) for seed in range(5)], [wandering(50), repeating()]
    judges = {"all alike": lambda piece: np.full((len(piece.notes), 3), 2.0)}
    rows = bits.table(train, test, judges)
    assert rows == bits.table(train, test, judges)
    assert {row.set for row in rows} == {"folk", "all"}
    by_name = {row.program: row for row in rows if row.set == "all"}
    assert by_name["all alike"].total == 6.0
    assert by_name["PPM both"].ratio == 1.0
    assert by_name["all alike"].ratio == pytest.approx(6.0 / by_name["PPM both"].total)
    assert len(bits.text(rows).splitlines()) == 1 + len(rows)


def test_symbols_of_a_line() -> None:
    m: Line = line(piece(list(MOTIF)))
    assert m.pitch.tolist() == [67, 69, 71, 74, 71, 69]
    assert m.time.tolist() == [0, 12, 12, 24, 12, 12]
    assert np.diff(m.pitch).tolist() == (m.interval[1:] - 128).tolist()
