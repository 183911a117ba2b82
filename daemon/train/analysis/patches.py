"""What synth plugins play in training sound, and instead of which General MIDI programs.

Factory presets that were measured, each for each of its programs (tests/hearing/test_plugged.py measures some again): a
tenth of a note's peak is there within 15 ms, it stands within 25 cents of its written pitch but for whole octaves, and
soft notes are heard. Strings and pads pass since they are made to speak at once. Left out: what beats or glides too wide
(Soft Chimes, Detuned Techno Lead), has no pitch or another (Steel Drum, Tinkle, Pizzicato, Thumb Piano), noises,
Velocity Backing, whose soft notes cannot be heard. And whole: setBfree, which is never twice the same; ZynAddSubFX,
which takes a second to open and opens a port on the network; synthv1 and padthv1, which end the process where there is
no display; amsynth, which Debian does not build for LV2.
"""

from typing import NamedTuple


class Plugin(NamedTuple):
    """A plugin as it is found and named."""

    uri: str
    package: str  # Debian's
    licence: str


class Patch(NamedTuple):
    """One sound of one plugin."""

    plugin: str  # of PLUGINS
    preset: str  # its factory preset; "": as it opens
    programs: tuple[int, ...]  # General MIDI, in whose place it plays
    octaves: int = 0  # that it sounds above what is written
    alone: bool = False  # plays one note at a time
    turned: tuple[tuple[str, float], ...] = ()  # parameters set otherwise than its preset has them, 0..1


_MDA = "http://drobilla.net/plugins/mda/"
PLUGINS = {name: Plugin(_MDA + name, "mda-lv2", "GPL-3.0-or-later") for name in ("EPiano", "Piano", "DX10", "JX10")} | {
    "Reasonable Synth": Plugin("https://community.ardour.org/node/7596", "ardour-lv2-plugins", "GPL-2.0-or-later")
}

_QUICK = (("env_att", 0.1), ("glide", 0.0))  # of JX10: what swells or glides, without
_QUICK_SHORT = (*_QUICK, ("env_rel", 0.4))
_PIANO, _E_PIANO, _ORGAN, _BASS, _LEAD = (0, 1), (4, 5), (16, 17, 18), (38, 39, 87), (80, 81, 84)

PATCHES = (
    *(Patch("EPiano", name, _E_PIANO) for name in ("Default", "Bright", "Mellow", "Tremolo", "Autopan")),
    *(Patch("Piano", f"{name} Piano", _PIANO) for name in ("Plain", "MDA", "Concert", "Compressed", "Dark", "School")),
    Patch("Piano", "Dance Piano", (0, 1, 2)),
    *(Patch("DX10", f"{name} E.Piano", _E_PIANO) for name in ("Bright", "Jazz", "Fuzzy")),
    Patch("DX10", "E.Piano Pad", (5, 88, 89)),
    Patch("DX10", "Harpsichord", (6,)),
    Patch("DX10", "Funk Clav", (7,), -1),
    Patch("DX10", "Harmonics", (11,)),
    Patch("DX10", "Log Drum", (12,), -1),
    Patch("DX10", "Chiff Organ", (16, 19, 20)),
    Patch("DX10", "Jazz Guitar", (26, 27)),
    Patch("DX10", "Upright Bass 2", (32,), -1),
    Patch("DX10", "E.Bass", (33, 34, 36, 37), -2),
    Patch("DX10", "Sine Bass", (35, 39), -1),
    *(Patch("DX10", f"{name} Bass", _BASS, -2) for name in ("Square", "Thick", "Clunk")),
    Patch("DX10", "Violin", (40, 41, 110), 1),
    Patch("DX10", "Harp", (46,), 1),
    Patch("DX10", "Trumpet", (56, 59), 1),
    Patch("DX10", "Horn", (57, 58, 60), -1),
    Patch("DX10", "Reed 1", (66, 67, 70), -1),
    Patch("DX10", "Reed 2", (64, 65, 68, 71)),
    Patch("DX10", "Space Pad", (88, 90, 92, 94)),
    Patch("DX10", "Sitar", (104,), -1),
    Patch("DX10", "Koto", (107,)),
    Patch("JX10", "Soft E.Piano", _E_PIANO),
    *(Patch("JX10", f"{name} Organ", _ORGAN) for name in ("Click", "Hard")),
    Patch("JX10", "Leslie Organ", _ORGAN, -1),
    Patch("JX10", "Soft Pick Bass", (33, 34), -2, alone=True),
    Patch("JX10", "Fretless Bass", (35,), -2, alone=True),
    *(
        Patch("JX10", name, _BASS, -2, alone=True)
        for name in ("Analog Bass", "Wobble Bass [SA]", "Monosynth", "Moogcury Lite", "Sine Infra-Bass")
    ),
    Patch("JX10", "Trumpet", (56,), 1, alone=True),
    Patch("JX10", "Soft Horn", (60,), -1),
    Patch("JX10", "Brass Section", (61, 62)),
    Patch("JX10", "Detuned Syn Brass [ZF]", (62, 63)),
    *(
        Patch("JX10", "Synth Strings" + more, (44, 48, 49, 50, 51), by, turned=_QUICK)
        for more, by in (("", 0), (" 2", 1))
    ),
    Patch("JX10", "Synth Brass", (61, 62, 63), turned=_QUICK),
    Patch("JX10", "Power PWM", _LEAD, -2, turned=_QUICK),
    Patch("JX10", "Whistler", (78, 79), 2, turned=_QUICK),
    Patch("JX10", "Ghost [SA]", (88, 89, 91, 94), turned=_QUICK),
    Patch("JX10", "Very Soft Pad", (88, 89, 92), turned=_QUICK_SHORT),
    Patch("JX10", "Echo Pad [SA]", (88, 90, 95), turned=_QUICK_SHORT),
    Patch("JX10", "Bubble", (80, 83), 1),
    Patch("JX10", "Car Horn", (80, 82)),
    *(Patch("JX10", name, _LEAD) for name in ("Hard Lead [SA]", "Rubber Backing [ZF]")),
    Patch("JX10", "Solid Backing", (81, 90), -1),
    Patch("JX10", "Steel Drums [ZF]", (114,)),
    Patch("Reasonable Synth", "", (16, 80, 82)),
)


def packages(plugins: set[str]) -> dict[tuple[str, str], list[str]]:
    """The plugins of these names by package and licence: what a card says of them."""
    by: dict[tuple[str, str], list[str]] = {}
    for name in sorted(plugins):
        by.setdefault((PLUGINS[name].package, PLUGINS[name].licence), []).append(name)
    return by
