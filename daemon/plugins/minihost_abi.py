"""minihost's C interface: the library loaded once, its version checked, its structs and prototypes. [main]

After minihost.h of the API versions accepted below; LIBRARY_NEEDS is what pip installs it by.
"""

import atexit
import functools
import importlib.util
from ctypes import CDLL, POINTER, Structure, c_char, c_char_p, c_double, c_float, c_int, c_size_t, c_void_p
from pathlib import Path
from typing import Any

import numpy as np

from daemon.plugins.plugin import PluginError

OLDEST, NEWEST = 20800, 30000
"""`mh_api_version` from the first, below the second: minor versions add, major ones break."""

LIBRARY_NEEDS = "minihost>=0.11,<0.12"
TEXT = 128  # characters of a parameter's texts

MIDI_EVENT = np.dtype(
    [("at", np.int32), ("status", np.uint8), ("data1", np.uint8), ("data2", np.uint8), ("_", np.uint8)]
)

TRANSPORT = np.dtype(
    [
        ("tempo_bpm", np.float64),
        ("beats_per_bar", np.int32),
        ("beat_unit", np.int32),
        ("sample_time", np.int64),
        ("beats", np.float64),
        ("is_playing", np.int32),
        ("is_recording", np.int32),
        ("is_looping", np.int32),
        ("loop", np.int64, (2,)),
    ],
    align=True,
)


class PluginInfo(Structure):
    _fields_ = [
        (name, c_int)
        for name in (
            "n_params",
            "inputs",
            "outputs",
            "latency_samples",
            "midi_in",
            "midi_out",
            "is_midi_effect",
            "is_mpe",
        )
    ]


class Description(Structure):
    _fields_ = [
        ("name", c_char * 256),
        ("vendor", c_char * 256),
        ("version", c_char * 64),
        ("format", c_char * 16),
        ("unique_id", c_char * 64),
        ("path", c_char * 1024),
        ("midi_in", c_int),
        ("midi_out", c_int),
        ("inputs", c_int),
        ("outputs", c_int),
    ]


class ParamInfo(Structure):
    _fields_ = [
        ("name", c_char * TEXT),
        ("id", c_char * TEXT),
        ("label", c_char * TEXT),
        ("text", c_char * TEXT),
        ("least", c_float),
        ("most", c_float),
        ("default", c_float),
        ("steps", c_int),
        ("is_automatable", c_int),
        ("is_boolean", c_int),
        ("category", c_int),
    ]


class BusInfo(Structure):
    _fields_ = [("name", c_char * 64), ("channels", c_int), ("is_main", c_int), ("is_enabled", c_int)]


assert MIDI_EVENT.itemsize == 8
assert TRANSPORT.itemsize == 64

_PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "mh_api_version": (c_int, []),
    "mh_message_thread_init": (None, []),
    "mh_message_thread_shutdown": (None, []),
    "mh_message_thread_poll": (c_int, []),
    "mh_session_create": (c_void_p, [c_char_p, c_size_t]),
    "mh_session_open": (c_void_p, [c_void_p, c_char_p, c_double, c_int, c_int, c_int, c_int, c_char_p, c_size_t]),
    "mh_session_open_desc": (c_void_p, [c_void_p, c_char_p, c_double, c_int, c_int, c_int, c_char_p, c_size_t]),
    "mh_session_probe": (c_int, [c_void_p, c_char_p, POINTER(Description), c_char_p, c_size_t]),
    "mh_close": (None, [c_void_p]),
    "mh_set_sample_rate": (c_int, [c_void_p, c_double]),
    "mh_get_info": (c_int, [c_void_p, POINTER(PluginInfo)]),
    "mh_get_num_buses": (c_int, [c_void_p, c_int]),
    "mh_get_bus_info": (c_int, [c_void_p, c_int, c_int, POINTER(BusInfo)]),
    "mh_get_sidechain_channels": (c_int, [c_void_p]),
    "mh_process_sidechain_midi_io": (
        c_int,
        [c_void_p, c_void_p, c_void_p, c_void_p, c_int, c_void_p, c_int, c_void_p, c_int, c_void_p],
    ),
    "mh_get_param_info": (c_int, [c_void_p, c_int, POINTER(ParamInfo)]),
    "mh_get_param": (c_float, [c_void_p, c_int]),
    "mh_set_param": (c_int, [c_void_p, c_int, c_float]),
    "mh_set_param_rt": (c_int, [c_void_p, c_int, c_float]),
    "mh_param_to_text": (c_int, [c_void_p, c_int, c_float, c_char_p, c_size_t]),
    "mh_param_from_text": (c_int, [c_void_p, c_int, c_char_p, POINTER(c_float)]),
    "mh_set_param_value_callback": (c_int, [c_void_p, c_void_p, c_void_p]),
    "mh_get_state_size": (c_int, [c_void_p]),
    "mh_get_state": (c_int, [c_void_p, c_void_p, c_int]),
    "mh_set_state": (c_int, [c_void_p, c_void_p, c_int]),
    "mh_get_num_programs": (c_int, [c_void_p]),
    "mh_get_program_name": (c_int, [c_void_p, c_int, c_char_p, c_size_t]),
    "mh_set_program": (c_int, [c_void_p, c_int]),
    "mh_get_latency_samples": (c_int, [c_void_p]),
    "mh_get_tail_seconds": (c_double, [c_void_p]),
    "mh_set_transport": (c_int, [c_void_p, c_void_p]),
}


@functools.cache
def library() -> CDLL:
    """minihost, ready to open plugins. Raises PluginError where it is not installed or of another version."""
    spec = importlib.util.find_spec("minihost")
    folders = list(spec.submodule_search_locations or []) if spec else []
    found = [
        path for folder in folders for path in sorted(Path(folder).glob("_core*")) if path.suffix in (".so", ".pyd")
    ]
    if not found:
        raise PluginError(f"minihost is not installed, and it opens LV2 and VST3: pip install '{LIBRARY_NEEDS}'")
    loaded = CDLL(str(found[0]))
    for name, (result, arguments) in _PROTOTYPES.items():
        try:
            function = getattr(loaded, name)
        except AttributeError:
            raise PluginError(f"this minihost lacks {name}: pip install '{LIBRARY_NEEDS}'") from None
        function.restype, function.argtypes = result, arguments
    version = loaded.mh_api_version()
    if not OLDEST <= version < NEWEST:
        said = f"{version // 10000}.{version // 100 % 100}"
        raise PluginError(f"this minihost has API {said}, and jamd needs 2.8 to 3: pip install '{LIBRARY_NEEDS}'")
    loaded.mh_message_thread_init()
    atexit.register(loaded.mh_message_thread_shutdown)  # or JUCE never ends on Linux
    return loaded


@functools.cache
def session() -> int:
    """The formats of JUCE's, set up once: it reads every LV2 bundle of its own folders. Lives as long as the process."""
    made = library().mh_session_create(None, 0)
    if not made:
        raise PluginError("minihost does not start: see `jamd doctor`")
    return int(made)
