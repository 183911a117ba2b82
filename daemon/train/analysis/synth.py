"""FluidSynth in this process: notes of one instrument to sound, each where it should start to within a millisecond.

Its C library is called directly (https://www.fluidsynth.org/api/): pyfluidsynth gives 16-bit stereo alone, and finds the
library by the linker's tools, which a bare machine lacks. FluidSynth starts a note at the next of its blocks of 64
samples, so that a start is at most 0.73 ms off, early as often as late.
"""

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from daemon.errors import UserError

RATE = 44100
BLOCK = 64  # samples
DRUM_BANK = 128
BEND_SEMITONES = 12
INSTALL = "sudo apt install fluidsynth fluid-soundfont-gm timgm6mb-soundfont fluidr3mono-gm-soundfont csound-soundfont"
FOLDERS = (
    "/usr/share/sounds/sf2",
    "/usr/share/sounds/sf3",
    "/usr/share/soundfonts",
    "/usr/share/fluidr3mono-gm-soundfont",
)
FONTS = ("FluidR3_GM.sf2", "TimGM6mb.sf2", "FluidR3Mono_GM.sf3", "sf_GMbank.sf2")
"""General MIDI fonts with clear licences: Fluid (R3) MIT, TimGM6mb GPL-2, Fluid (R3) Mono MIT, Csound's public domain."""

_VOID, _INT, _TEXT = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
_FUNCTIONS: dict[str, tuple[object, list[object]]] = {
    "new_fluid_settings": (_VOID, []),
    "delete_fluid_settings": (None, [_VOID]),
    "new_fluid_synth": (_VOID, [_VOID]),
    "delete_fluid_synth": (None, [_VOID]),
    "fluid_settings_setnum": (_INT, [_VOID, _TEXT, ctypes.c_double]),
    "fluid_settings_setint": (_INT, [_VOID, _TEXT, _INT]),
    "fluid_set_log_function": (_VOID, [_INT, _VOID, _VOID]),
    "fluid_synth_sfload": (_INT, [_VOID, _TEXT, _INT]),
    "fluid_synth_program_select": (_INT, [_VOID, _INT, _INT, _INT, _INT]),
    "fluid_synth_noteon": (_INT, [_VOID, _INT, _INT, _INT]),
    "fluid_synth_noteoff": (_INT, [_VOID, _INT, _INT]),
    "fluid_synth_cc": (_INT, [_VOID, _INT, _INT, _INT]),
    "fluid_synth_pitch_bend": (_INT, [_VOID, _INT, _INT]),
    "fluid_synth_pitch_wheel_sens": (_INT, [_VOID, _INT, _INT]),
    "fluid_synth_reverb_on": (_INT, [_VOID, _INT, _INT]),
    "fluid_synth_chorus_on": (_INT, [_VOID, _INT, _INT]),
    "fluid_synth_set_reverb_group_roomsize": (_INT, [_VOID, _INT, ctypes.c_double]),
    "fluid_synth_set_reverb_group_level": (_INT, [_VOID, _INT, ctypes.c_double]),
    "fluid_synth_write_float": (_INT, [_VOID, _INT, _VOID, _INT, _INT, _VOID, _INT, _INT]),
}


class SynthError(UserError):
    """FluidSynth or every sound font is missing."""


def fonts(folders: Sequence[Path] = ()) -> list[Path]:
    """The fonts that are there, in the order of FONTS, in the given folders or where Debian puts them. Raises SynthError."""
    where = list(folders) or [Path(one) for one in FOLDERS]
    found = [next((f / name for f in where if (f / name).exists()), None) for name in FONTS]
    if kept := [font for font in found if font is not None]:
        return kept
    raise SynthError(f"no sound font in {', '.join(map(str, where))}: {INSTALL}")


