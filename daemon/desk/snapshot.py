"""Snapshots: how a rack sounds, as what differs from the preset itself; recalled in a moment, nothing is loaded.

What a snapshot does not speak of, but another one of the preset does, goes back to what the preset says; what none speaks
of stays as the performer left it. So an empty snapshot is the preset as it was made.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from daemon.rack.model import Gain, Pan, Part, Value

MAX_SNAPSHOTS = 16
"""In one preset."""

Morph = Annotated[float, Meta(ge=0.0, le=60.0, description="seconds, 0.0 to 60.0")]


class ChainLevels(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A chain's levels; None: not spoken of."""

    gain_db: Gain | None = None
    pan: Pan | None = None
    mix: Part | None = None
    mute: bool | None = None


class Snapshot(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Plugins and chains by their names; parameters by the plugin's own ids, normalised or as the plugin writes them."""

    name: str
    morph_s: Morph = 0.0  # how long a recall takes, unless it is asked for another time
    params: dict[str, dict[str, Value | str]] = {}
    bypass: dict[str, bool] = {}
    mix: dict[str, Part] = {}
    chains: dict[str, ChainLevels] = {}
