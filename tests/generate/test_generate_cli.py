"""`jamd generate`: a MIDI file is answered on its next downbeat, the files it writes say so, and mistakes are one line."""

import json
from pathlib import Path

import mido
import pytest
from click.testing import CliRunner

from daemon import registry
from daemon.cli import main
from daemon.errors import UserError
from daemon.generate.constraints import Constraints
from daemon.generate.context import Context, Meter
from daemon.generate.masks import broken
from daemon.generate.note import Note
from daemon.outputs.midi_out_file import Sounded, Track, write
from daemon.prompt import read

QUARTER = 480
TUNE = ((62, 0.5), (66, 0.5), (69, 1), (67, 0.5), (66, 0.5), (64, 1), (62, 1), (64, 0.5), (66, 0.5), (67, 1), (69, 1))


def written(
    path: Path, notes=TUNE, bpm: float = 120, meter: tuple[int, int] = (4, 4), channel: int = 0, before: float = 0
) -> Path:
    """A MIDI file of (pitch, quarters) in turn; a pitch of 0 rests."""
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)))
    track.append(mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1]))
    track.append(mido.Message("program_change", channel=channel, program=40))
    rest = round(before * QUARTER)
    for pitch, quarters in notes:
        ticks = round(quarters * QUARTER)
        if not pitch:
            rest += ticks
            continue
        track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=90, time=rest))
        track.append(mido.Message("note_off", channel=channel, note=pitch, time=ticks))
        rest = 0
    file = mido.MidiFile(ticks_per_beat=QUARTER)
    file.tracks.append(track)
    file.save(path)
    return path


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    """Two bars in D major."""
    return written(tmp_path / "tune.mid")


def jamd(*words: object) -> str:
    done = CliRunner().invoke(main, ["generate", *map(str, words)])
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*words: object, says: str) -> None:
    done = CliRunner().invoke(main, ["generate", *map(str, words)])
    assert done.exit_code != 0
    assert says in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


def made(*words: object) -> dict:
    return json.loads(jamd("--json", "--harmony", "rules", *words))


def notes_of(path: Path) -> dict[str, list[tuple[float, float, int, int]]]:
    """Name of a track -> (start, end in quarters, pitch, channel)."""
    found: dict[str, list[tuple[float, float, int, int]]] = {}
    file = mido.MidiFile(path)
    for track in file.tracks:
        now, held = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                assert message.note not in held, f"{track.name}: struck while it sounds"
                held[message.note] = now
            elif message.type in ("note_on", "note_off"):
                start = held.pop(message.note)
                one = (start / file.ticks_per_beat, now / file.ticks_per_beat, message.note, message.channel)
                found.setdefault(track.name, []).append(one)
        assert not held, f"{track.name}: left hanging"
    return found


def test_the_answer_begins_on_the_next_downbeat_in_the_key_that_was_heard(tune: Path):
    found = made("--prompt", tune, "--generator", "motif", "--bars", 2)
    assert found["key"] == "D major"
    assert found["tick"] == 192
    [answer] = found["answers"]
    ticks = [note["tick"] for note in answer["notes"]]
    assert ticks == sorted(ticks)
    assert ticks[0] >= 192
    assert all(note["tick"] + note["duration"] <= 384 for note in answer["notes"])
    assert {note["midi"] % 12 for note in answer["notes"]} <= {2, 4, 6, 7, 9, 11, 1}


def there(name: str) -> str:
    """The name of an answer's generator, if it can be had here."""
    try:
        registry.generator("answer", name)
    except UserError as error:
        pytest.skip(str(error))
    return name


@pytest.mark.parametrize("name", ["motif", "markov", "neural"])
def test_the_performers_constraints_hold(tune: Path, name: str):
    there(name)
    words = ["--key", "D major", "--scale", "major pentatonic", "--low", 60, "--high", 79, "--density", 1]
    found = made("--prompt", tune, "--generator", name, "--temperature", 2.0, "--closeness", 0, *words)
    notes = [Note(n["tick"], n["duration"], n["midi"], n["velocity"]) for n in found["answers"][0]["notes"]]
    wish = Constraints(key="D major", scale="major pentatonic", low=60, high=79, density=1)
    assert notes
    assert broken(notes, Context(tick=192, key_confidence=1.0), wish, 384) == []


