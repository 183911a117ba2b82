"""`jamd analyze`: a file through the engine in this process, as fast as it goes."""

import itertools
import sys
import threading
from pathlib import Path

import click
import msgspec
import numpy as np

from daemon.config import Config
from daemon.inputs.sound_file import SoundFile, engine_rate
from daemon.native_cache import COMPILING, SLOW_START_S


def run(file: Path, config: Config, as_json: bool, rate: int) -> None:
    """Print what the engine finds in `file`; `rate` 0 takes the file's own."""
    sound = SoundFile(file)
    if rate and not 44100 <= rate <= 96000:
        raise click.BadParameter(f"{rate} is not 44100 to 96000", param_hint="--rate")
    rate = rate or config.engine.rate or engine_rate(sound.rate)
    note = threading.Timer(SLOW_START_S, lambda: click.echo(f"jamd: {COMPILING}", err=True))
    note.daemon = True
    note.start()
    from daemon import bridge, lines, registry
    from daemon import messages as m
    from daemon.engine.offline import SILENCE_AFTER
    from daemon.hearing.offline import Listener

    analysers = [registry.analyser(kind, name) for kind, name in config.analysers()]
    listener = Listener(rate, sound.channels, analysers, config.neural(), config.models.get("hearing", ""))
    note.cancel()
    encode = msgspec.json.Encoder().encode
    silence = np.zeros((sound.channels, SILENCE_AFTER), np.float32)
    for block in itertools.chain(sound.blocks(rate), [silence]):
        for message in bridge.messages(listener.process(block), rate, dense=as_json):
            text = encode(m.plain(message)).decode() if as_json else lines.line(message)
            sys.stdout.write(text + "\n")
    for text in sound.notes:
        click.echo(f"jamd: {text}", err=True)
