"""The command line. Each command imports what it needs when it runs, so that `--help` is quick."""

import sys
from pathlib import Path
from typing import Any

import click

from daemon import __version__
from daemon.ctl.cli import ctl
from daemon.errors import UserError
from daemon.find_cli import find
from daemon.generate_cli import generate
from daemon.keys_cli import keys
from daemon.library_cli import library
from daemon.next_cli import next_
from daemon.options import FILE, SECONDS, with_key
from daemon.osc_cli import osc
from daemon.panic_cli import panic
from daemon.plugins_cli import plugins
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
      jamd next                 what to play next, and why; `jamd library scan DIR` comes first
      jamd jam                  play, and it answers; --preset jazz-trio accompanies you
      jamd generate --prompt in.mid  answer a MIDI file, as jamd would answer you
      jamd render in.wav out.wav --preset guitar  a file through the same plugins, faster than it sounds
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
@click.option("--seconds", type=SECONDS, help="End after this long.")
def run(config_path: Path | None, preset: str | None, seconds: float | None) -> None:
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


@main.group("eval")
def evaluate() -> None:
    """Score what jamd hears and what it plays, on data that it has not learnt from.

    \b
      jamd eval onset --data analysis       an analysis on annotated audio, beside aubio on the same files
      jamd eval generator --data symbolic   the phrase generators, beside PPM models, HMM chords and people
      jamd eval recommend --data sessions   what to play next, beside popularity, item-item, rules and neighbours
    """


def _evaluate(analysis: str) -> None:
    """Add the command that scores an analysis."""

    @evaluate.command(analysis, short_help=f"Score {analysis} on annotated audio.")
    @click.option("--data", type=FILE, required=True, help="A folder of NAME.ogg + NAME.json, or of such folders.")
    @click.option("--split", default="dev", show_default=True, help="Which pieces: dev, test, train, all.")
    @click.option("--json", "as_json", is_flag=True, help="One JSON object for each piece and program.")
    def command(data: Path, split: str, as_json: bool) -> None:
        """Score this analysis on annotated audio by mir_eval, beside aubio on the same files."""
        from daemon import evaluation

        sys.exit(evaluation.run(analysis, data, split, as_json))


for _analysis in ("onset", "f0", "notes", "beat", "chord", "key"):
    _evaluate(_analysis)


@evaluate.command("generator", short_help="Score what foretells, accompanies and answers.")
@click.option("--data", type=FILE, required=True, help="A folder with nottingham/, openewld/, pop909/ ... in it.")
@click.option("--split", type=click.Choice(["dev", "test"]), default="test", show_default=True, help="Which pieces.")
@click.option("--only", type=click.Choice(["bits", "harmony", "sanity"]), help="One of the three tables.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each row.")
def eval_generator(data: Path, split: str, only: str | None, as_json: bool) -> None:
    """Score the phrase generators on pieces of which nothing, in any key, is among those that were learnt.

    \b
    bits     how surprised the network is by a note (time + pitch + duration), beside unigram, bigram, and PPM models
             that have learnt the training pieces (long-term), the piece so far (short-term), or both: fewer is better
    harmony  chords foreseen while only the past is known, beside rules, an HMM, and the chords that people wrote
    sanity   500 answers to the first four bars of a piece, by each generator, beside what people wrote there

    The first run reads the collections, which takes some time; a later one has them from the cache.
    """
    from daemon.scoring import generator

    sys.exit(generator.run(data, split, only or "", as_json))


@evaluate.command("recommend", short_help="Score what is recommended next.")
@click.option("--data", type=FILE, required=True, help="A folder of sessions, or of such folders.")
@click.option("--only", default="", help="One of the folders, by its name.")
@click.option("--models", type=FILE, help="Where the trained models are kept (default: in the cache).")
@click.option("--seed", type=int, default=1, show_default=True, help="What training begins from.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each row.")
def eval_recommend(data: Path, only: str, models: Path | None, seed: int, as_json: bool) -> None:
    """Score what is recommended after every beginning of a session of `test`: HR@10, HR@20, MRR@20, coverage@20.

    \b
    baselines   popularity, item-item, sequential rules, SKNN, VSKNN, STAN
    alone       each family by itself: content, collaborative, deep
    the blend   with a ranking fitted to the set's dev sessions; and with the one that jamd comes with

    A folder holds sessions.tsv, or train.txt and test.txt. What is not trained yet is trained first, on train and dev,
    and kept: that takes from a minute to an hour a set, and needs pip install 'jamd[train]'.
    """
    from daemon.scoring import recommend

    sys.exit(recommend.run(data, only, models, seed, as_json))


@main.group()
def bench() -> None:
    """Measure speed beside peers, in one run on this machine."""