@pytest.mark.parametrize("name", ["markov", "neural"])
def test_a_seed_gives_the_same_and_another_gives_another(tune: Path, name: str):
    words = ("--prompt", tune, "--generator", there(name), "--accompany", "folk", "--seed")
    one = made(*words, 3)
    assert one == made(*words, 3)
    assert any(made(*words, seed)["answers"][0]["notes"] != one["answers"][0]["notes"] for seed in (4, 5))


def test_a_last_note_that_rings_over_the_bar_line_puts_nothing_off_unless_it_is_long(tmp_path: Path):
    for longer, tick in ((0.25, 192), (1.5, 288)):
        notes = [*TUNE[:-1], (69, 1 + longer)]
        found = made("--prompt", written(tmp_path / "long.mid", notes), "--generator", "motif")
        assert found["tick"] == tick


def test_the_band_plays_on_chords_in_the_answers_key(tune: Path):
    found = made("--prompt", tune, "--generator", "motif", "--accompany", "pop")
    [answer] = found["answers"]
    assert answer["chords"][0]["tick"] == found["tick"]
    parts = {note["part"] for note in answer["band"]}
    assert parts == {"chords", "bass", "drums"}
    assert all(note["tick"] >= found["tick"] for note in answer["band"])
    assert all(note["tick"] < found["tick"] for note in found["band"])


def test_a_note_struck_again_while_it_sounds_is_two_notes_in_the_file(tmp_path: Path):
    path = tmp_path / "twice.mid"
    notes = [Sounded(0.0, 2.0, 60, 80), Sounded(1.0, 1.5, 60, 80), Sounded(1.5, 3.0, 60, 80)]
    write(path, [Track("a", 3, 0, notes)], [(0.0, 120.0)], [(0.0, 4, 4)])
    assert notes_of(path)["a"] == [(0.0, 1.0, 60, 3), (1.0, 1.5, 60, 3), (1.5, 3.0, 60, 3)]


def test_the_file_has_each_part_on_a_track_and_channel_of_its_own(tune: Path, tmp_path: Path):
    out = tmp_path / "out.mid"
    jamd(
        *("--prompt", tune, "--out", out, "--generator", "motif", "--bars", 2),
        *("--accompany", "jazz", "--harmony", "rules"),
    )
    tracks = notes_of(out)
    assert {"played", "answer: motif", "chords", "bass", "drums"} <= set(tracks)
    for name, channel in (("played", 0), ("answer: motif", 1), ("chords", 2), ("bass", 3), ("drums", 9)):
        assert {note[3] for note in tracks[name]} == {channel}
    starts = [note[0] for note in tracks["answer: motif"]]
    assert min(starts) >= 7.9
    assert max(note[1] for note in tracks["answer: motif"]) <= 16.1
    for name in ("chords", "bass", "drums"):  # to the prompt, and to the answer
        assert min(note[0] for note in tracks[name]) < 8.0 < max(note[0] for note in tracks[name])
    file = mido.MidiFile(out)
    kinds = {message.type for track in file.tracks for message in track}
    assert {"set_tempo", "time_signature", "program_change"} <= kinds
    played = next(track for track in file.tracks if track.name == "played")
    assert next(message.program for message in played if message.type == "program_change") == 40
    assert [(round(n[0], 2), n[2]) for n in tracks["played"]][:3] == [(0.0, 62), (0.5, 66), (1.0, 69)]


def test_of_two_answers_each_follows_the_prompt(tune: Path, tmp_path: Path):
    out = tmp_path / "out.mid"
    jamd("--prompt", tune, "--out", out, "--generator", "motif", "--generator", "markov", "--bars", 2, "--seed", 1)
    tracks = notes_of(out)
    assert len(tracks["played"]) == 2 * len(TUNE)
    assert all(8 <= note[0] < 16 for note in tracks["answer: motif"])
    assert all(24 <= note[0] < 32 for note in tracks["answer: markov"])
    assert tracks["played"][len(TUNE)][0] == 16


def test_what_is_printed_is_a_piano_roll(tune: Path):
    text = jamd("--prompt", tune, "--generator", "motif", "--harmony", "rules")
    assert "by motif" in text
    assert "D major" in text
    assert "heard" in text
    assert "answered" in text


def test_pictures(tune: Path, tmp_path: Path):
    picture = tmp_path / "duet.svg"
    jamd("--prompt", tune, "--picture", picture, "--generator", "motif", "--generator", "markov", "--harmony", "rules")
    for number in (1, 2):
        assert (tmp_path / f"duet-{number}.svg").read_text().startswith("<svg")


