"""A duet as a MIDI file, as pictures, on a terminal, and as JSON."""

from pathlib import Path
from typing import Any

import msgspec

from daemon.generate.duet import Answered, Duet
from daemon.generate.note import BASS, CHORDS, COUNTER, DRUMS, MELODY, PARTS, Note
from daemon.midi.keyboard import DRUMS as DRUM_CHANNEL
from daemon.outputs import midi_out_file, piano_roll, piano_roll_svg
from daemon.outputs.midi_out_file import Sounded, Track
from daemon.outputs.piano_roll import Page, Rolled
from daemon.prompt import Prompt, played
from dsp.harmony import chord_symbol, key_name

PLAYED_CHANNEL = 0
CHANNELS = {MELODY: 1, CHORDS: 2, BASS: 3, COUNTER: 4, DRUMS: DRUM_CHANNEL}
"""Channels (0-15) of the file's parts, as in the presets for playing along: the player's is the first."""
PROGRAMS = {MELODY: 73, CHORDS: 4, BASS: 32, COUNTER: 42, DRUMS: 0}
"""General MIDI, from 0: flute, electric piano, acoustic bass, cello."""
DRAWN_BARS = 4
"""Of the prompt, at most so many bars are drawn."""
ROWS = 14  # of a terminal, for one system


def write(out: Path, prompt: Prompt, duet: Duet, answers: list[Answered], bars: int) -> None:
    """Each answer after the prompt, which is played again before the next one."""
    turn = duet.downbeat + bars * duet.jam.measure.bar_ticks  # ticks
    first = prompt.first / 24
    tracks = {"played": Track("played", PLAYED_CHANNEL, prompt.program, [], [])}
    drums: list[Sounded] = []
    tempos, meters, parts = [], [], dict[str, list[Sounded]]()
    for number, answer in enumerate(answers):
        at = number * turn / 24
        tempos += [(at + (q + first if q else 0.0), bpm) for q, bpm in prompt.tempos]
        meters += [(at + (q + first if k else 0.0), n, unit) for k, (q, n, unit) in enumerate(prompt.meters)]
        notes, beaten, controls = played(prompt, at + first)
        tracks["played"] = tracks["played"]._replace(
            notes=[*tracks["played"].notes, *notes], controls=[*tracks["played"].controls, *controls]
        )
        drums += beaten
        quarter_s = 60.0 / prompt.tempos[-1][1]
        for note in duet.timed([*answer.notes, *duet.band, *answer.band]):
            late = at + note.late_s / quarter_s
            one = Sounded(note.tick / 24 + late, note.end / 24 + late, note.pitch, note.velocity)
            name = f"answer: {answer.generator}" if note.part == MELODY else PARTS[note.part]
            parts.setdefault(name, []).append(one)
            part = MELODY if note.part == MELODY else note.part
            tracks[name] = Track(name, CHANNELS[part], PROGRAMS[part], parts[name])
    if drums:
        tracks["played drums"] = Track("played drums", DRUM_CHANNEL, 0, drums)
    midi_out_file.write(out, list(tracks.values()), tempos, meters)


def _rolled(duet: Duet, answer: Answered) -> list[Rolled]:
    who = {MELODY: piano_roll.ANSWERED, DRUMS: piano_roll.DRUM}
    heard = [Rolled(n.tick, n.end, n.pitch, piano_roll.HEARD, n.velocity) for n in duet.context.heard]
    made: list[Note] = [*duet.band, *answer.band, *answer.notes]
    return heard + [Rolled(n.tick, n.end, n.pitch, who.get(n.part, piano_roll.BAND), n.velocity) for n in made]


def _page(duet: Duet, answer: Answered, bars: int) -> Page:
    """The last bars of the prompt, and the answer."""
    meter = duet.jam.measure
    bar, end = meter.bar_ticks, duet.downbeat
    first = max(0, end - DRAWN_BARS * bar)
    if duet.context.heard:
        first = max(first, duet.context.heard[0].tick // bar * bar)
    chords = {span.tick: span for span in (*duet.context.chords, *duet.chords, *answer.chords)}
    spans = [(tick, chord_symbol(span.name)) for tick, span in sorted(chords.items())]
    return Page(first, end + bars * bar, bar, meter.beat_ticks, piano_roll.gaps(spans), number=1)


def draw(path: Path, duet: Duet, answers: list[Answered], bars: int, title: str) -> None:
    """Write a picture; of several answers one each, numbered. Raises MidiOutError."""
    for number, answer in enumerate(answers, 1):
        file = path if len(answers) == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        text = piano_roll_svg.picture(_rolled(duet, answer), _page(duet, answer, bars), f"{title}, {answer.generator}")
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise midi_out_file.MidiOutError(f"{file}: {error.strerror}; write where files may be written") from None


def show(duet: Duet, answers: list[Answered], bars: int) -> None:
    """Print a piano roll of each."""
    from rich.console import Console

    console = Console(highlight=False)
    plain = not console.encoding.startswith("utf")
    for answer in answers:
        console.print(said(duet, [answer], bars), style="bold", soft_wrap=True)
        page = _page(duet, answer, bars)
        for line in piano_roll.systems(_rolled(duet, answer), page, console.width, ROWS, plain):
            console.print(line, no_wrap=True, crop=True)
        console.print(piano_roll.legend(plain))


def said(duet: Duet, answers: list[Answered], bars: int) -> str:
    """One line: who answered what."""
    context = duet.context
    key = key_name(context.tonic, context.mode) if context.key_confidence > 0 else "key not known"
    who = ", ".join(
        f"{len(answer.notes)} note{'s' * (len(answer.notes) != 1)} by {answer.generator}" for answer in answers
    )
    line = duet.downbeat // duet.jam.measure.bar_ticks + 1
    return (
        f"{who} in {bars} bars from bar {line}; {key}, {duet.jam.meter}, {context.tempo_bpm:.0f} beats a minute, "
        f"seed {duet.jam.seed}"
    )


def json(path: Path, duet: Duet, answers: list[Answered]) -> str:
    """One object: what was heard and made, in ticks of 1/24 quarter."""
    context = duet.context
    return msgspec.json.encode(
        {
            "prompt": str(path),
            "key": key_name(context.tonic, context.mode) if context.key_confidence > 0 else "",
            "meter": duet.jam.meter,
            "tempo_bpm": context.tempo_bpm,
            "tick": duet.downbeat,
            "seed": duet.jam.seed,
            "heard": [_note(note) for note in context.heard],
            "band": [_note(note) for note in duet.band],
            "answers": [
                {
                    "generator": answer.generator,
                    "notes": [_note(note) for note in answer.notes],
                    "band": [_note(note) for note in answer.band],
                    "chords": [{"tick": span.tick, "name": span.name} for span in answer.chords],
                }
                for answer in answers
            ],
        }
    ).decode()


def _note(note: Any) -> dict[str, Any]:
    return {
        "tick": note.tick,
        "duration": note.duration,
        "midi": note.pitch,
        "velocity": note.velocity,
        "part": PARTS[note.part],
    }
