"""The JACK driver: JACK-Client opens the client, a native process callback runs it."""

import re
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numba import cfunc, types

from daemon.engine import jack_midi
from daemon.engine.callback import STATE_POINTER
from daemon.engine.connections import Connections, Pair
from daemon.engine.driver import DriverError, NoServerError, Opened, check_rate
from dsp.kernel import record_at
from dsp.native import address_of, call2, fetch2, floats_at

LOOK_S = 1.0  # between looks at what is connected


@cfunc(types.int32(types.uint32, STATE_POINTER), cache=True, error_model="numpy")
def _process(count, pointer):
    """JackProcessCallback: port buffers in and out around `process_block`. [audio]"""
    s = record_at(pointer, 1)[0]
    base = address_of(pointer)
    n = np.int64(count)
    samples, output, ports, midi_ports = s.input, s.output, s.jack_ports, s.jack_midi.ports
    for c in range(2):
        given = record_at(floats_at(fetch2(s.jack_get_buffer, ports[c], count)), n)
        for i in range(n):
            samples[c, i] = given[i]
    jack_midi.read(s, fetch2(s.jack_get_buffer, midi_ports[0], count), n)
    call2(s.process_block, base, np.uintp(n))
    jack_midi.write(s, fetch2(s.jack_get_buffer, midi_ports[1], count), n)
    for c in range(2):
        wanted = record_at(floats_at(fetch2(s.jack_get_buffer, ports[2 + c], count)), n)
        for i in range(n):
            wanted[i] = output[c, i]
    return 0


@cfunc(types.int32(STATE_POINTER), cache=True)
def _xrun(pointer):
    """JackXRunCallback: count. [JACK's notification thread]"""
    s = record_at(pointer, 1)[0]
    s.xruns += 1
    return 0


def _unsaid(message: str) -> None:
    """libjack's chatter on the standard error; what matters of it is raised."""


class Jack:
    """One JACK client: in_1, in_2 (where the engine is mono, one), out_1, out_2, midi_in, midi_out. [main]"""

    def __init__(
        self,
        state: np.ndarray,
        device: str,
        rate: int,
        channels: int,
        needs_input: bool,
        wanted: Iterable[Sequence[str]] | None = None,
    ) -> None:
        """Open, not start; the rate is the server's and must be `rate` unless that is 0. Raises DriverError.

        `device` is what the names of the ports to connect to begin with; "" takes the physical ones, "none" none.
        Where an engine ran before this one, `wanted` is what was connected then, and goes before `device`.
        """
        try:
            import jack
        except OSError:
            raise NoServerError("the JACK library is not installed: sudo apt install libjack-jackd2-0 jackd2") from None
        jack.set_error_function(_unsaid)
        jack.set_info_function(_unsaid)
        try:
            self._client = jack.Client("jamd", no_start_server=True)
        except jack.JackOpenError:
            raise NoServerError(
                "no JACK server is running: start one (jackd, qjackctl or PipeWire's pw-jack)"
            ) from None
        client, self._lost = self._client, False
        try:
            rate = check_rate(client.samplerate, "the JACK server", rate)
        except DriverError:
            client.close()
            raise
        self._connect_to, self._needs_input = device, needs_input
        ins = [client.inports.register(f"in_{c + 1}") for c in range(channels)]
        outs = [client.outports.register(f"out_{c + 1}") for c in range(2)]
        midi_in, midi_out = client.midi_inports.register("midi_in"), client.midi_outports.register("midi_out")
        jack_midi.prepare(state, jack, midi_in, midi_out)
        self._set_callbacks(jack, state, [ins[0], ins[-1], *outs])
        client.set_shutdown_callback(self._on_shutdown)
        self._wanted, self._look_at = wanted, 0.0
        self._said: dict[str, list[Pair]] | None = None
        if wanted is None:
            self._check_device()
        self.opened = Opened("jack", client.name, rate, client.blocksize)

    def _check_device(self) -> None:
        """Raise DriverError where a device is named whose ports are not there."""
        if self._connect_to in ("", "none"):
            return
        wanted = self._theirs(is_output=self._needs_input)
        if not wanted:
            names = sorted({port.name.partition(":")[0] for port in self._client.get_ports(is_audio=True)} - {"jamd"})
            self._client.close()
            there = ", ".join(names) or "nothing"
            raise DriverError(f"engine.device = {self._connect_to!r}: no JACK port begins with it; there is {there}")

    def _set_callbacks(self, jack: Any, state: np.ndarray, ports: list) -> None:
        ffi, lib, client = jack._ffi, jack._lib, self._client
        state["jack_get_buffer"] = int(ffi.cast("uintptr_t", lib.jack_port_get_buffer))
        state["jack_ports"] = [int(ffi.cast("uintptr_t", port._ptr)) for port in ports]
        record = ffi.cast("void*", state.ctypes.data)
        lib.jack_set_process_callback(client._ptr, ffi.cast("JackProcessCallback", _process.address), record)
        lib.jack_set_xrun_callback(client._ptr, ffi.cast("JackXRunCallback", _xrun.address), record)

    def _on_shutdown(self, status: Any, reason: str) -> None:
        self._lost = True

    def start(self) -> None:
        """Activate, and connect the ports. [main]"""
        self._client.activate()
        self._connections = Connections(self._client, self._device_pairs() if self._wanted is None else self._wanted)
        self._connections.look()

    def look(self) -> dict[str, list[Pair]] | None:
        """Once a second, where it has changed: all `connections`, and those of them `waiting` for their peer. [main]"""
        now = time.monotonic()
        if now < self._look_at or self._lost:
            return None
        self._look_at = now + LOOK_S
        self._connections.look()
        found = {"connections": sorted(self._connections.wanted), "waiting": sorted(self._connections.waiting)}
        if self._lost or found == self._said:  # a server that ends cuts connections first
            return None
        self._said = found
        return found

    def _device_pairs(self) -> list[Pair]:
        """The ports and those of the device they are to be connected to."""
        if self._connect_to == "none":
            return []
        client = self._client
        pairs = [*zip(client.inports, self._theirs(is_output=True), strict=False)] if self._needs_input else []
        pairs += zip(client.outports, self._theirs(is_output=False), strict=False)
        return [(mine.shortname, theirs.name) for mine, theirs in pairs]

    def _theirs(self, is_output: bool) -> list:
        """The ports that the device's name means: what they begin with, or the physical ones."""
        pattern, physical = "^" + re.escape(self._connect_to), self._connect_to == ""
        return self._client.get_ports(
            pattern, is_audio=True, is_output=is_output, is_input=not is_output, is_physical=physical
        )

    def alive(self) -> bool:
        """Whether the server has not shut the client down. [main]"""
        return not self._lost

    def close(self) -> None:
        """Deactivate and close. [main]"""
        self._client.deactivate()
        self._client.close()
