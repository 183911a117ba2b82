"""LV2, VST3 and AU plugins, through minihost."""

import ctypes
import functools
import math
from ctypes import byref, c_float, c_void_p, create_string_buffer
from xml.sax.saxutils import quoteattr

import numpy as np

from daemon.plugins import float_mode, lilv, reading
from daemon.plugins import minihost_abi as abi
from daemon.plugins import minihost_process as native
from daemon.plugins.call import MAX_PORTS
from daemon.plugins.changes import Changes
from daemon.plugins.channels import SIDE, SILENCE
from daemon.plugins.plugin import Info, Param, PluginError
from dsp.block import MAX_MIDI
from dsp.kernel import zeros

JUCE_NAMES = {"lv2": "LV2", "vst3": "VST3", "au": "AudioUnit"}
TEXT_BYTES = 256
ACTIVE_SENSING = 0xFE

_open: set["MinihostPlugin"] = set()
"""Every one that is not closed: it writes into its records, whoever has forgotten it."""


@float_mode.kept()
def open_minihost(format: str, where: str, rate: float, max_block: int, side_inputs: int = 0) -> "MinihostPlugin":
    """Open a plugin: `where` is LV2's URI, VST3's path (and #NAME), AU's id; `side_inputs` the side-chain wanted, 0 to 2.

    Raises PluginError. [main]
    """
    return MinihostPlugin(format, where, rate, max_block, side_inputs)


def vst3_path(where: str) -> str:
    """The path of `PATH#NAME`, or of `PATH`; a path may have a # in it."""
    return where if where.lower().endswith(".vst3") else where.rpartition("#")[0]