def _library() -> ctypes.CDLL:
    for name in ("libfluidsynth.so.3", "libfluidsynth.so.2", "libfluidsynth.3.dylib"):
        try:
            library = ctypes.CDLL(name)
            break
        except OSError:
            continue
    else:
        raise SynthError(f"FluidSynth is needed to make training sound: {INSTALL}")
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Synth:
    """One font, dry but for what a call asks; kept for as long as its process plays. [worker]

    Each call plays on a synthesiser of its own: one that has played before sounds a little otherwise. The first one only
    keeps what has been read of the font.
    """

    def __init__(self, font: Path) -> None:
        """Raises SynthError."""
        self._lib = _library()
        for level in range(4):
            self._lib.fluid_set_log_function(level, None, None)
        self._settings = self._lib.new_fluid_settings()
        for name, number in {b"synth.sample-rate": RATE, b"synth.gain": 0.5}.items():
            self._lib.fluid_settings_setnum(self._settings, name, number)
        plain = {b"synth.polyphony": 96, b"synth.dynamic-sample-loading": 1, b"synth.threadsafe-api": 0}
        for name, value in plain.items():
            self._lib.fluid_settings_setint(self._settings, name, value)
        self.font = font
        self._kept, _ = self._open()

    def _open(self) -> tuple[int, int]:
        synth = self._lib.new_fluid_synth(self._settings)
        font = self._lib.fluid_synth_sfload(synth, str(self.font).encode(), 1)
        if font < 0:
            raise SynthError(f"{self.font}: FluidSynth cannot read this sound font; install it anew: {INSTALL}")
        return synth, font

    def close(self) -> None:
        """Give back its memory."""
        self._lib.delete_fluid_synth(self._kept)
        self._lib.delete_fluid_settings(self._settings)

    def play(
        self,
        notes: np.ndarray,
        program: int,
        length: int,
        lead: int = 0,
        room: float = 0.0,
        chorus: bool = False,
        bends: np.ndarray | None = None,
    ) -> np.ndarray:
        """float32 (length,), mono, of notes [start s, end s, midi, velocity]; sound before 0 is played from -`lead` samples.

        `program` 128 and above are drum kits (128 + kit). `room` 0 is dry, up to 1. `bends` [time s, semitones] by time.
        """
        lib = self._lib
        synth, font = self._open()
        bank, preset = (DRUM_BANK, program - 128) if program >= 128 else (0, program)
        channel = 9 if program >= 128 else 0
        if lib.fluid_synth_program_select(synth, channel, font, bank, preset) < 0:
            lib.fluid_synth_program_select(synth, channel, font, bank, 0)
        lib.fluid_synth_reverb_on(synth, -1, int(room > 0))
        if room > 0:
            lib.fluid_synth_set_reverb_group_roomsize(synth, -1, 0.2 + 0.6 * room)
            lib.fluid_synth_set_reverb_group_level(synth, -1, 0.2 + 0.6 * room)
            lib.fluid_synth_cc(synth, channel, 91, int(127 * room))
        lib.fluid_synth_chorus_on(synth, -1, int(chorus))
        if chorus:
            lib.fluid_synth_cc(synth, channel, 93, 60)
        if bends is not None and len(bends):
            lib.fluid_synth_pitch_wheel_sens(synth, channel, BEND_SEMITONES)
        first = -(-lead // BLOCK)  # blocks before 0
        blocks = first + -(-length // BLOCK)
        out = np.zeros((2, blocks * BLOCK), np.float32)
        left, right, size = out[0].ctypes.data, out[1].ctypes.data, out.itemsize
        now = 0
        for block, kind, value, strength in _events(notes, bends, first, blocks):
            if block > now:
                step = (block - now) * BLOCK
                lib.fluid_synth_write_float(
                    synth, step, left + now * BLOCK * size, 0, 1, right + now * BLOCK * size, 0, 1
                )
                now = block
            if kind == 2:
                lib.fluid_synth_noteon(synth, channel, value, strength)
            elif kind == 0:
                lib.fluid_synth_noteoff(synth, channel, value)
            else:
                lib.fluid_synth_pitch_bend(synth, channel, value)
        if blocks > now:
            at = now * BLOCK * size
            lib.fluid_synth_write_float(synth, (blocks - now) * BLOCK, left + at, 0, 1, right + at, 0, 1)
        lib.delete_fluid_synth(synth)
        return 0.5 * (out[0] + out[1])[first * BLOCK : first * BLOCK + length]


def _events(notes: np.ndarray, bends: np.ndarray | None, first: int, blocks: int) -> list[tuple[int, int, int, int]]:
    """(block, 0 off, 1 bend, 2 on, value, velocity), in order; off before on."""
    rate = RATE / BLOCK
    begin = np.clip(np.round(notes[:, 0] * rate).astype(int) + first, 0, blocks)
    end = np.maximum(begin + 1, np.round(notes[:, 1] * rate).astype(int) + first)
    midi = notes[:, 2].astype(int).tolist()
    strength = np.clip(np.round(notes[:, 3]), 1, 127).astype(int).tolist()
    found = [(b, 2, m, v) for b, m, v in zip(begin.tolist(), midi, strength, strict=True) if b < blocks]
    found += [(e, 0, m, 0) for e, b, m in zip(end.tolist(), begin.tolist(), midi, strict=True) if e < blocks > b]
    if bends is not None and len(bends):
        at = np.clip(np.round(bends[:, 0] * rate).astype(int) + first, 0, blocks - 1).tolist()
        wheel = np.clip(np.round(8192 + bends[:, 1] / BEND_SEMITONES * 8192), 0, 16383).astype(int).tolist()
        found += [(a, 1, w, 0) for a, w in zip(at, wheel, strict=True)]
    return sorted(found)
