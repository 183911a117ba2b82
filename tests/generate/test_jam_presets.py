"""The presets for playing along: each is read whole, and whoever answers, no part breaks a constraint."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from daemon import messages as m
from daemon.desk.preset import load
from daemon.duet_out import CHANNELS, PLAYED_CHANNEL
from daemon.generate.duet import Duet
from daemon.generate.live.jam import BAND, PARTS, SOLO, Jam, read
from daemon.generate.masks import broken
from daemon.generate.note import DRUMS

RATE = 48000
FOLDER = Path(__file__).parents[2] / "presets"
PATHS = sorted(path for path in FOLDER.glob("*.toml") if "jam" in tomllib.loads(path.read_text()))
NAMES = ("motif", "markov", "motif")  # the third with another seed
LINE = (69, 72, 74, 76, 74, 72, 71, 69, 67, 65, 69, 72, 71, 68, 69)  # A minor


def table(path: Path, **changes: object) -> Jam:
    values = load(path)[0].jam
    jam, problems = read({**values, "harmony": {"generator": "rules"}, **changes})
    assert problems == []
    return jam


def prompt(tempo_bpm: float) -> list[m.Message]:
    """The line in quarters."""
    each = 60.0 * RATE / tempo_bpm
    found: list[m.Message] = []
    for k, midi in enumerate(LINE):
        for on in (True, False):
            at = round((k if on else k + 0.9) * each)
            found.append(
                m.MidiNote(rate=RATE, sample_time=at, known_at=at, port="k", channel=0, midi=midi, velocity=90, on=on)
            )
    return sorted(found, key=lambda message: message.sample_time)


def test_there_are_those_that_were_promised():
    assert {"jazz-trio", "folk-answer", "pop-keys", "techno", "ambient"} <= {path.stem for path in PATHS}
    modes = {table(path).mode for path in PATHS}
    assert modes == {"answer", "accompany", "continue", "trade", "loop"}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_it_is_read_whole_and_every_part_has_its_chain(path: Path):
    preset, problems = load(path)
    assert problems == []
    jam = table(path)
    assert preset.needs == ""  # it sounds with nothing installed
    assert {slot.plugin for _, slot in preset.document.slots()} == {"jamd:synth"}
    heard = {chain.channel - 1: chain for chain in preset.document.chains}
    assert heard[PLAYED_CHANNEL].midi == ["all"]
    for role in (SOLO, *BAND):
        if role == SOLO or jam.part(role).on:
            assert heard[jam.channel(role)].midi == ["generator"]
            assert jam.channel(role) == CHANNELS[PARTS[role]]  # so that what `jamd generate` writes sounds through it


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_three_answers_break_no_constraint(path: Path):
    for seed, name in enumerate(NAMES):
        jam = table(path, pulse="fixed", tempo_bpm=100.0, seed=seed)
        duet = Duet(jam, [name], prompt(100.0), RATE)
        answer = duet.answer(name, 4)
        ticks = 4 * jam.measure.bar_ticks
        assert duet.downbeat == ticks
        assert answer.notes
        assert broken(answer.notes, answer.told, jam.constraints(SOLO), ticks) == []
        chords = (*(span for span in duet.context.chords if span.tick < ticks), *answer.chords)
        context = msgspec.structs.replace(duet.context, chords=chords)
        for role in BAND:
            notes = [note for note in answer.band if note.part == PARTS[role]]
            if jam.part(role).on:
                assert notes or PARTS[role] == DRUMS
                assert broken(notes, context, jam.constraints(role), ticks) == [], role
            else:
                assert notes == []
        assert duet.band or not any(jam.part(role).on for role in BAND)


def test_the_table_of_presets_names_them():
    text = (FOLDER / "README.md").read_text()
    for path in PATHS:
        assert f"`{path.stem}`" in text
        assert all(snapshot.name in text for snapshot in load(path)[0].snapshots)
