"""The PortAudio driver: sounddevice opens the stream, a native callback runs it.

sounddevice's `_StreamBase` is its own way in for a C callback (as python-rtmixer uses it). Where PortAudio is not installed,
importing sounddevice raises OSError; that becomes a DriverError with the line that installs it.
"""

import ctypes
from typing import Any

import numpy as np
from numba import cfunc, types

from daemon.engine import state as st
from daemon.engine.callback import STATE_POINTER
from daemon.engine.driver import DriverError, Opened, check_rate
from dsp.kernel import record_at
from dsp.native import address_of, call2

_FLOATS = types.CPointer(types.float32)
_UNDER_OR_OVERFLOW = 0x2 | 0x4  # paInputOverflow, paOutputUnderflow


@cfunc(
    types.int32(_FLOATS, _FLOATS, types.uint64, types.uintp, types.uint64, STATE_POINTER),
    cache=True,
    error_model="numpy",
)
def _callback(in_pointer, out_pointer, count, time_info, flags, pointer):
    """PaStreamCallback: interleaved in and out, through `process_block` in parts of MAX_BLOCK at most. [audio]"""
    s = record_at(pointer, 1)[0]
    base = address_of(pointer)
    if flags & _UNDER_OR_OVERFLOW:
        s.xruns += 1
    total, n_in, n_out = np.int64(count), s.device_inputs, s.device_outputs
    given = record_at(in_pointer, total * n_in)
    wanted = record_at(out_pointer, total * n_out)
    samples, output = s.input, s.output
    done = 0
    while done < total:
        n = min(total - done, st.MAX_BLOCK)
        for c in range(2):
            for i in range(n):
                samples[c, i] = given[(done + i) * n_in + min(c, n_in - 1)] if n_in > 0 else np.float32(0)
        call2(s.process_block, base, np.uintp(n))
        for c in range(n_out):
            for i in range(n):
                wanted[(done + i) * n_out + c] = output[min(c, 1), i]
        done += n
    return 0


def library() -> Any:
    """sounddevice, once PortAudio is there. Raises DriverError."""
    try:
        import sounddevice
    except OSError:
        raise DriverError("PortAudio is not installed: sudo apt install libportaudio2") from None
    return sounddevice


class PortAudio:
    """One stream on one device (or one pair). [main]"""

    def __init__(self, state: np.ndarray, device: str | int, rate: int, block_size: int, needs_input: bool) -> None:
        """Open, not start, at `rate` Hz or (0) the device's own. Raises DriverError."""
        sd = library()
        try:
            ins = _find(sd, device, "input") if needs_input else None
            out = _find(sd, device, "output")
        except (ValueError, sd.PortAudioError) as error:
            raise DriverError(f"engine.device = {device!r}: {error}; `jamd devices` lists what is there") from None
        if (ins if needs_input else out) is None:
            kind = "input" if needs_input else "output"
            raise DriverError(
                f"no sound {kind} found for engine.device = {device!r}; `jamd devices` lists what is there"
            )
        used = [(found, f"max_{kind}_channels") for found, kind in ((ins, "input"), (out, "output")) if found]
        name, self._device = used[0][0]["name"], used[0][0]["index"]
        rate = rate or check_rate(used[0][0]["default_samplerate"], name, 0)
        counts = [min(2, found[most]) for found, most in used]
        state["device_inputs"] = counts[0] if ins else 0
        state["device_outputs"] = counts[-1] if out else 0
        ffi = sd._ffi
        try:
            self._stream = sd._StreamBase(
                "duplex" if len(used) == 2 else "input" if ins else "output",
                samplerate=rate,
                blocksize=block_size,
                device=_one_or_both([found["index"] for found, _ in used]),
                channels=_one_or_both(counts),
                dtype="float32",
                latency="low",
                callback=ffi.cast("PaStreamCallback*", _callback.address),
                userdata=ffi.cast("void*", state.ctypes.data),
            )
        except sd.PortAudioError as error:
            raise DriverError(f"{name} at {rate} Hz: {error}; try another engine.rate or engine.device") from None
        self.opened = Opened("portaudio", name, rate, block_size)

    def start(self) -> None:
        """Let the callback run, on ALSA with real-time priority where that is allowed. [main]"""
        sd = library()
        if sd.query_hostapis(sd.query_devices(self._device)["hostapi"])["name"] == "ALSA":
            boost = ctypes.CDLL(sd._libname).PaAlsa_EnableRealtimeScheduling
            boost(ctypes.c_void_p(int(sd._ffi.cast("uintptr_t", self._stream._ptr))), 1)
        self._stream.start()

    def alive(self) -> bool:
        """Whether the driver still calls back, as far as it knows. [main]"""
        return bool(self._stream.active)

    def close(self) -> None:
        """Stop and free; hangs where the sound server has died, so call it only while `alive`. [main]"""
        self._stream.close()


def _find(sd: Any, device: str | int, kind: str) -> dict | None:
    """The device for input or output; None where it has no such channels, or where there is no default."""
    if device == "" and sd.default.device[kind == "output"] < 0:
        return None
    found = sd.query_devices(None if device == "" else device, kind if device == "" else None)
    return found if found[f"max_{kind}_channels"] > 0 else None


def _one_or_both(values: list) -> Any:
    return values[0] if len(values) == 1 else tuple(values)
