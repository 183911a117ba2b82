"""What is in the box: tracks and loops, clips, grooves and presets, and the sets of a DJ who is made up."""

from typing import NamedTuple

DJ = "Ada Vinyl (made up)"
"""Whose sets are in the box's history; nobody of that name has played them."""


class Record(NamedTuple):
    """One piece of music. `chords` a bar each, semitones of the root above the tonic and a quality of dsp.harmony."""

    kind: str  # as daemon.recommend.item.KINDS
    artist: str
    title: str
    style: str  # of presets/styles
    tempo_bpm: float
    key: str  # "A minor"
    energy: float  # 0 hushed .. 1 all out
    chords: str
    bars: int
    parts: str = "chords bass drums melody"
    sounds: tuple[str, str] = ("keys", "lead")  # of the chords and the melody: dsp.synth.patches

    @property
    def name(self) -> str:
        """As its file is called."""
        return f"{self.artist} - {self.title}" if self.artist else self.title


BRIGHT, DARK = ("pad", "pluck"), ("pad", "lead")
TINES, STRINGS = ("keys", "lead"), ("pluck", "keys")

TRACKS = (
    Record("track", "Ines Harrow", "Tidal Clock", "ambient", 90, "A minor", 0.3, "0:min7 8:maj7 3:maj7 10:maj", 12,
           sounds=BRIGHT),
    Record("track", "Paper Lanterns", "Corner Cafe", "bossa", 112, "G major", 0.45, "0:maj7 9:min7 2:min7 7:7", 16,
           sounds=STRINGS),
    Record("track", "Paper Lanterns", "Lime Season", "bossa", 116, "D minor", 0.5, "0:min7 5:min7 10:7 3:maj7", 16,
           sounds=STRINGS),
    Record("track", "Nightbus Trio", "Last Stop", "jazz", 120, "F major", 0.5, "2:min7 7:7 0:maj7 9:7", 16,
           sounds=TINES),
    Record("track", "Holly and the Radios", "Postcard", "pop", 112, "C major", 0.6, "0:maj 9:min 5:maj 7:maj", 16,
           sounds=TINES),
    Record("track", "Holly and the Radios", "Second Summer", "pop", 118, "G major", 0.7, "0:maj 7:maj 9:min 5:maj", 16,
           sounds=STRINGS),
    Record("track", "Delta Works", "Sluice", "techno", 122, "A minor", 0.6, "0:min7 0:min7 8:maj7 10:maj", 16,
           sounds=DARK),
    Record("track", "Delta Works", "Pumping Station", "techno", 126, "E minor", 0.8, "0:min7 0:min7 3:maj7 5:min7", 16,
           sounds=DARK),
    Record("track", "Kilo Volt", "Transformer", "techno", 128, "B minor", 0.9, "0:min7 8:maj7 0:min7 5:min7", 16,
           sounds=BRIGHT),
    Record("track", "Rowan Field", "Over the Stile", "folk", 104, "D major", 0.5, "0:maj 7:maj 9:min 5:maj", 16,
           sounds=STRINGS),
)  # fmt: skip
"""Each longer than half a minute."""

LOOPS = (
    Record("loop", "", "Postcard Chords", "pop", 112, "C major", 0.6, "0:maj 9:min 5:maj 7:maj", 8, "chords", TINES),
    Record("loop", "", "Postcard Rhythm", "pop", 112, "C major", 0.7, "0:maj 9:min 5:maj 7:maj", 8, "bass drums"),
    Record("loop", "", "Harbour Pad", "ambient", 110, "A minor", 0.3, "0:min7 8:maj7 3:maj7 10:maj", 8, "chords",
           BRIGHT),
    Record("loop", "", "Eb Street Band", "pop", 114, "Eb major", 0.6, "0:maj 9:min 5:maj 7:7", 8, "chords bass drums",
           STRINGS),
    Record("loop", "", "Night Bass", "techno", 126, "E minor", 0.8, "0:min7 0:min7 3:maj7 5:min7", 8, "bass drums"),
    Record("loop", "", "Samba Top", "bossa", 116, "G major", 0.5, "0:maj7 9:min7 2:min7 7:7", 8, "chords drums",
           STRINGS),
)  # fmt: skip

CLIPS = (
    Record("clip", "", "Two-Bar Comp in C", "pop", 112, "C major", 0.5, "0:maj 9:min", 4, "chords"),
    Record("clip", "", "Walking Home", "jazz", 120, "F major", 0.5, "2:min7 7:7 0:maj7 9:7", 4, "bass"),
    Record("clip", "", "Answer in Eb", "pop", 112, "Eb major", 0.6, "0:maj 5:maj", 4, "melody"),
    Record("groove", "", "Backbeat", "pop", 112, "C major", 0.7, "0:maj", 4, "drums"),
    Record("groove", "", "Brush and Ride", "jazz", 120, "C major", 0.4, "0:maj", 4, "drums"),
    Record("groove", "", "Four on the Floor", "techno", 126, "C major", 0.9, "0:maj", 4, "drums"),
)

RECORDS = (*TRACKS, *LOOPS, *CLIPS)

PRESETS = ("jazz-trio", "techno", "pop-keys", "folk-answer")
"""Of presets/: what jamd itself can be told to play along with."""

SETS = (
    "Tidal Clock; Harbour Pad; Corner Cafe; Lime Season; Last Stop; Postcard",
    "Corner Cafe; Lime Season; Second Summer; Sluice; Night Bass; Pumping Station; Transformer",
    "Postcard Chords; Postcard; Second Summer; Sluice; Pumping Station; Transformer",
    "Over the Stile; Postcard; Postcard Rhythm; Second Summer; Samba Top; Lime Season; Last Stop",
    "Tidal Clock; Harbour Pad; Corner Cafe; Postcard; Second Summer; Sluice; Pumping Station",
    "Backbeat; Postcard Rhythm; Postcard; Eb Street Band; Over the Stile; Second Summer",
    "Sluice; Pumping Station; Four on the Floor; Transformer",
    "Last Stop; Walking Home; Corner Cafe; Lime Season; Postcard; Second Summer; Sluice",
)
"""What the DJ who is made up played, one set a week: titles."""

DJ_SET = ("Second Summer", "Sluice", "Pumping Station")
"""What `jamd demo --dj` plays."""
