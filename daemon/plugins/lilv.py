"""What LV2 says of itself, through liblilv: which plugins are installed, and what minihost does not tell. [main]"""

import ctypes
import ctypes.util
import functools
from ctypes import c_char_p, c_float, c_int, c_uint32, c_void_p

import msgspec

from daemon.plugins.plugin import PluginError

_LV2 = "http://lv2plug.in/ns/lv2core#"
_UNITS = "http://lv2plug.in/ns/extensions/units#"

_KNOWN_UNITS = {"db": "dB", "hz": "Hz", "khz": "kHz", "mhz": "MHz", "ms": "ms", "s": "s", "pc": "%", "cent": "ct"} | {
    "semitone12TET": "semitones", "degree": "deg", "bpm": "BPM", "oct": "oct", "coef": "", "midiNote": "", "bar": "bars"
}  # fmt: skip
"""The units extension's own, by the end of their URI."""


class Port(msgspec.Struct, frozen=True):
    """A control input."""

    unit: str = ""
    points: dict[str, float] = {}  # scale points by name, in the port's own values
    least: float = 0.0
    most: float = 1.0


class Facts(msgspec.Struct, frozen=True):
    """A plugin."""

    title: str
    vendor: str = ""
    version: str = ""
    path: str = ""  # of its bundle
    is_side: tuple[bool, ...] = ()  # of each audio input in order: whether it belongs to the side-chain
    n_outputs: int = 0  # audio
    ports: dict[str, Port] = {}  # control inputs by symbol