class MinihostPlugin:
    """A `daemon.plugins.plugin.Plugin`."""

    def __init__(self, format: str, where: str, rate: float, max_block: int, side_inputs: int) -> None:
        self._lib, self._session, self._rate = abi.library(), abi.session(), rate
        self._facts = lilv.world().facts(where) if format == "lv2" else lilv.Facts("")
        self._handle = self._open(format, where, rate, max_block, side_inputs)
        self._own = zeros(native.OWN)
        _open.add(self)
        try:
            self._prepare(max_block)
            if format == "lv2":
                self._flush()  # it learns its latency from a run, if only of no samples
            self._make_room_for_midi()
            self.info = self._look(format, where)
        except BaseException:
            self.close()
            raise
        self.process, self.own = native.process.address, self._own.ctypes.data

    def _open(self, format: str, where: str, rate: float, max_block: int, side_inputs: int) -> int:
        said = create_string_buffer(512)
        if format == "vst3":
            side = min(side_inputs, 2) or 2  # one whose side-chain is of another width keeps it
            path = vst3_path(where).encode()
            handle = self._lib.mh_session_open(self._session, path, rate, max_block, 0, 0, side, said, len(said))
        else:
            description = (
                f'<PLUGIN name="jamd" format="{JUCE_NAMES[format]}" file={quoteattr(where)} uniqueId="0" '
                'isInstrument="0" fileTime="0" infoUpdateTime="0" numInputs="0" numOutputs="2" isShell="0" uid="0"/>'
            ).encode()
            open_it = functools.partial(
                self._lib.mh_session_open_desc, self._session, description, rate, max_block, 0, 0
            )
            handle = open_it(said, len(said))
            if not handle and format == "lv2":  # JUCE knows its own folders alone, and a bundle that it is asked about
                self._lib.mh_session_probe(self._session, self._facts.path.encode(), byref(abi.Description()), None, 0)
                handle = open_it(said, len(said))
        if not handle:
            why = said.value.decode(errors="replace").strip() or "it gives no reason"
            raise PluginError(f"{format}:{where} does not open: {why.rpartition('failed: ')[2]}")
        return int(handle)

    def _prepare(self, max_block: int) -> None:
        """Fill the record that the audio thread works on."""
        lib, found = self._lib, abi.PluginInfo()
        lib.mh_get_info(self._handle, byref(found))
        n_side = lib.mh_get_sidechain_channels(self._handle)
        if found.inputs > native.MAX_INPUTS or found.outputs > MAX_PORTS or n_side > 2:
            many = f"{found.inputs} inputs, {n_side} in its side-chain and {found.outputs} outputs"
            raise PluginError(f"a plugin of {many} is more than jamd holds ({MAX_PORTS}); choose another")
        self._check_ports()
        self._silence = np.zeros(max_block, np.float32)
        self._scratch = np.zeros(max_block, np.float32)
        self._known = np.array([lib.mh_get_param(self._handle, k) for k in range(found.n_params)], np.float32)
        own = self._own[0]
        own["plugin"] = self._handle
        for field, name in (
            ("process", "mh_process_sidechain_midi_io"),
            ("set_param", "mh_set_param_rt"),
            ("set_transport", "mh_set_transport"),
        ):
            own[field] = ctypes.cast(getattr(lib, name), c_void_p).value
        own["n_inputs"], own["n_outputs"], own["n_side"] = found.inputs, found.outputs, n_side
        own["source"] = self._sources(found.inputs)
        own["silence"] = self._silence.ctypes.data
        own["n_params"], own["known"] = len(self._known), self._known.ctypes.data
        self._changes = Changes(own["changes"], self._known, self.value)
        lib.mh_set_param_value_callback(self._handle, native.note_change.address, self._own.ctypes.data)

    def _check_ports(self) -> None:
        """JUCE takes two LV2 ports of one designation for one, and hands the plugin nothing for the other: a crash."""
        facts, bus = self._facts, abi.BusInfo()
        for is_input, wanted in ((1, len(facts.is_side)), (0, facts.n_outputs)):
            buses = range(self._lib.mh_get_num_buses(self._handle, is_input))
            there = [bus.channels for k in buses if self._lib.mh_get_bus_info(self._handle, is_input, k, byref(bus))]
            if facts.path and sum(there) != wanted:
                side = "inputs" if is_input else "outputs"
                raise PluginError(
                    f"{facts.title} has {wanted} audio {side}, of which minihost finds {sum(there)}; choose another"
                )

    def _sources(self, n_inputs: int) -> list[int]:
        """Where each channel of the main bus comes from; minihost has an LV2 plugin's side-chain among them."""
        is_side = self._facts.is_side if len(self._facts.is_side) == n_inputs else (False,) * n_inputs
        sources, n_main, n_side = [], 0, 0
        for side in is_side:
            sources.append((SIDE + n_side if n_side < 2 else SILENCE) if side else n_main)
            n_main, n_side = n_main + (not side), n_side + side
        return sources + [SILENCE] * (native.MAX_INPUTS - n_inputs)

    def _look(self, format: str, where: str) -> Info:
        """What it is."""
        lib, found = self._lib, abi.PluginInfo()
        lib.mh_get_info(self._handle, byref(found))
        sources = self._own[0]["source"][: found.inputs]
        in_main = int(np.count_nonzero(sources >= SIDE))
        names = [self._program(index) for index in range(lib.mh_get_num_programs(self._handle))]
        self._programs = list(range(len(names)))  # minihost's number of each
        if format == "lv2":  # whose order is another each time
            self._programs.sort(key=lambda index: names[index])
        title, vendor, version, path = self._facts.title, self._facts.vendor, self._facts.version, self._facts.path
        if format == "vst3":
            path = vst3_path(where)
            title = where.removeprefix(path).removeprefix("#")
            about = abi.Description()
            if lib.mh_session_probe(self._session, path.encode(), byref(about), None, 0):
                vendor, version = about.vendor.decode(errors="replace"), about.version.decode(errors="replace")
                first = about.name.decode(errors="replace")
                if title not in ("", first):
                    raise PluginError(
                        f"{path} gives {first!r}, not {title!r}: of a VST3 file, jamd opens the first plugin"
                    )
                title = first
            where = f"{path}#{title}"
        return Info(
            name=f"{format}:{where}",
            format=format,
            title=title or where,
            vendor=vendor,
            version=version,
            path=path,
            inputs=found.inputs - int(np.count_nonzero((sources >= SIDE) | (sources == SILENCE))),
            outputs=found.outputs,
            side_inputs=in_main or int(self._own[0]["n_side"]),
            midi_in=bool(found.midi_in),
            midi_out=bool(found.midi_out),
            latency_samples=found.latency_samples,
            programs=[names[index] for index in self._programs],
            params=[self._param(index) for index in range(found.n_params)],
        )

    def _param(self, index: int) -> Param:
        found = abi.ParamInfo()
        self._lib.mh_get_param_info(self._handle, index, byref(found))
        own_id = found.id.decode(errors="replace").removeprefix("sym:")
        port = self._facts.ports.get(own_id)
        return Param(
            index=index,
            id=own_id,
            name=found.name.decode(errors="replace"),
            unit=port.unit if port else found.label.decode(errors="replace").strip(),
            default=float(found.default),
            steps=2 if found.is_boolean else max(int(found.steps), 0),
            automatable=bool(found.is_automatable),
        )

    def _program(self, index: int) -> str:
        name = create_string_buffer(TEXT_BYTES)
        self._lib.mh_get_program_name(self._handle, index, name, TEXT_BYTES)
        return name.value.decode(errors="replace")

    def _flush(self, n: int = 0, midi: np.ndarray | None = None) -> None:
        """Run the plugin on silence, or on no samples at all: so it takes its parameters."""
        own = self._own[0]
        own["inputs"], own["outputs"] = self._silence.ctypes.data, self._scratch.ctypes.data
        inputs, outputs = own["inputs"].ctypes.data, own["outputs"].ctypes.data
        events, count = (midi.ctypes.data, len(midi)) if midi is not None else (None, 0)
        self._lib.mh_process_sidechain_midi_io(self._handle, inputs, outputs, None, n, events, count, None, 0, None)

    def _make_room_for_midi(self) -> None:
        """JUCE's list of MIDI grows when it must, which must not be on the audio thread; so fill it once, with nothings."""
        found = abi.PluginInfo()
        self._lib.mh_get_info(self._handle, byref(found))
        if found.midi_in or found.midi_out:
            nothings = np.zeros(2 * MAX_MIDI, abi.MIDI_EVENT)
            nothings["status"] = ACTIVE_SENSING
            self._flush(1, nothings)

    def value(self, index: int) -> float:
        return float(self._lib.mh_get_param(self._handle, index))

    def set(self, index: int, value: float) -> None:
        self._known[index] = value
        self._lib.mh_set_param(self._handle, index, value)
        if self.info.format != "au":  # or a state saved before it runs would not have it
            self._flush(1 if self.info.format == "vst3" else 0)  # DPF's VST3 plugins need a sample for it

    def text(self, index: int, value: float) -> str:
        param = self.info.params[index]
        port = self._facts.ports.get(param.id)
        said = create_string_buffer(TEXT_BYTES)
        self._lib.mh_param_to_text(self._handle, index, value, said, TEXT_BYTES)
        text = reading.tidy(said.value.decode(errors="replace"))
        if port is not None:
            plain = port.least + float(np.float32(value)) * (port.most - port.least)
            for label, point in port.points.items():
                if math.isclose(point, plain, rel_tol=1e-5, abs_tol=1e-6):
                    return label
            if reading.number(text) and not param.steps:
                text = f"{plain:.6g}"
        has_unit = not param.unit or text.endswith(param.unit) or not reading.number(text)
        return text if has_unit else f"{text} {param.unit}"

    def from_text(self, index: int, text: str) -> float:
        param = self.info.params[index]
        for label, point in self._points(param.id).items():
            if label.casefold() == text.strip().casefold():
                return point
        guess = c_float()
        is_read = self._lib.mh_param_from_text(self._handle, index, text.encode(), byref(guess))
        try:
            return reading.read(
                text, lambda value: self.text(index, value), param.steps, guess.value if is_read else None
            )
        except PluginError as error:
            raise PluginError(f"{param.name}: {error}") from None

    def _points(self, symbol: str) -> dict[str, float]:
        """An LV2 port's scale points, normalised."""
        port = self._facts.ports.get(symbol)
        if port is None or port.most <= port.least:
            return {}
        return {label: (point - port.least) / (port.most - port.least) for label, point in port.points.items()}

    def save(self) -> bytes:
        for _ in range(3):  # it may grow between the two calls
            size = self._lib.mh_get_state_size(self._handle)
            state = create_string_buffer(max(size, 1))
            if size > 0 and self._lib.mh_get_state(self._handle, state, size):
                return state.raw
        raise PluginError(f"{self.info.title} does not give its state")

    def load(self, state: bytes) -> None:
        if not self._lib.mh_set_state(self._handle, state, len(state)):
            raise PluginError(
                f"{self.info.title} does not take this state; it may be another plugin's, or another format's"
            )
        self._changes.settle()

    def select_program(self, index: int) -> None:
        programs = self.info.programs
        if not 0 <= index < len(programs) or not self._lib.mh_set_program(self._handle, self._programs[index]):
            there = f"it has {len(programs)}, from 0" if programs else "it has none"
            raise PluginError(f"{self.info.title} has no program {index}; {there}")
        if self.info.format == "vst3":  # DPF's show a program's values, and go on playing the old ones
            for param in self.info.params:
                if param.automatable:
                    self._lib.mh_set_param(self._handle, param.index, self.value(param.index))
            self._flush(1)
        self._changes.settle()

    def reset(self) -> None:
        self._lib.mh_set_sample_rate(self._handle, self._rate)  # which prepares it anew; mh_reset leaves LV2's tails
        self._make_room_for_midi()

    def latency(self) -> int:
        return int(self._lib.mh_get_latency_samples(self._handle))

    def tail_s(self) -> float:
        return float(self._lib.mh_get_tail_seconds(self._handle))

    def changed(self) -> list[tuple[int, float]]:
        return [(index, value) for index, value in self._changes.take().items() if self.info.params[index].automatable]

    def poll(self) -> bool:
        self._lib.mh_message_thread_poll()  # the one way on macOS; elsewhere minihost does it too
        return False

    def close(self) -> None:
        if self._handle:
            self._lib.mh_set_param_value_callback(self._handle, None, None)
            self._lib.mh_close(self._handle)
            self._handle = 0
            _open.discard(self)
