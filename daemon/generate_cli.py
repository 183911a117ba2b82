"""`jamd generate`: a MIDI file is answered as it would be live, and the answer written, drawn or printed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from daemon.errors import UserError
from daemon.options import FILE
from daemon.registry import GENERATORS

PITCH = click.IntRange(0, 127)
PART = click.FloatRange(0.0, 1.0)


class GenerateError(UserError):
    """What cannot be generated; the text is one line."""


def _of(role: str) -> click.Choice:
    return click.Choice(list(GENERATORS[role]))


_CONSTRAINTS: tuple[Callable, ...] = (
    click.option("--key", help="Keep to this key: 'D minor' (default: the key that is heard)."),
    click.option("--scale", help="On that key's tonic: major, dorian, blues, major pentatonic ..."),
    click.option("--chord", type=click.Choice(["free", "beats", "always"]), help="Where only chord tones may start."),
    click.option("--closeness", type=PART, help="0 goes far from the prompt's material, 1 stays with it."),
    click.option("--temperature", type=click.FloatRange(0.0, 4.0), help="0 takes the likeliest, 4 almost anything."),
    click.option("--density", type=click.FloatRange(0.0, 24.0, min_open=True), help="At most so many starts a beat."),
    click.option("--low", type=PITCH, help="Lowest MIDI note."),
    click.option("--high", type=PITCH, help="Highest MIDI note."),
)


def _constrained(command: Callable) -> Callable:
    for option in reversed(_CONSTRAINTS):
        command = option(command)
    return command


@click.command()
@click.option("--prompt", "path", type=FILE, required=True, help="A MIDI file: what the player played.")
@click.option("--out", type=FILE, help="A MIDI file: the prompt and each answer, every part on a track of its own.")
@click.option("--picture", type=FILE, help="A piano roll, as .svg; of several answers one each, numbered.")
@click.option(
    "--generator", "generators", type=_of("answer"), multiple=True,
    help="Who answers; give it again for another answer (default: neural where its model is there).",
)  # fmt: skip
@click.option("--bars", type=click.IntRange(1, 16), default=4, show_default=True, help="Length of an answer.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same notes.")
@_constrained
@click.option("--accompany", "style", metavar="STYLE", help="Chords, bass and drums too: jazz, pop, folk, techno ...")
@click.option("--harmony", type=_of("harmony"), help="Who foresees the chords (default: as for --generator).")
@click.option("--preset", help="Play as this preset's [jam] table says; other options go before it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object of what was heard and made.")
def generate(
    path: Path,
    out: Path | None,
    picture: Path | None,
    generators: tuple[str, ...],
    bars: int,
    seed: int,
    style: str | None,
    harmony: str | None,
    preset: str | None,
    as_json: bool,
    **constraints: Any,
) -> None:
    """Answer a MIDI file as jamd would answer you live: same key, same groove, on the next downbeat.

    Without --out, --picture or --json a small piano roll is printed.

    \b
      jamd generate --prompt in.mid --out out.mid --generator motif --generator markov
      jamd generate --prompt in.mid --accompany jazz --key "D minor" --picture duet.svg
    """
    from daemon import arrangement, duet_out, prompt

    _check(out, ".mid")
    _check(picture, ".svg")
    heard = prompt.read(path)
    table = arrangement.table(_table(preset), seed, bars, style or "", harmony or "")
    given = {name: value for name, value in constraints.items() if value is not None}
    jam = arrangement.jam(table, heard, given, lambda text: click.echo(f"jamd: {text}", err=True))
    duet, names = arrangement.duet(jam, heard, generators)
    answers = [duet.answer(name, bars) for name in names]
    if out is not None:
        duet_out.write(out, heard, duet, answers, bars)
    if picture is not None:
        duet_out.draw(picture, duet, answers, bars, path.stem)
    if as_json:
        click.echo(duet_out.json(path, duet, answers))
    elif out is None and picture is None:
        duet_out.show(duet, answers, bars)
    else:
        done = ", ".join(str(file) for file in (out, picture) if file is not None)
        click.echo(f"{done}: {duet_out.said(duet, answers, bars)}")


def _check(file: Path | None, suffix: str) -> None:
    if file is None:
        return
    if file.suffix.lower() not in (suffix, f"{suffix}i"):
        raise GenerateError(f"{file}: cannot be told what to write; let its name end in {suffix}")
    if not file.absolute().parent.is_dir():
        raise GenerateError(f"{file}: there is no folder {file.parent}; make it first")


def _table(preset: str | None) -> dict[str, Any]:
    """A preset's [jam] table."""
    if preset is None:
        return {}
    import tomllib

    from daemon.desk.preset import PresetError, find

    path = find(preset)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("jam")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PresetError(f"{path}: {error}; give the path of a preset (see presets/)") from None
    if not isinstance(table, dict):
        raise GenerateError(f"{path}: has no [jam] table; choose a preset for playing along (see presets/README.md)")
    return table