_LILV = {
    "lilv_world_new": (c_void_p, []),
    "lilv_world_load_all": (None, [c_void_p]),
    "lilv_new_uri": (c_void_p, [c_void_p, c_char_p]),
    "lilv_world_get": (c_void_p, [c_void_p, c_void_p, c_void_p, c_void_p]),
    "lilv_world_get_all_plugins": (c_void_p, [c_void_p]),
    "lilv_plugins_begin": (c_void_p, [c_void_p]),
    "lilv_plugins_next": (c_void_p, [c_void_p, c_void_p]),
    "lilv_plugins_is_end": (ctypes.c_bool, [c_void_p, c_void_p]),
    "lilv_plugins_get": (c_void_p, [c_void_p, c_void_p]),
    "lilv_plugins_get_by_uri": (c_void_p, [c_void_p, c_void_p]),
    "lilv_plugin_get_uri": (c_void_p, [c_void_p]),
    "lilv_plugin_get_name": (c_void_p, [c_void_p]),
    "lilv_plugin_get_author_name": (c_void_p, [c_void_p]),
    "lilv_plugin_get_bundle_uri": (c_void_p, [c_void_p]),
    "lilv_plugin_get_num_ports": (c_uint32, [c_void_p]),
    "lilv_plugin_get_port_by_index": (c_void_p, [c_void_p, c_uint32]),
    "lilv_plugin_get_value": (c_void_p, [c_void_p, c_void_p]),
    "lilv_port_is_a": (ctypes.c_bool, [c_void_p, c_void_p, c_void_p]),
    "lilv_port_has_property": (ctypes.c_bool, [c_void_p, c_void_p, c_void_p]),
    "lilv_port_get": (c_void_p, [c_void_p, c_void_p, c_void_p]),
    "lilv_port_get_symbol": (c_void_p, [c_void_p, c_void_p]),
    "lilv_port_get_range": (None, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "lilv_port_get_scale_points": (c_void_p, [c_void_p, c_void_p]),
    "lilv_scale_points_begin": (c_void_p, [c_void_p]),
    "lilv_scale_points_next": (c_void_p, [c_void_p, c_void_p]),
    "lilv_scale_points_is_end": (ctypes.c_bool, [c_void_p, c_void_p]),
    "lilv_scale_points_get": (c_void_p, [c_void_p, c_void_p]),
    "lilv_scale_points_free": (None, [c_void_p]),
    "lilv_scale_point_get_label": (c_void_p, [c_void_p]),
    "lilv_scale_point_get_value": (c_void_p, [c_void_p]),
    "lilv_nodes_get_first": (c_void_p, [c_void_p]),
    "lilv_nodes_free": (None, [c_void_p]),
    "lilv_node_as_string": (c_char_p, [c_void_p]),
    "lilv_node_as_uri": (c_char_p, [c_void_p]),
    "lilv_node_as_float": (c_float, [c_void_p]),
    "lilv_node_as_int": (c_int, [c_void_p]),
    "lilv_node_is_uri": (ctypes.c_bool, [c_void_p]),
    "lilv_file_uri_parse": (c_void_p, [c_char_p, c_void_p]),
    "lilv_node_free": (None, [c_void_p]),
    "lilv_free": (None, [c_void_p]),
}


class World:
    """Every LV2 bundle of LV2_PATH, or of the standard folders. Loading takes about 0.1 s per 400 plugins."""

    def __init__(self) -> None:
        """Raises PluginError without the library."""
        name = ctypes.util.find_library("lilv-0") or "liblilv-0.so.0"
        try:
            self._lilv = ctypes.CDLL(name)
        except OSError:
            raise PluginError(
                "liblilv is not installed, and it finds LV2 plugins: sudo apt install liblilv-0-0"
            ) from None
        for function, (result, arguments) in _LILV.items():
            getattr(self._lilv, function).restype = result
            getattr(self._lilv, function).argtypes = arguments
        self._world = self._lilv.lilv_world_new()
        self._lilv.lilv_world_load_all(self._world)
        self._uris: dict[str, int] = {}

    def plugins(self) -> list[str]:
        """The URI of every plugin."""
        lilv, found = self._lilv, []
        every = lilv.lilv_world_get_all_plugins(self._world)
        at = lilv.lilv_plugins_begin(every)
        while not lilv.lilv_plugins_is_end(every, at):
            plugin = lilv.lilv_plugins_get(every, at)
            found.append(lilv.lilv_node_as_uri(lilv.lilv_plugin_get_uri(plugin)).decode())
            at = lilv.lilv_plugins_next(every, at)
        return sorted(found)

    def bundle(self, uri: str) -> str:
        """The folder that holds a plugin. Raises PluginError for one that is not installed."""
        return self._path(self._lilv.lilv_plugin_get_bundle_uri(self._plugin(uri)))

    def facts(self, uri: str) -> Facts:
        """What a plugin says of itself. Raises PluginError for one that is not installed."""
        lilv, plugin = self._lilv, self._plugin(uri)
        is_side: list[bool] = []
        ports: dict[str, Port] = {}
        n_outputs = 0
        for index in range(lilv.lilv_plugin_get_num_ports(plugin)):
            port = lilv.lilv_plugin_get_port_by_index(plugin, index)
            is_audio = lilv.lilv_port_is_a(plugin, port, self._uri(_LV2 + "AudioPort"))
            if not lilv.lilv_port_is_a(plugin, port, self._uri(_LV2 + "InputPort")):
                n_outputs += is_audio
            elif is_audio:
                is_side.append(self._is_side(plugin, port))
            elif lilv.lilv_port_is_a(plugin, port, self._uri(_LV2 + "ControlPort")):
                symbol = lilv.lilv_node_as_string(lilv.lilv_port_get_symbol(plugin, port)).decode()
                ports[symbol] = self._port(plugin, port)
        return Facts(
            self._take(lilv.lilv_plugin_get_name(plugin)) or uri,
            self._take(lilv.lilv_plugin_get_author_name(plugin)),
            self._version(plugin),
            self.bundle(uri),
            tuple(is_side),
            n_outputs,
            ports,
        )

    def _plugin(self, uri: str) -> int:
        every = self._lilv.lilv_world_get_all_plugins(self._world)
        plugin = self._lilv.lilv_plugins_get_by_uri(every, self._uri(uri))
        if not plugin:
            raise PluginError(f"no LV2 plugin {uri} is installed; see `jamd plugins list lv2`")
        return int(plugin)

    def _is_side(self, plugin: int, port: int) -> bool:
        """Whether an audio input is a side-chain's: by its property, or its group's."""
        lilv = self._lilv
        if lilv.lilv_port_has_property(plugin, port, self._uri(_LV2 + "isSideChain")):
            return True
        group = lilv.lilv_port_get(plugin, port, self._uri("http://lv2plug.in/ns/ext/port-groups#group"))
        of = self._uri("http://lv2plug.in/ns/ext/port-groups#sideChainOf")
        return bool(group and lilv.lilv_world_get(self._world, group, of, None))

    def _port(self, plugin: int, port: int) -> Port:
        lilv = self._lilv
        ends = [c_void_p(), c_void_p(), c_void_p()]
        lilv.lilv_port_get_range(plugin, port, *(ctypes.addressof(end) for end in ends))
        least, most = (
            lilv.lilv_node_as_float(end) if end else other for end, other in zip(ends[1:], (0.0, 1.0), strict=True)
        )
        points: dict[str, float] = {}
        every = lilv.lilv_port_get_scale_points(plugin, port)
        if every:
            at = lilv.lilv_scale_points_begin(every)
            while not lilv.lilv_scale_points_is_end(every, at):
                point = lilv.lilv_scale_points_get(every, at)
                label = lilv.lilv_node_as_string(lilv.lilv_scale_point_get_label(point)).decode(errors="replace")
                points[label] = lilv.lilv_node_as_float(lilv.lilv_scale_point_get_value(point))
                at = lilv.lilv_scale_points_next(every, at)
            lilv.lilv_scale_points_free(every)
        return Port(self._unit(plugin, port), points, least, most)

    def _unit(self, plugin: int, port: int) -> str:
        lilv = self._lilv
        unit = lilv.lilv_port_get(plugin, port, self._uri(_UNITS + "unit"))
        if not unit:
            return ""
        name = lilv.lilv_node_as_uri(unit).decode() if lilv.lilv_node_is_uri(unit) else ""
        if name.startswith(_UNITS):
            return _KNOWN_UNITS.get(name.removeprefix(_UNITS), name.removeprefix(_UNITS))
        symbol = lilv.lilv_world_get(self._world, unit, self._uri(_UNITS + "symbol"), None)
        return lilv.lilv_node_as_string(symbol).decode(errors="replace") if symbol else ""

    def _version(self, plugin: int) -> str:
        parts = []
        for name in ("minorVersion", "microVersion"):
            nodes = self._lilv.lilv_plugin_get_value(plugin, self._uri(_LV2 + name))
            first = self._lilv.lilv_nodes_get_first(nodes) if nodes else None
            parts.append(str(self._lilv.lilv_node_as_int(first)) if first else "0")
            self._lilv.lilv_nodes_free(nodes)
        return ".".join(parts)

    def _uri(self, uri: str) -> int:
        if uri not in self._uris:
            self._uris[uri] = self._lilv.lilv_new_uri(self._world, uri.encode())
        return self._uris[uri]

    def _take(self, node: int | None) -> str:
        """The text of a node that is ours to free."""
        if not node:
            return ""
        text = self._lilv.lilv_node_as_string(node).decode(errors="replace")
        self._lilv.lilv_node_free(node)
        return str(text)

    def _path(self, node: int) -> str:
        found = self._lilv.lilv_file_uri_parse(self._lilv.lilv_node_as_uri(node), None)
        if not found:
            return ""
        path = ctypes.string_at(found).decode(errors="replace").rstrip("/")
        self._lilv.lilv_free(found)
        return path


@functools.cache
def world() -> World:
    """The one world of this process, loaded when first asked for."""
    return World()
