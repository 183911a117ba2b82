"""What the daemon's desk and the engine's rack say to each other: one msgpack message each on a socket, in turn.

The desk sends an `Order` and waits for its `Done`; between, and whenever there is something, the rack sends `News`.
"""

import msgspec

from daemon.plugins.plugin import Info
from daemon.rack.model import Document


class Set(msgspec.Struct, array_like=True):
    """One parameter of a plugin to be `value` (normalised)."""

    uid: int
    param: str
    value: float


class Order(msgspec.Struct, array_like=True):
    """All of it takes effect at one block's start: what is wanted (None: as it is) and parameters to set, in `morph_s`."""

    number: int
    document: Document | None = None
    sets: list[Set] = []
    morph_s: float = 0.0
    ports: list[str] = []  # names of MIDI inputs; the index is `dsp.block.MIDI`'s port
    texts: list[tuple[int, str, float]] = []  # (uid, param, value): say them as text
    values: list[tuple[int, str, str]] = []  # (uid, param, text): say them as values
    save: str = ""  # a folder: write each plugin's state there, as UID.state


class Done(msgspec.Struct, array_like=True, tag="done"):
    """An order is carried out: what was opened, what could not be (its slot passes dry), and what was asked."""

    number: int
    opened: dict[int, Info] = {}
    failed: dict[int, str] = {}
    params: dict[int, dict[str, float]] = {}  # every value of those opened, by id
    warned: list[
        str
    ] = []  # unknown parameters, texts that mean nothing, states that were not taken: the rest is as asked
    texts: list[str] = []  # one that begins with `!` is an error
    values: list[float | str] = []  # a text is an error, and begins with `!`
    saved: dict[int, str] = {}  # uid -> path


class Load(msgspec.Struct, array_like=True):
    """One plugin's work, in us, over the last second, and what was wrong with it since it was opened."""

    uid: int
    min_us: float
    mean_us: float
    p99_us: float
    max_us: float
    latency_samples: int
    misses: int  # blocks that its process did not do in time
    bad_samples: int  # NaN, infinite, or beyond any sense; silenced
    denormals: int  # flushed to zero


FOR_GOOD = "it passes dry until it is changed or revived"
"""How the line about a chain ends whose process is not started again."""


class News(msgspec.Struct, array_like=True, tag="news"):
    """What happened without an order."""

    changed: list[Set] = []  # by the plugins themselves
    loads: list[Load] = []  # once a second
    died: dict[int, str] = {}  # chain uid -> what became of its process; see FOR_GOOD
    back: list[int] = []  # chain uids whose process is back
    latency_samples: int = -1  # of the whole rack, where it changed
