"""The order: what the engine process is told, made of a config."""

from pathlib import Path
from typing import Any

from daemon.config import Config


def order(config: Config) -> dict[str, Any]:
    """What the engine process is told: plain values only. Raises SoundFileError for an input file."""
    engine = config.engine
    source: dict[str, Any] | None = None
    source_rate = 48000
    if engine.input in ("performance", "call"):
        arguments = {"leaves_room": engine.input == "call"}
        source = {"name": "daemon.inputs.performance:Performance", "arguments": arguments, "loop": False}
    elif engine.input != "device":
        from daemon.inputs.sound_file import SoundFile, engine_rate

        source_rate = engine_rate(SoundFile(engine.input).rate)
        path = str(Path(engine.input).resolve())
        source = {"name": "daemon.inputs.sound_file:SoundFile", "arguments": {"path": path}, "loop": engine.loop}
    return {
        "driver": engine.driver,
        "device": engine.device,
        "rate": engine.rate,
        "block_size": engine.block_size,
        "channels": engine.channels,
        "dry": engine.dry,
        "wet": engine.wet,
        "ceiling": engine.ceiling,
        "analysers": config.analysers(),
        "source": source,
        "source_rate": source_rate,
        "player": "daemon.rack.player:Player",
    }
