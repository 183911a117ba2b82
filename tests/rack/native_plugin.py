"""A plugin of the tests' own in machine code: a gain behind a delay, for what no real plugin shows exactly."""

import numpy as np
from numba import cfunc, from_dtype, types

from daemon.plugins.call import CALL
from daemon.plugins.plugin import Info, Param, PluginError
from dsp.kernel import record_at, zeros
from dsp.native import floats_at, pointer_to

LINE = 4096
OWN = np.dtype(
    [
        ("gain", np.float32),
        ("latency", np.int64),
        ("head", np.int64),
        ("line", np.float32, (2, LINE)),
        ("midi", np.int64),
    ],
    align=True,
)
own_at, CALL_POINTER = pointer_to(OWN), types.CPointer(from_dtype(CALL))


@cfunc(types.void(types.uintp, CALL_POINTER), cache=True)
def process(own, pointer):
    s, call = record_at(own_at(own), 1)[0], record_at(pointer, 1)[0]
    n = call.n
    k = 0
    for i in range(n):
        while k < call.n_params and call.params[k].at <= i:
            s.gain = call.params[k].value * np.float32(2)
            k += 1
        for c in range(2):
            source, target = record_at(floats_at(call.inputs[c]), n), record_at(floats_at(call.outputs[c]), n)
            s.line[c, (s.head + i) % LINE] = source[i]
            target[i] = s.gain * s.line[c, (s.head + i - s.latency) % LINE]
    s.head = (s.head + n) % LINE
    s.midi += call.n_midi


class NativePlugin:
    """`native:GAIN:LATENCY`."""

    def __init__(self, name: str) -> None:
        _, gain, latency = name.split(":")
        self.record = zeros(OWN)
        self.record["gain"], self.record["latency"] = float(gain), int(latency)
        self.process, self.own = int(process.address), int(self.record.ctypes.data)
        params = [Param(0, "gain", "Gain", default=0.5)]
        self.info = Info(
            name, "native", name, inputs=2, outputs=2, midi_in=True, latency_samples=int(latency), params=params
        )
        self.closed = False

    def value(self, index: int) -> float:
        return float(self.record["gain"][0]) / 2

    def set(self, index: int, value: float) -> None:
        self.record["gain"] = value * 2

    def text(self, index: int, value: float) -> str:
        return f"{2 * value:.3f}"

    def from_text(self, index: int, text: str) -> float:
        try:
            return float(text) / 2
        except ValueError:
            raise PluginError(f"{text!r} is no number") from None

    def save(self) -> bytes:
        return self.record["gain"].tobytes()

    def load(self, state: bytes) -> None:
        if len(state) != 4:
            raise PluginError("this is no state of mine")
        self.record["gain"] = np.frombuffer(state, np.float32)

    def select_program(self, index: int) -> None:
        raise PluginError("it has no programs")

    def latency(self) -> int:
        return int(self.record["latency"][0])

    def tail_s(self) -> float:
        return 0.0

    def changed(self) -> list[tuple[int, float]]:
        return []

    def poll(self) -> bool:
        return False

    def close(self) -> None:
        assert not self.closed, "closed twice"
        self.closed = True
        self.record["gain"] = np.nan  # who still plays it is heard
