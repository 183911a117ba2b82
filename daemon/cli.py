"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

import sys
from pathlib import Path
from typing import Any

import click

from daemon import __version__
from daemon.bench_cli import bench
from daemon.ctl.cli import ctl
from daemon.errors import UserError
from daemon.eval_cli import evaluate
from daemon.find_cli import find
from daemon.generate_cli import generate
from daemon.keys_cli import keys
from daemon.library_cli import library
from daemon.models_cli import models
from daemon.next_cli import next_
from daemon.options import FILE, SECONDS, with_key
from daemon.osc_cli import osc
from daemon.panic_cli import panic
from daemon.plugins_cli import plugins
from daemon.replay_cli import replay
from daemon.serve_cli import serve
from daemon.top_cli import top
from daemon.train.cli import train


class _Lines(click.Group):
    """A group whose users get one line for every error they can mend, and an exit code of 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except UserError as error:
            click.echo(f"jamd: {error}", err=True)
            context.exit(1)


@click.group(cls=_Lines, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jamd")
def main() -> None:
    """jamd listens while you play, and says what it hears.

    \b
    First steps:
      jamd demo                 hear and see it work; no sound card needed
      jamd doctor               what is missing here, and the line that installs it
      jamd analyze song.wav     every onset, note, beat, chord and key in a file
      jamd run                  the daemon: listen to the sound card or JACK, publish over ZeroMQ
      jamd run --preset guitar  and play through plugins; `jamd ctl` changes them while they sound
      jamd listen               print what a running daemon publishes
      jamd top                  all of it in a terminal, as it is now
      jamd next                 what to play next, and why; `jamd library scan DIR` comes first
      jamd jam                  play, and it answers; --preset jazz-trio accompanies you
      jamd generate --prompt in.mid  answer a MIDI file, as jamd would answer you
      jamd render in.wav out.wav --preset guitar  a file through the same plugins, faster than it sounds
      jamd serve                answer other programs: analyse, generate, recommend, over HTTP and ZeroMQ
    """


@main.command()
@click.argument("file", type=FILE)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line: events, and level, bands, f0, chroma per hop."
)
@click.option("--config", "config_path", type=FILE, help="Choose analysers: a TOML file's [analysis] table.")
@click.option("--rate", type=int, default=0, help="The engine's rate in Hz, 44100 to 96000 (default: the file's own).")
def analyze(file: Path, as_json: bool, config_path: Path | None, rate: int) -> None:
    """Analyse a sound FILE as fast as it goes, with the very code that runs live.

    Times are seconds from the file's start: `time_s` when something happened, `known_s` when the live engine would
    have said so.
    """
    from daemon import analyze as command
    from daemon import config

    chosen = config.load(config_path) if config_path else config.Config()
    command.run(file, chosen, as_json, rate)


@main.command()
@click.option("--config", "config_path", type=FILE, help="A TOML file; configs/ has one for each use.")
@click.option("--preset", help="Play through this preset: one of presets/ by name, or the path of a file.")
@click.option("--record", type=FILE, help="Keep the last minutes of all that happens in this folder.")
@click.option("--seconds", type=SECONDS, help="End after this long.")
def run(config_path: Path | None, preset: str | None, record: Path | None, seconds: float | None) -> None:
    """Run the daemon until Ctrl-C: listen, analyse, publish, and play through plugins.

    Without a config: a running JACK server, or else the default sound card; ZeroMQ on tcp://127.0.0.1:5550, and
    commands (`jamd ctl`) on tcp://127.0.0.1:5551.
    """
    from msgspec.structs import replace

    from daemon import config
    from daemon.run import run as command

    chosen = config.load(config_path) if config_path else config.Config()
    if preset is not None:
        chosen = replace(chosen, rack=config.Rack(preset))
    if record is not None:
        chosen = replace(chosen, record=replace(chosen.record, folder=str(record)))
    sys.exit(command(chosen, seconds))


@main.command()
@click.argument("file", type=FILE)
@click.argument("out", type=FILE)
@click.option("--preset", required=True, help="What it is played through: one of presets/ by name, or a file's path.")
@click.option("--snapshot", default="", help="As this snapshot of the preset: its name, or its number from 1.")
@click.option("--tail", type=click.FloatRange(0.0, 3600.0), help="Seconds after the end (default: until it is quiet).")
@click.option("--rate", type=int, default=0, help="Hz, 44100 to 96000 (default: the file's own; of MIDI 48000).")
@click.option("--block", type=click.IntRange(16, 4096), default=64, show_default=True, help="Samples done at once.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object of what was done.")
def render(
    file: Path, out: Path, preset: str, snapshot: str, tail: float | None, rate: int, block: int, as_json: bool
) -> None:
    """Play FILE, sound or MIDI, through a preset's plugins into OUT: .wav, .flac, .aiff or .ogg.

    It is what would have sounded live, faster than that. OUT begins where FILE does, whatever the plugins' latency.
    """
    from daemon import render as command

    sys.exit(command.run(file, out, preset, block, rate, tail, snapshot, as_json))


@main.command()
@click.option("--preset", default="", help="One of presets/ by name, or a file's path (default: folk-answer).")
@click.option("--mode", type=click.Choice(["answer", "accompany", "continue", "trade", "loop"]), help="How it plays.")
@click.option("--tempo", type=click.FloatRange(30.0, 300.0), help="Beats a minute (default: found from your playing).")
@click.option("--style", default="", help="How the band plays: jazz, pop, folk, techno, ambient ...")
@click.option("--input", "midi_input", default="", help="A keyboard's MIDI port, by a part of its name (jamd devices).")
@click.option("--config", "config_path", type=FILE, help="A TOML file; configs/ has one for each use.")
@click.option("--no-ui", is_flag=True, help="No live view.")
@click.option("--seconds", type=SECONDS, help="End after this long.")
def jam(
    preset: str,
    mode: str | None,
    tempo: float | None,
    style: str,
    midi_input: str,
    config_path: Path | None,
    no_ui: bool,
    seconds: float | None,
) -> None:
    """Play, and jamd plays along: it answers your phrases, or accompanies you, on the beat.

    Play on a MIDI keyboard, or into the sound card's input. Keys: a answer, c accompany, o go on where you stop,
    t trade, l loop; space is your cue, p ends every note, + and - the temperature, < and > how close it stays to you.
    """
    from daemon.jam import Wish
    from daemon.jam import jam as command

    sys.exit(command(config_path, Wish(preset, mode or "", style, tempo or 0.0, midi_input), no_ui, seconds))


@main.command()
@click.argument("file", type=FILE, required=False)
@click.option("--dj", is_flag=True, help="Three tracks, mixed: jamd recognises them, and suggests the next.")
@click.option("--seconds", type=SECONDS, help="How long to play (default: 30; with --dj all of it).")
@click.option("--no-ui", is_flag=True, help="No live view; print the summary at the end.")
def demo(file: Path | None, dj: bool, seconds: float | None, no_ui: bool) -> None:
    """Play a built-in performance (or FILE) in real time and show what jamd hears, and what would go with it.

    Suggestions come from a small library that jamd renders itself, the first time. Needs no hardware. With a sound card or
    JACK you hear it too. Publishes like `jamd run`; ends with a summary.
    """
    from daemon.demo import demo as command

    if file is not None and dj:
        raise click.UsageError("--dj plays its own tracks; give FILE or --dj")
    sys.exit(command(file, seconds, no_ui, dj))


@main.command()
@click.argument("topic", required=False, default="")
@click.option("--address", default="tcp://127.0.0.1:5550", show_default=True, help="Where the daemon publishes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--all", "everything", is_flag=True, help="Also level, bands, f0 and chroma, which come every hop.")
@click.option("--seconds", type=SECONDS, help="End after this long.")
@with_key
def listen(topic: str, address: str, as_json: bool, everything: bool, seconds: float | None, key: Any) -> None:
    """Print what a running daemon publishes: everything that happens, or one TOPIC such as onset or chroma."""
    from daemon.listen import listen as command

    sys.exit(command(topic, address, as_json, everything, seconds, key))


@main.command()
def schema() -> None:
    """Print the JSON Schema of all messages that a daemon publishes, with their topics."""
    from daemon.messages import schema as command

    click.echo(command.text(), nl=False)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def devices(as_json: bool) -> None:
    """List sound cards, JACK ports and MIDI ports by the names that a config takes."""
    from daemon import devices as command

    sys.exit(command.run(as_json))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list of checks.")
def doctor(as_json: bool) -> None:
    """Say what this machine lacks, the line that mends it, and the block size it can keep."""
    from daemon import doctor as command

    sys.exit(command.run(as_json))


@plugins.command("top")
@click.option("--address", default="tcp://127.0.0.1:5550", show_default=True, help="Where the daemon publishes.")
@click.option("--once", is_flag=True, help="Show one second, and end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a second.")
@with_key
def plugins_top(address: str, once: bool, as_json: bool, key: Any) -> None:
    """Show what each plugin of a running daemon costs, each second, against what a block has."""
    from daemon import plugins_top as command

    sys.exit(command.run(address, once, as_json, key))


for _group in (
    *(bench, ctl, evaluate, find, generate, keys, library, models, next_),
    *(osc, panic, plugins, replay, serve, top, train),
):
    main.add_command(_group)


if __name__ == "__main__":
    main()
