"""Music models on request: analyse a sound, continue a phrase, say what could be played next.

They are done by processes of their own. Bytes are base64 in JSON. `deadline_ms`: an answer later than this after the request
came is of no use, and is refused (504).
"""

# ruff: noqa: RUF012 - msgspec copies defaults

from typing import Annotated, Any

from msgspec import Meta, Struct

from daemon.desk.commands.command import Command

Deadline = Annotated[float, Meta(gt=0.0, le=600_000.0, description="ms, up to 600000")]


class Analyse(Command, tag="analyse"):
    """All that is heard in a sound, as `jamd analyze --json` says it; with `dense` also the features of each hop.

    One of `file` (a path where the service runs), `sound` (a sound file's bytes), or `samples` (float32, little-endian,
    channels interleaved, at `rate`). `analysis` chooses analysers as a config does: {"onset": "aubio:hfc", "key": "off"};
    networks hear only what is "neural" there, for they take longer.
    """

    file: str = ""
    sound: bytes = b""
    samples: bytes = b""
    rate: Annotated[int, Meta(ge=0, le=384_000, description="Hz")] = 0
    channels: Annotated[int, Meta(ge=1, le=2, description="1 or 2")] = 1
    analysis: dict[str, str] = {}
    dense: bool = False
    deadline_ms: Deadline = 60_000.0


class GivenNote(Struct, forbid_unknown_fields=True):
    """A note of a phrase: from `beat` on (quarters from the first bar line), for so many `beats`."""

    beat: Annotated[float, Meta(ge=0.0, le=100_000.0, description="quarters from the first bar line")]
    beats: Annotated[float, Meta(gt=0.0, le=1_000.0, description="length in quarters")]
    midi: Annotated[int, Meta(ge=0, le=127, description="0 to 127")]
    velocity: Annotated[int, Meta(ge=1, le=127, description="1 to 127")] = 80


class Generate(Command, tag="generate"):
    """Answers to a phrase, as `jamd generate` makes them: one of `notes` and `midi` (a MIDI file's bytes).

    `generators` are those who answer (motif, markov, neural), empty: the network where it is there; `constraints` as in a
    preset's [jam.answer] table; with a `style` chords, bass and drums too.
    """

    notes: list[GivenNote] = []
    midi: bytes = b""
    tempo_bpm: Annotated[float, Meta(ge=30.0, le=300.0, description="quarters a minute, 30 to 300")] = 120.0
    meter: str = "4/4"
    bars: Annotated[int, Meta(ge=1, le=16, description="1 to 16")] = 4
    generators: list[str] = []
    constraints: dict[str, Any] = {}
    style: str = ""
    harmony: str = ""
    seed: int = 0
    deadline_ms: Deadline = 30_000.0


class Recommend(Command, tag="recommend"):
    """What could be played after these `plays`, oldest first: items of the library by number, or by words that find them."""

    plays: list[int | str] = []
    n: Annotated[int, Meta(ge=1, le=50, description="1 to 50")] = 5
    wishes: dict[str, Any] = {}
    dj: str = ""
    deadline_ms: Deadline = 30_000.0


class Models(Command, tag="models"):
    """Which models there are: what each does, its version, licence, figures, and which one is used."""

    deadline_ms: Deadline = 30_000.0


class Cancel(Command, tag="cancel"):
    """An earlier request of this client's is not needed any more: the `id` that it had. It is answered with 499."""

    id: Any


OWN = (Analyse, Generate, Recommend, Models, Cancel)