def test_a_compound_meter(tmp_path: Path):
    jig = written(tmp_path / "jig.mid", [(67, 0.5), (71, 0.5), (74, 0.5)] * 8, 180, (6, 8))
    prompt = read(jig)
    assert prompt.tempo_bpm == pytest.approx(120, abs=0.01)  # of dotted quarters
    found = made("--prompt", jig, "--generator", "motif", "--bars", 2)
    assert found["meter"] == "6/8"
    assert found["tick"] == 4 * Meter(6, 8).bar_ticks


def test_an_upbeat_before_the_meter_begins_keeps_the_bar_lines(tmp_path: Path):
    path = written(tmp_path / "upbeat.mid", [(67, 1), *TUNE], meter=(1, 4))
    file = mido.MidiFile(path)
    change = mido.MetaMessage("time_signature", numerator=4, denominator=4, time=QUARTER)
    file.tracks.append(mido.MidiTrack([change]))
    file.save(path)
    found = made("--prompt", path, "--generator", "motif")
    assert [note["tick"] for note in found["heard"][:3]] == [72, 96, 108]
    assert found["tick"] == 96 * 3


def test_a_tempo_that_changes_moves_no_note_off_its_beat(tmp_path: Path):
    path = written(tmp_path / "rubato.mid")
    file = mido.MidiFile(path)
    slower = [mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm), time=777) for bpm in (90, 60, 100)]
    file.tracks.append(mido.MidiTrack(slower))
    file.save(path)
    heard = made("--prompt", path, "--generator", "motif")
    plain = made("--prompt", written(tmp_path / "plain.mid"), "--generator", "motif")
    assert [n["tick"] for n in heard["heard"]] == [n["tick"] for n in plain["heard"]]
    assert heard["tempo_bpm"] == pytest.approx(100, abs=0.5)


def test_without_a_model_a_rule_answers_and_a_line_says_so(tune: Path, monkeypatch: pytest.MonkeyPatch):
    from daemon import registry
    from daemon.trained import ModelError

    def missing(role: str, name: str, *_: str):
        raise ModelError("phrase.onnx: no such model; install jamd again, or train it")

    monkeypatch.setattr(registry, "generator", missing)
    done = CliRunner().invoke(main, ["generate", "--prompt", str(tune), "--json"])
    assert done.exit_code == 0, done.stderr
    assert "answer by rule (motif): phrase.onnx" in done.stderr
    assert json.loads(done.stdout)["answers"][0]["generator"] == "motif"


def test_mistakes_are_named(tune: Path, tmp_path: Path):
    refused("--prompt", tmp_path / "no.mid", says="no.mid: there is no such file")
    (tmp_path / "text.mid").write_text("to be or not to be")
    refused("--prompt", tmp_path / "text.mid", says="no MIDI file that can be read")
    mido.MidiFile().save(tmp_path / "empty.mid")
    refused("--prompt", tmp_path / "empty.mid", says="empty.mid: holds no notes")
    drums = written(tmp_path / "drums.mid", [(36, 1), (38, 1)], channel=9)
    refused("--prompt", drums, says="holds drums only")
    slow = written(tmp_path / "slow.mid", bpm=12)
    refused("--prompt", slow, says="its tempo is 12 beats a minute")
    odd = written(tmp_path / "odd.mid", meter=(21, 4))
    refused("--prompt", odd, says="meter = '21/4'")
    refused("--prompt", tune, "--key", "H minor", says="'H minor' is no key")
    refused("--prompt", tune, "--scale", "klezmer", says="'klezmer' is not known")
    refused("--prompt", tune, "--low", 80, "--high", 60, says="low 80 is above high 60")
    refused("--prompt", tune, "--accompany", "polka", says="no style 'polka'")
    refused("--prompt", tune, "--generator", "mozart", says="mozart")
    refused("--prompt", tune, "--out", tmp_path / "none" / "out.mid", says="there is no folder")
    refused("--prompt", tune, "--out", tmp_path / "out.wav", says="end in .mid")
    refused("--prompt", tune, "--picture", tmp_path / "out.png", says="end in .svg")
    refused("--prompt", tune, "--preset", "guitar", says="has no [jam] table")
    refused("--prompt", tune, "--preset", "guitarr", says="did you mean 'guitar'")
