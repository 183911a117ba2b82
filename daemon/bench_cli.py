"""The group of commands that is `jamd bench`."""

import sys
from pathlib import Path

import click

from daemon.options import FILE, SECONDS


@click.group()
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


@bench.command("serve")
@click.option("--seconds", type=SECONDS, default=5.0, show_default=True, help="How long each row takes.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_serve(seconds: float, workers: int, as_json: bool) -> None:
    """Requests a second of each service by 1, 8 and 64 clients of a jamd that plays, and what its sound had of it."""
    from daemon.bench import serve

    sys.exit(serve.run(seconds, workers, as_json))


@bench.command("hearing")
@click.option("--seconds", type=SECONDS, default=20.0, show_default=True, help="How long each live row takes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def bench_hearing(seconds: float, as_json: bool) -> None:
    """What the networks that hear cost a frame, their process's memory, and what the sound has of them."""
    from daemon.bench import hearing

    sys.exit(hearing.run(seconds, as_json))


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
