"""What a performer allows. Every generator's notes obey it, whatever it is made of; `masks` says how."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.generate.note import TICKS

Pitch = Annotated[int, Meta(ge=0, le=127)]
Seed = Annotated[
    int, Meta(ge=-(2**63), le=2**63 - 1, description="a whole number of 64 bits")
]  # so that it can be sent


class Constraints(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of one part's notes. The defaults allow what sounds well in most music."""

    key: str = ""  # "D minor"; empty: the key that is heard
    scale: str = ""  # of context.SCALES, on that key's tonic; empty: the key's own (minor: with both sevenths)
    chord: Literal["free", "beats", "always"] = "free"  # where only the chord's tones may start
    low: Pitch = 48
    high: Pitch = 84
    density: Annotated[float, Meta(gt=0.0, le=24.0)] = 4.0  # at most so many notes start within any beat
    polyphony: Annotated[int, Meta(ge=1, le=16)] = 1  # at most so many sound at once
    grid: Annotated[int, Meta(ge=1, le=TICKS)] = (
        6  # notes start on multiples of so many ticks: 6 sixteenths, 8 triplets
    )
    repetition: Annotated[int, Meta(ge=1, le=64)] = 3  # at most so many times one pitch in a row
    closeness: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.5  # 0 goes far from the player's material, 1 stays with it
    temperature: Annotated[float, Meta(ge=0.0, le=4.0)] = 1.0  # 0 always takes the likeliest
    top_p: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.95
    seed: Seed = 0  # the same seed, context and constraints give the same notes
