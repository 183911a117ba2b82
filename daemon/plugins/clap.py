"""CLAP plugins, directly."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, Structure, byref, c_double, cast, create_string_buffer
from typing import Any

import msgspec
import numpy as np

from daemon.plugins import clap_abi as abi
from daemon.plugins import clap_host, clap_state, float_mode, reading
from daemon.plugins import clap_process as native
from daemon.plugins.call import MAX_PORTS
from daemon.plugins.changes import Changes
from daemon.plugins.channels import SIDE, SILENCE
from daemon.plugins.clap_file import ClapFile, clap_file
from daemon.plugins.plugin import Info, Param, PluginError
from dsp.kernel import zeros

TEXT_BYTES = 256
NOT_ITS_STATE = "does not take this state; it may be another plugin's, or another format's"


_open: set["ClapPlugin"] = set()
"""Every one that is not closed: it writes into its records, whoever has forgotten it."""


@float_mode.kept()
def open_clap(path: str, plugin_id: str, rate: float, max_block: int) -> "ClapPlugin":
    """Open a plugin of a file. Raises PluginError. [main]"""
    return ClapPlugin(clap_file(path), plugin_id, rate, max_block)


class ClapPlugin:
    """A `daemon.plugins.plugin.Plugin`."""

    def __init__(self, file: ClapFile, plugin_id: str, rate: float, max_block: int) -> None:
        self._rate, self._is_active = rate, False
        self._own = zeros(native.OWN)
        self._host = self._own[0]["host"][0]  # it lies first: the host's address is the record's
        clap_host.prepare(self._host)
        self._at = file.create(plugin_id, self._own.ctypes.data)
        self._plugin = cast(self._at, POINTER(abi.Plugin)).contents
        _open.add(self)
        try:
            if not self._plugin.init(self._at):
                raise PluginError(f"clap:{plugin_id} does not start")
            self._params: Any = self._extension("clap.params", abi.Params)
            self._state: Any = self._extension("clap.state", abi.State)
            self._latency: Any = self._extension("clap.latency", abi.Count)
            self._tail: Any = self._extension("clap.tail", abi.Count)
            self._prepare(max_block)
            self._latency_then = 0
            self._activate()
            if self._latency_then:  # DPF's plugins know that the host knows it only when activated again
                self._deactivate()
                self._activate()
            self.info = self._look(file.path)
        except BaseException:
            self.close()
            raise
        self.process, self.own = native.process.address, self._own.ctypes.data

    def _extension(self, name: str, kind: type[Structure]) -> Structure | None:
        table = self._plugin.get_extension(self._at, name.encode())
        return cast(table, POINTER(kind)).contents if table else None

    def _prepare(self, max_block: int) -> None:
        """Fill the record that the audio thread works on; the plugin is not active yet."""
        own = self._own[0]
        inputs, outputs = self._channels(True), self._channels(False)
        if (
            max(len(inputs), len(outputs)) > abi.MAX_BUSES
            or sum(inputs) > native.MAX_CHANNELS
            or sum(outputs) > MAX_PORTS
        ):
            many = f"{sum(inputs)} inputs and {sum(outputs)} outputs"
            raise PluginError(f"a plugin of {many} is more than jamd holds ({MAX_PORTS}); choose another")
        main, side = [*inputs, 0, 0][:2]
        sources = [*range(main), *(SIDE + k if k < 2 else SILENCE for k in range(side))]
        self._n_inputs, self._n_side, self._n_outputs = main, min(side, 2), sum(outputs)
        own["source"][: sum(inputs)] = sources + [SILENCE] * sum(inputs[2:])
        own["n_sources"], own["n_outputs"] = sum(inputs), sum(outputs)
        self._silence = np.zeros(max_block, np.float32)
        own["silence"] = self._silence.ctypes.data
        own["plugin"], own["function"] = self._at, self._plugin.process
        for ports, counts, addresses in (("inputs", inputs, "in_channels"), ("outputs", outputs, "out_channels")):
            at = own[addresses].ctypes.data
            for port, count in zip(own[ports], counts, strict=False):
                port["channels"], port["n_channels"] = at, count
                at += 8 * count
        self._prepare_params()
        self._prepare_notes()
        process, in_events, out_events = own["process"][0], own["in_events"], own["out_events"]
        in_events["size"], in_events["get"] = native.count_events.address, native.get_event.address
        out_events["try_push"] = native.push_event.address
        process["inputs"], process["n_inputs"] = own["inputs"].ctypes.data, len(inputs)
        process["outputs"], process["n_outputs"] = own["outputs"].ctypes.data, len(outputs)
        process["in_events"], process["out_events"] = in_events.ctypes.data, out_events.ctypes.data

    def _channels(self, is_input: bool) -> list[int]:
        """How many channels each port has."""
        ports: Any = self._extension("clap.audio-ports", abi.AudioPorts)
        if ports is None:
            return []
        found, info = [], abi.AudioPortInfo()
        for index in range(ports.count(self._at, is_input)):
            found.append(info.channels if ports.get(self._at, index, is_input, byref(info)) else 0)
        return found

    def _prepare_params(self) -> None:
        """Ids, ranges and values by index."""
        self._infos: list[abi.ParamInfo] = []
        for index in range(self._params.count(self._at) if self._params else 0):
            info = abi.ParamInfo()
            if not self._params.get_info(self._at, index, byref(info)):
                raise PluginError(f"{self._name} does not say what its parameter {index} is")
            self._infos.append(info)
        self._ids = np.array([info.id for info in self._infos], np.uint32)
        self._leasts = np.array([info.least for info in self._infos], np.float64)
        self._spans = np.array([info.most - info.least for info in self._infos], np.float64)
        self._stepped = np.array([info.flags & abi.IS_STEPPED for info in self._infos], np.float32)
        self._known = np.array([self.value(index) for index in range(len(self._infos))], np.float64)
        self._own[0]["stepped"] = self._stepped.ctypes.data
        out = self._own[0]["out_events"]
        out["n_params"] = len(self._infos)
        for field, values in (
            ("ids", self._ids),
            ("leasts", self._leasts),
            ("spans", self._spans),
            ("known", self._known),
        ):
            out[field] = values.ctypes.data
        self._changes = Changes(out[0]["changes"], self._known, self.value)

    def _prepare_notes(self) -> None:
        """Which events its first note port takes."""
        ports: Any = self._extension("clap.note-ports", abi.NotePorts)
        info = abi.NotePortInfo()
        self._midi_out = bool(ports and ports.count(self._at, False))
        if ports and ports.count(self._at, True) and ports.get(self._at, 0, True, byref(info)):
            prefers_clap = info.preferred == abi.DIALECT_CLAP or not info.dialects & abi.DIALECT_MIDI
            self._own["speaks_clap"] = bool(info.dialects & abi.DIALECT_CLAP) and prefers_clap
            self._own["speaks_midi"] = bool(info.dialects & abi.DIALECT_MIDI)

    def _activate(self) -> None:
        if not self._plugin.activate(self._at, self._rate, 1, len(self._silence)):
            raise PluginError(f"{self._name} does not run at {self._rate:g} Hz in blocks of {len(self._silence)}")
        self._is_active = True
        with self._as_audio_thread():
            if not self._plugin.start_processing(self._at):
                raise PluginError(f"{self._name} does not start processing")
        self._host["wants_restart"] = 0
        self._latency_then = self.latency()

    def _deactivate(self) -> None:
        if self._is_active:
            with self._as_audio_thread():
                self._plugin.stop_processing(self._at)
            self._plugin.deactivate(self._at)
        self._is_active = False

    def _restart_if_wanted(self) -> None:
        """Activate it again where it asked for that, or is late by other than it was: it does not run now."""
        if self._host["wants_restart"] or self.latency() != self._latency_then:
            self._deactivate()
            self._activate()

    @contextmanager
    def _as_audio_thread(self) -> Iterator[None]:
        """This thread stands for the audio thread, which is not in the plugin."""
        self._host["audio_thread"] = self._host["main_thread"]
        try:
            yield
        finally:
            self._host["audio_thread"] = 0

    @property
    def _name(self) -> str:
        return f"clap:{_text(self._plugin.descriptor.contents.id)}"

    def _look(self, path: str) -> Info:
        """What it is."""
        about = self._plugin.descriptor.contents
        return Info(
            name=self._name,
            format="clap",
            title=_text(about.name),
            vendor=_text(about.vendor),
            version=_text(about.own_version),
            path=path,
            inputs=self._n_inputs,
            outputs=self._n_outputs,
            side_inputs=self._n_side,
            midi_in=bool(self._own[0]["speaks_clap"] or self._own[0]["speaks_midi"]),
            midi_out=self._midi_out,
            latency_samples=self.latency(),
            params=[
                Param(
                    index=index,
                    id=str(info.id),
                    name=_text(info.name),
                    default=self._part(index, info.default),
                    steps=round(info.most - info.least) + 1 if info.flags & abi.IS_STEPPED else 0,
                    automatable=bool(info.flags & abi.IS_AUTOMATABLE) and not info.flags & abi.IS_READ_ONLY,
                )
                for index, info in enumerate(self._infos)
            ],
        )

    def _part(self, index: int, plain: float) -> float:
        span = float(self._spans[index])
        return (plain - float(self._leasts[index])) / span if span > 0.0 else 0.0

    def _plain(self, index: int, part: float) -> float:
        """As `clap_process` has it."""
        plain = float(self._leasts[index]) + part * float(self._spans[index])
        return float(round(plain)) if self._stepped[index] else plain

    def value(self, index: int) -> float:
        plain = c_double()
        self._params.get_value(self._at, self._infos[index].id, byref(plain))
        return self._part(index, plain.value)

    def set(self, index: int, value: float) -> None:
        self._known[index] = value
        events = self._own[0]["in_events"][0]
        event = events["events"][0]
        event["size"], event["type"] = abi.SIZES[abi.PARAM_VALUE], abi.PARAM_VALUE
        event["time"] = event["space"] = event["flags"] = event["cookie"] = 0
        event["param_id"], event["value"] = self._ids[index], self._plain(index, float(np.float32(value)))
        event["of_note"] = event["of_port"] = event["of_channel"] = event["of_key"] = -1
        events["count"] = 1
        with self._as_audio_thread():
            process = self._own[0]["process"][0]
            self._params.flush(self._at, int(process["in_events"]), int(process["out_events"]))
        events["count"] = 0
        self._restart_if_wanted()

    def text(self, index: int, value: float) -> str:
        plain, said = self._plain(index, value), create_string_buffer(TEXT_BYTES)
        if self._params.value_to_text(self._at, self._infos[index].id, plain, said, TEXT_BYTES):
            return reading.tidy(_text(said.value))
        return f"{plain:.6g}"

    def from_text(self, index: int, text: str) -> float:
        param, plain = self.info.params[index], c_double()
        is_read = self._params.text_to_value(self._at, self._infos[index].id, text.encode(), byref(plain))
        guess = self._part(index, plain.value) if is_read else math.nan
        try:
            return reading.read(
                text, lambda value: self.text(index, value), param.steps, guess if 0 <= guess <= 1 else None
            )
        except PluginError as error:
            raise PluginError(f"{param.name}: {error}") from None

    def save(self) -> bytes:
        if self._state is None:
            return msgspec.msgpack.encode({param.id: self.value(param.index) for param in self.info.params})
        state = clap_state.save(self._state, self._at)
        if state is None:
            raise PluginError(f"{self.info.title} does not give its state")
        return state

    def load(self, state: bytes) -> None:
        if self._state is None:
            self._load_params(state)
            return
        if not clap_state.load(self._state, self._at, state):
            raise PluginError(f"{self.info.title} {NOT_ITS_STATE}")
        self._changes.settle()
        self._host["values_changed"] = 0
        self._restart_if_wanted()

    def _load_params(self, state: bytes) -> None:
        """The state of a plugin that has none but its parameters."""
        try:
            values = msgspec.msgpack.decode(state, type=dict[str, float])
        except msgspec.DecodeError:
            raise PluginError(f"{self.info.title} {NOT_ITS_STATE}") from None
        for param in self.info.params:
            if param.id in values and not self._is_read_only(param.index):
                self.set(param.index, values[param.id])

    def select_program(self, index: int) -> None:
        raise PluginError(f"{self.info.title} has no program {index}; it has none")

    def reset(self) -> None:
        self._deactivate()
        self._activate()
        with self._as_audio_thread():
            self._plugin.reset(self._at)

    def latency(self) -> int:
        return int(self._latency.get(self._at)) if self._latency else 0

    def tail_s(self) -> float:
        samples = self._tail.get(self._at) if self._tail else 0
        return math.inf if samples >= abi.INFINITE_TAIL else samples / self._rate

    def changed(self) -> list[tuple[int, float]]:
        return [(index, value) for index, value in self._changes.take().items() if not self._is_read_only(index)]

    def _is_read_only(self, index: int) -> bool:
        return bool(self._infos[index].flags & abi.IS_READ_ONLY)

    def poll(self) -> bool:
        host = self._host
        if host["wants_callback"]:
            host["wants_callback"] = 0
            self._plugin.on_main_thread(self._at)
        if host["values_changed"]:
            host["values_changed"] = 0
            self._changes.look()
        wants_restart, host["wants_restart"] = bool(host["wants_restart"]), 0
        return wants_restart

    def close(self) -> None:
        if not self._at:
            return
        self._deactivate()
        self._plugin.destroy(self._at)
        self._at = 0
        _open.discard(self)


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="replace")
