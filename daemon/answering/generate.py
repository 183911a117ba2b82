"""Generate: answers to a phrase, as `jamd generate` makes them: the same notes for the same phrase and seed."""

import re
from pathlib import Path
from typing import Any

from daemon import arrangement, duet_out, prompt
from daemon.answering.bench import Bench
from daemon.desk.commands.services import Generate
from daemon.errors import Refused
from daemon.generate.context import ChordSpan
from daemon.generate.live.jam import meter_of
from daemon.generate.note import PARTS, Note
from daemon.outputs import midi_out_file
from daemon.outputs.midi_out_file import Sounded, Track
from daemon.registry import GENERATORS
from dsp.harmony import key_name

MOST_NOTES = 4096
MIDI_BYTES = 1 << 20
LONGEST_BARS = 256  # of a phrase
MOST_ANSWERS = 8
NAME = re.compile(r"[\w .+-]{1,64}")


def generate(command: Generate, bench: Bench) -> dict[str, Any]:
    """{"key", "meter", "tempo_bpm", "seed", "beat", "answers", "band": [notes], "midi": bytes, "said": [for a person]}.

    `beat` is where the answers begin. Each answer is {"generator", "notes", "band", "chords": [{"beat", "name"}]}; a note is
    {"beat", "beats", "midi", "velocity", "part"}; beats are quarters from the phrase's first bar line. `midi` is a MIDI file
    of it all. Raises UserError, Stopped. [worker]
    """
    _check(command)
    said: list[str] = []
    heard = prompt.read(_path(command, bench))
    _check_length(heard)
    table = arrangement.table({}, command.seed, command.bars, command.style, command.harmony)
    jam = arrangement.jam(table, heard, command.constraints, said.append)
    bench.go_on()
    duet, names = arrangement.duet(jam, heard, command.generators)
    answers = []
    for name in names:
        bench.go_on()
        answers.append(duet.answer(name, command.bars))
    out = bench.folder / "made.mid"
    duet_out.write(out, heard, duet, answers, command.bars)
    context = duet.context

    def notes(made: list[Note]) -> list[dict[str, Any]]:
        return [_note(note, heard.first) for note in made]

    def chords(spans: list[ChordSpan]) -> list[dict[str, Any]]:
        return [{"beat": (span.tick - heard.first) / 24, "name": span.name} for span in spans]

    return {
        "key": key_name(context.tonic, context.mode) if context.key_confidence > 0 else "",
        "meter": jam.meter,
        "tempo_bpm": context.tempo_bpm,
        "seed": jam.seed,
        "beat": (duet.downbeat - heard.first) / 24,
        "answers": [
            {
                "generator": answer.generator,
                "notes": notes(answer.notes),
                "band": notes(answer.band),
                "chords": chords(answer.chords),
            }
            for answer in answers
        ],
        "band": notes(duet.band),
        "midi": out.read_bytes(),
        "said": [bench.plain(note) for note in said],
    }


def _note(note: Note, first: int) -> dict[str, Any]:
    return {
        "beat": (note.tick - first) / 24,
        "beats": note.duration / 24,
        "midi": note.pitch,
        "velocity": note.velocity,
        "part": PARTS[note.part],
    }


def _check(command: Generate) -> None:
    """Raises Refused for what would not be noticed below, or be read as a path there."""
    unknown = [name for name in command.generators if name not in GENERATORS["answer"]]
    if unknown:
        names = ", ".join(GENERATORS["answer"])
        raise Refused(422, f"generate: generators: there is no {unknown[0][:40]!r}; choose among {names}")
    if len(command.generators) > MOST_ANSWERS:
        raise Refused(413, f"generate: {len(command.generators)} generators; {MOST_ANSWERS} are the most")
    if command.harmony and command.harmony not in GENERATORS["harmony"]:
        names = ", ".join(GENERATORS["harmony"])
        raise Refused(422, f"generate: harmony: there is no {command.harmony[:40]!r}; choose one of {names}")
    if command.style and not NAME.fullmatch(command.style.removesuffix(".toml")):
        raise Refused(422, f"generate: style = {command.style[:40]!r} is no name; give one such as jazz, pop or folk")
    if command.style.endswith(".toml"):
        raise Refused(422, "generate: style: give a name such as jazz, not a file")


def _check_length(heard: prompt.Prompt) -> None:
    quarters = max(at for at, _ in heard.events)
    _, beats, unit = heard.meters[-1]
    bars = quarters * unit / 4 / beats
    if len(heard.events) > 2 * MOST_NOTES or bars > LONGEST_BARS:
        text = f"a phrase of {len(heard.events) // 2} notes in {bars:.0f} bars"
        raise Refused(413, f"generate: {text}; {MOST_NOTES} and {LONGEST_BARS} are the most, so give its end only")


def _path(command: Generate, bench: Bench) -> Path:
    """The phrase as a MIDI file, so that it is heard as a file with it is. Raises UserError."""
    if bool(command.notes) == bool(command.midi):
        what = "notes and midi" if command.notes else "no phrase"
        raise Refused(422, f"generate: {what} given; give one of notes and midi (a MIDI file's bytes)")
    if len(command.midi) > MIDI_BYTES:
        text = f"a MIDI file of {len(command.midi)} bytes; {MIDI_BYTES} are the most"
        raise Refused(413, f"generate: {text}, so give the phrase's end only")
    if command.midi:
        return bench.file(command.midi)
    if len(command.notes) > MOST_NOTES:
        raise Refused(
            413, f"generate: {len(command.notes)} notes; {MOST_NOTES} are the most, so give the phrase's end only"
        )
    meter_of(command.meter)
    path = bench.folder / "given"
    notes = [Sounded(one.beat, one.beat + one.beats, one.midi, one.velocity) for one in command.notes]
    beats, _, unit = command.meter.partition("/")
    midi_out_file.write(path, [Track("given", 0, 0, notes)], [(0.0, command.tempo_bpm)], [(0.0, int(beats), int(unit))])
    return path
