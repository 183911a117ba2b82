"""What can be played next: an item of the library, of one of five kinds, with what it is called and how it sounds."""

import msgspec

KINDS = ("track", "loop", "clip", "groove", "preset")

N_CURVE = 32
N_TIMBRE = 24
TRAITS = ("danceability", "valence", "acousticness", "instrumentalness", "speechiness")
"""What streaming services say of a track, each 0..1; jamd takes them where an import has them."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How an item sounds. `None`, -1 or an empty tuple: not known."""

    duration_s: float | None = None
    tempo_bpm: float | None = None
    tempo_stability: float | None = None  # 0..1: the share of beats within 4 % of the tempo
    key: int = -1  # 0..11 C major to B major, 12..23 C minor to B minor
    key_strength: float | None = None  # 0..1
    loudness_lufs: float | None = None  # integrated, BS.1770
    energy: float | None = None  # 0..1
    energy_curve: tuple[float, ...] = ()  # N_CURVE values 0..1 over the whole
    onset_density: float | None = None  # onsets a second
    chroma: tuple[float, ...] = ()  # 12 shares from C, their sum 1
    timbre: tuple[float, ...] = ()  # N_TIMBRE numbers
    traits: tuple[float | None, ...] = ()  # as TRAITS
    intro_beats: int | None = None  # before it is at its full energy, and
    outro_beats: int | None = None  # after it was
    first_beat_s: float | None = None  # the first downbeat


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to play. `id` is the library's, from 1."""

    id: int
    kind: str = "track"
    path: str = ""
    title: str = ""
    artist: str = ""
    album: str = ""
    genre: str = ""  # several are divided by "; "
    tags: tuple[str, ...] = ()  # words of the DJ's own, crates
    year: int | None = None
    rating: int | None = None  # 0..5
    added: float = 0.0  # seconds since 1970
    profile: Profile = Profile()
