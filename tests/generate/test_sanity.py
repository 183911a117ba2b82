"""Figures of phrases that can be counted by hand, and of generators beside people."""

from math import isnan, log2

import numpy as np
import pytest

from daemon.generate.context import Meter
from daemon.generate.note import Note
from daemon.scoring import figures, plagiarism, sanity
from daemon.train.generator.corpus import NOTES, Piece

FOUR = Meter(4, 4)
SCALE = [Note(24 * k, 24, pitch) for k, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72))]


def melody(pitches: list[int], step: int = 12) -> np.ndarray:
    made = np.zeros(len(pitches), NOTES)
    made["pitch"], made["tick"], made["duration"] = pitches, np.arange(len(pitches)) * step, step
    return made


def test_a_scale_is_in_its_key_and_like_itself() -> None:
    said = figures.figures(SCALE, SCALE, 0, 0, FOUR, 192)
    assert said.in_scale == said.groove == said.motifs == said.on_tonic == said.on_triad == 1.0
    assert said.density == 1.0
    assert said.range == 12
    assert said.entropy == pytest.approx(-(0.25 * log2(0.25) + 6 / 8 * log2(1 / 8)))
    assert isnan(said.resolved)


def test_another_key_rhythm_and_end() -> None:
    phrase = [Note(12, 12, 66), Note(36, 12, 66)]
    said = figures.figures(phrase, SCALE, 0, 0, FOUR, 192)
    assert said.in_scale == said.entropy == said.on_tonic == said.on_triad == 0.0
    assert said.groove == 1 - 10 / 32
    assert said.density == 0.25
    assert isnan(said.motifs)
    assert figures.figures([Note(0, 24, 67)], SCALE, 0, 0, FOUR, 192).on_triad == 1.0


def test_nothing_has_no_figures() -> None:
    said = figures.figures([], SCALE, 0, 0, FOUR, 192)
    assert said.density == 0.0
    assert isnan(said.in_scale)


def test_leaps_are_resolved_by_a_step_back_or_a_chord_tone() -> None:
    assert figures.resolved([60, 69, 67], 2, 0) == 1.0  # a step back
    assert figures.resolved([60, 69, 72], 0, 0) == 1.0  # to the tonic
    assert figures.resolved([60, 69, 71], 0, 0) == 0.0  # on and on
    assert figures.resolved([60, 69, 67, 74, 77], 2, 0) == 0.5
    assert isnan(figures.resolved([60, 65, 66], 0, 0))  # a fourth is no leap


def test_a_copy_is_found_in_any_key_and_not_across_tunes() -> None:
    train = [melody([60, 62, 64, 65, 67, 72, 71, 55]), melody([60, 70, 61, 71, 62])]
    copy = melody([80, 67, 69, 71, 72, 74, 40])
    assert plagiarism.longest(train, [copy]) == [5]
    assert plagiarism.longest(train, [melody([60, 62, 64, 65, 67, 72, 71, 55, 60, 70, 61])]) == [8]
    slow = melody([60, 62, 64, 65, 67], step=24)
    assert plagiarism.longest(train, [slow]) == [1]
    assert plagiarism.longest(train, [slow], rhythm=False) == [5]
    assert plagiarism.longest(train, [melody([]), melody([60]), melody([60, 63])]) == [0, 1, 1]
    assert plagiarism.longest([], [copy]) == [1]


def test_each_phrase_has_its_own_longest_copy() -> None:
    random = np.random.default_rng(1)
    train = [melody(random.integers(40, 90, 50).tolist()) for _ in range(20)]
    phrases = []
    for length in range(5, 20):
        made = melody(random.integers(90, 128, 24).tolist())
        made["pitch"][3 : 3 + length] = train[length]["pitch"][5 : 5 + length] - 3
        phrases.append(made)
    assert plagiarism.longest(train, phrases) == list(range(5, 20))


def test_what_the_prompt_has_is_not_copied_from_what_was_learnt() -> None:
    train = [melody([60, 62, 64, 65, 67, 72, 71, 55, 58, 51])]
    phrase, prompt = melody([60, 62, 64, 65, 67, 72, 71]), melody([50, 52, 54, 55, 57])
    assert plagiarism.longest(train, [phrase]) == [7]
    assert plagiarism.longest(train, [phrase], prompts=[phrase]) == [1]
    assert plagiarism.longest(train, [phrase, phrase], prompts=[phrase[:6], melody([])]) == [7, 7]
    assert plagiarism.longest(train, [phrase[:5], phrase[:5]], prompts=[prompt, melody([1, 90])]) == [1, 5]


def tune(name: str, bars: int = 10, upbeat: bool = False, meters: list | None = None) -> Piece:
    rows = [(96 * bar + 24 * beat, 24, 60 + (bar * 4 + beat) * 7 % 12) for bar in range(bars) for beat in range(4)]
    if upbeat:
        rows = rows[3:]
    notes = np.zeros(len(rows), NOTES)
    notes["tick"], notes["duration"], notes["pitch"] = np.array(rows).T
    return Piece("folk", name, notes, meters or [(0, 4, 4)], 0, 0, [])


def test_a_prompt_is_four_bars_and_what_follows_four_more() -> None:
    prompt = sanity.prompt_of(tune("a"))
    assert prompt is not None
    assert (prompt.tick, prompt.ticks, len(prompt.heard), len(prompt.follows)) == (384, 384, 16, 16)
    late = sanity.prompt_of(tune("b", upbeat=True))
    assert late is not None
    assert (late.tick, len(late.heard)) == (480, 17)
    assert sanity.prompt_of(tune("short", bars=4)) is None
    assert sanity.prompt_of(tune("changes", meters=[(0, 4, 4), (192, 3, 4)])) is None
    assert sanity.prompt_of(tune("said late", upbeat=True, meters=[(96, 4, 4)])) is not None


class Parrot:
    """Plays what it has just heard."""

    def hear(self, notes, context) -> None:
        self.notes = notes

    def play(self, context, constraints, ticks) -> list[Note]:
        assert constraints.key == "C major"
        return [Note(note.tick + ticks, note.duration, note.pitch) for note in self.notes]


class Silent(Parrot):
    """Says nothing."""

    def play(self, context, constraints, ticks) -> list[Note]:
        return []


def test_generators_beside_people() -> None:
    pieces = [tune(str(n)) for n in range(5)]
    rows = sanity.table([tune("learnt", 4)], pieces, {"parrot": Parrot, "silent": Silent}, most=3)
    people, parrot, silent = rows
    assert [row.generator for row in rows] == ["people", "parrot", "silent"]
    assert {row.phrases for row in rows} == {3}
    assert parrot.figures.groove == parrot.figures.motifs == 1.0
    assert parrot.copied == parrot.copied_most == 16
    assert parrot.copied_little == 0.0
    assert parrot.copied_new == parrot.copied_new_little == 1.0
    assert people.figures.in_scale < 1.0
    assert silent.empty == 3
    assert isnan(silent.figures.range)
    assert silent.copied_little == 1.0
    assert len(sanity.text(rows).splitlines()) == 4