@bench.command("engine")
@click.option("--seconds", type=SECONDS, default=20.0, show_default=True, help="How long each live measure takes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_engine(seconds: float, as_json: bool) -> None:
    """Cost of a hop beside aubio's; the callback under fire beside a Python one; latency from attack to message."""
    from daemon.bench import engine

    sys.exit(engine.run(seconds, as_json))


@bench.command("generator")
@click.option("--seconds", type=SECONDS, default=20.0, show_default=True, help="How long each live measure takes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_generator(seconds: float, as_json: bool) -> None:
    """What a note costs each generator; the callback meanwhile; how near to its time a note leaves in a duet."""
    from daemon.bench import generator

    sys.exit(generator.run(seconds, as_json))


@bench.command("clock")
@click.option("--seconds", type=SECONDS, default=20.0, show_default=True, help="How long ticks are heard.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_clock(seconds: float, as_json: bool) -> None:
    """How evenly MIDI clock leaves while the band and the lights work, beside python-rtmidi and a plain thread."""
    from daemon.bench import clock

    sys.exit(clock.run(seconds, as_json))


@bench.command("panic")
@click.option("--times", type=click.IntRange(1, 100), default=5, show_default=True, help="How often each is done.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_panic(times: int, as_json: bool) -> None:
    """From `jamd panic`, SIGTERM, a killed or hanging daemon, a killed engine: to silence, and to the end of every note."""
    from daemon.bench import panic

    sys.exit(panic.run(times, as_json))


@bench.command("lights")
@click.option("--seconds", type=SECONDS, default=30.0, show_default=True, help="How long each measure takes.")
@click.option("--ledfx", "program", default="ledfx", show_default=True, help="LedFx, where it is not on the PATH.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_lights(seconds: float, program: str, as_json: bool) -> None:
    """From a burst of noise to the first changed sACN packet, beside LedFx; and light on the foreseen beat."""
    from daemon.bench import lights

    sys.exit(lights.run(seconds, program, as_json))


@bench.command("recommend")
@click.option("--seconds", type=SECONDS, default=20.0, show_default=True, help="How long each live measure takes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_recommend(seconds: float, as_json: bool) -> None:
    """Ten suggestions from 100,000 and from 1,000,000 items: time by step, memory, the callback meanwhile."""
    from daemon.bench import recommend

    sys.exit(recommend.run(seconds, as_json))


@bench.command("rack")
@click.option("--seconds", type=SECONDS, default=20.0, show_default=True, help="How long each measure takes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_rack(seconds: float, as_json: bool) -> None:
    """A chain of four plugins: its cost beside a C loop's and pedalboard's, and its callback under fire."""
    from daemon.bench import rack

    sys.exit(rack.run(seconds, as_json))


@bench.command("wire")
@click.option("--seconds", type=SECONDS, default=5.0, show_default=True, help="How long each row takes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_wire(seconds: float, as_json: bool) -> None:
    """The stream to 1, 10 and 100 readers beside a stopped and a slow one, with and without keys; the callback meanwhile."""
    from daemon.bench import wire

    sys.exit(wire.run(seconds, as_json))


@bench.command("set")
@click.option("--data", type=FILE, required=True, help="A folder with symbolic/ in it, whose pieces are rendered.")
@click.option("--tracks", type=click.IntRange(2, 500), default=30, show_default=True, help="How many are played.")
@click.option("--library", type=click.IntRange(2, 5000), default=100, show_default=True, help="Of how many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_set(data: Path, tracks: int, library: int, as_json: bool) -> None:
    """A DJ's set with crossfades, pitch fader and noise: the session that jamd writes, beside the truth."""
    from daemon.bench import played_set

    sys.exit(played_set.run(data, tracks, library, as_json))


@bench.command("recognition")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False, exists=True), required=True, help="Holds symbolic/."
)
@click.option("--tracks", type=click.IntRange(10), default=1100, show_default=True, help="How many are rendered.")
@click.option("--queries", type=click.IntRange(1), default=100, show_default=True, help="How many a row.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_recognition(data: Path, tracks: int, queries: int, as_json: bool) -> None:
    """How often a track is recognised, by fader, noise, mixing and length; the first run renders the tracks."""
    from daemon.bench import recognition

    sys.exit(recognition.run(data, tracks, queries, as_json))


@plugins.command("top")
@click.option("--address", default="tcp://127.0.0.1:5550", show_default=True, help="Where the daemon publishes.")
@click.option("--once", is_flag=True, help="Show one second, and end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a second.")
@with_key
def plugins_top(address: str, once: bool, as_json: bool, key: Any) -> None:
    """Show what each plugin of a running daemon costs, each second, against what a block has."""
    from daemon import plugins_top as command

    sys.exit(command.run(address, once, as_json, key))


main.add_command(ctl)
main.add_command(find)
main.add_command(generate)
main.add_command(keys)
main.add_command(library)
main.add_command(next_)
main.add_command(osc)
main.add_command(panic)
main.add_command(plugins)
main.add_command(train)


if __name__ == "__main__":
    main()
