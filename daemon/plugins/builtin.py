"""jamd's own plugins, which need no file and no scan: `jamd:synth`."""

import msgspec
import numpy as np

from daemon.plugins import reading
from daemon.plugins.plugin import Info, Param, PluginError
from dsp.synth.patches import SOUNDS

PATH = "built in"
RATES_HZ = (8000.0, 384000.0)

_PARAMS = [
    Param(0, "sound", "Sound", steps=len(SOUNDS)),
    Param(1, "gain", "Gain", "dB", default=0.75),
    Param(2, "cutoff", "Cutoff", "oct", default=0.5),
    Param(3, "attack", "Attack", "x", default=0.5),
    Param(4, "release", "Release", "x", default=0.5),
]

SYNTH = Info(
    name="jamd:synth",
    format="jamd",
    title="jamd synth",
    vendor="jamd",
    path=PATH,
    outputs=2,
    midi_in=True,
    params=_PARAMS,
)

PLUGINS = (SYNTH,)
"""All of them."""


def open_builtin(where: str, rate: float) -> "Synth":
    """Open one by the name behind `jamd:`, at a rate in Hz. Raises PluginError. [main]"""
    if where != "synth":
        raise PluginError(f"jamd has no plugin {where!r} built in; it has 'synth'")
    if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
        raise PluginError(f"jamd:synth does not run at {rate:g} Hz; give {RATES_HZ[0]:g} to {RATES_HZ[1]:g}")
    return Synth(rate)


class Synth:
    """A `daemon.plugins.plugin.Plugin`: dsp.synth, with its parameters as its state."""

    def __init__(self, rate: float) -> None:
        from daemon.plugins.builtin_process import process  # late: it compiles, or loads
        from dsp.synth.play import ready

        self._synth = ready(rate)
        self.info = SYNTH
        self.process, self.own = int(process.address), int(self._synth.ctypes.data)

    @property
    def _values(self) -> np.ndarray:
        return self._synth["values"][0]

    def value(self, index: int) -> float:
        return float(self._values[index])

    def set(self, index: int, value: float) -> None:
        self._values[index] = min(1.0, max(0.0, value))

    def text(self, index: int, value: float) -> str:
        from dsp.synth import controls

        match self.info.params[index].id:
            case "sound":
                return SOUNDS[controls.sound_of(value)]
            case "gain":
                return f"{controls.gain_db(value):.1f} dB"
            case "cutoff":
                return f"{controls.cutoff_octaves(value):+.2f} oct"
            case _:
                return f"{controls.times(value):.2f} x"

    def from_text(self, index: int, text: str) -> float:
        param = self.info.params[index]
        try:
            return reading.read(text, lambda value: self.text(index, value), param.steps)
        except PluginError as error:
            raise PluginError(f"{param.name}: {error}") from None

    def save(self) -> bytes:
        return msgspec.msgpack.encode({param.id: self.value(param.index) for param in self.info.params})

    def load(self, state: bytes) -> None:
        try:
            values = msgspec.msgpack.decode(state, type=dict[str, float])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise PluginError(f"{self.info.title} does not take this state; it may be another plugin's") from None
        for param in self.info.params:
            if param.id in values:
                self.set(param.index, values[param.id])

    def select_program(self, index: int) -> None:
        raise PluginError(f"{self.info.title} has no program {index}; it has none, but a parameter `sound`")

    def reset(self) -> None:
        from dsp.synth.play import ready

        values = self._values.copy()
        self._synth[:] = ready(float(self._synth["rate"][0]))
        self._synth["values"][0] = values

    def latency(self) -> int:
        return 0

    def tail_s(self) -> float:
        return 0.0

    def changed(self) -> list[tuple[int, float]]:
        return []

    def poll(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing to free: the record is Python's."""
