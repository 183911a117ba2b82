"""CLAP's C interface as far as jamd speaks it: records for the audio thread, structs for the main thread.

After the CLAP 1.2 headers (clap-audio/clap on GitHub): the names are jamd's, sizes and offsets are asserted.
"""

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_bool,
    c_char,
    c_char_p,
    c_double,
    c_int64,
    c_uint32,
    c_uint64,
    c_void_p,
)

import numpy as np

from daemon.plugins.call import CHANGES, MAX_PARAMS, MAX_PORTS
from dsp.block import MAX_MIDI, MIDI

VERSION = (1, 2, 2)

NOTE_ON, NOTE_OFF, PARAM_VALUE, MIDI_MESSAGE = 0, 1, 5, 10  # event types
DIALECT_CLAP, DIALECT_MIDI = 1, 2
IS_STEPPED, IS_HIDDEN, IS_READ_ONLY, IS_AUTOMATABLE = 1, 4, 8, 32  # a parameter's flags
BEAT = 1 << 31  # fixed point
HAS_TEMPO, HAS_BEATS, HAS_SECONDS, HAS_METRE, IS_PLAYING = 1, 2, 4, 8, 16  # a transport's flags
INFINITE_TAIL = 2**31 - 1
N_EVENTS = MAX_PARAMS + MAX_MIDI

_HEADER = {"size": (np.uint32, 0), "time": (np.uint32, 4), "space": (np.uint16, 8), "type": (np.uint16, 10)} | {
    "flags": (np.uint32, 12)
}
_NOTE = {"note_id": (np.int32, 16), "note_port": (np.int16, 20), "channel": (np.int16, 22), "key": (np.int16, 24)} | {
    "velocity": (np.float64, 32)
}
_PARAM = {
    "param_id": (np.uint32, 16),
    "cookie": (np.uint64, 24),
    "of_note": (np.int32, 32),
    "of_port": (np.int16, 36),
} | {
    "of_channel": (np.int16, 38),
    "of_key": (np.int16, 40),
    "value": (np.float64, 48),
}
_MIDI = {"midi_port": (np.uint16, 16), "status": (np.uint8, 18), "data1": (np.uint8, 19), "data2": (np.uint8, 20)}

SIZES = {NOTE_ON: 40, NOTE_OFF: 40, PARAM_VALUE: 56, MIDI_MESSAGE: 24}
"""`size` of each event."""


def _overlaid(fields: dict, size: int) -> np.dtype:
    names = list(fields)
    formats, offsets = [fields[name][0] for name in names], [fields[name][1] for name in names]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})


EVENT = _overlaid(_HEADER | _NOTE | _PARAM | _MIDI, 64)
"""Any event: a header, and what its type says lies over each other."""

AUDIO = np.dtype(
    [
        ("channels", np.uint64),  # address of addresses of float32[n]
        ("doubles", np.uint64),
        ("n_channels", np.uint32),
        ("latency", np.uint32),
        ("constant_mask", np.uint64),
    ]
)
"""The channels of one port."""

TRANSPORT = np.dtype(
    [
        ("size", np.uint32),
        ("time", np.uint32),
        ("space", np.uint16),
        ("type", np.uint16),
        ("event_flags", np.uint32),
        ("flags", np.uint32),
        ("_", np.uint32),
        ("beats", np.int64),
        ("seconds", np.int64),
        ("tempo_bpm", np.float64),
        ("tempo_step", np.float64),
        ("loop", np.int64, (4,)),
        ("bar_start", np.int64),
        ("bar", np.int32),
        ("beats_per_bar", np.uint16),
        ("beat_unit", np.uint16),
    ]
)

PROCESS = np.dtype(
    [
        ("steady_time", np.int64),
        ("n", np.uint32),
        ("_", np.uint32),
        ("transport", np.uint64),
        ("inputs", np.uint64),
        ("outputs", np.uint64),
        ("n_inputs", np.uint32),
        ("n_outputs", np.uint32),
        ("in_events", np.uint64),
        ("out_events", np.uint64),
    ]
)

IN_EVENTS = np.dtype(
    [
        ("context", np.uint64),
        ("size", np.uint64),  # addresses of functions
        ("get", np.uint64),
        ("count", np.int64),
        ("events", EVENT, (N_EVENTS,)),
    ]
)
"""A list that the plugin reads; sorted by time."""

OUT_EVENTS = np.dtype(
    [
        ("context", np.uint64),
        ("try_push", np.uint64),
        ("n_midi", np.int64),
        ("midi", MIDI, (MAX_MIDI,)),
        ("n_params", np.int64),
        (
            "ids",
            np.uint64,
        ),  # addresses of uint32, and of float64[...] each: every parameter's id, range and known value
        ("leasts", np.uint64),
        ("spans", np.uint64),
        ("known", np.uint64),
        ("changes", CHANGES),
    ],
    align=True,
)
"""A list that the plugin adds to: MIDI for the block's, parameters for the ring."""

MAX_EXTENSIONS = 12

EXTENSION = np.dtype([("id", np.uint8, (32,)), ("functions", np.uint64, (4,))])
"""An extension of the host's: its id, zero-ended, and its table of functions."""

HOST = np.dtype(
    [
        ("version", np.uint32, (3,)),
        ("_", np.uint32),
        ("host_data", np.uint64),
        ("name", np.uint64),
        ("vendor", np.uint64),
        ("url", np.uint64),
        ("own_version", np.uint64),
        ("get_extension", np.uint64),
        ("request_restart", np.uint64),
        ("request_process", np.uint64),
        ("request_callback", np.uint64),
        # jamd's own, behind what the plugin knows
        ("main_thread", np.uint64),
        ("audio_thread", np.uint64),  # who is in the plugin as the audio thread; 0 = nobody
        ("wants_restart", np.int64),
        ("wants_callback", np.int64),
        ("values_changed", np.int64),  # the plugin asks to have its values read again
        ("extensions", EXTENSION, (MAX_EXTENSIONS,)),
    ]
)
"""What the plugin holds as its host; whatever thread it calls from, what it asks for is written here."""

MAX_BUSES = 16  # ports each way

assert EVENT.fields is not None and PROCESS.fields is not None and HOST.fields is not None
assert EVENT.itemsize == 64 and EVENT.fields["note_id"][1] == 16
assert SIZES[PARAM_VALUE] == EVENT.fields["value"][1] + 8 and SIZES[NOTE_ON] == EVENT.fields["velocity"][1] + 8
assert PROCESS.itemsize == 64 and PROCESS.fields["n"][1] == 8
assert AUDIO.itemsize == 32 and TRANSPORT.itemsize == 104 and HOST.fields["main_thread"][1] == 88
assert IN_EVENTS.itemsize % 8 == 0 and MAX_PORTS <= 16


class Entry(Structure):
    _fields_ = [
        ("version", c_uint32 * 3),
        ("init", CFUNCTYPE(c_bool, c_char_p)),
        ("deinit", CFUNCTYPE(None)),
        ("get_factory", CFUNCTYPE(c_void_p, c_char_p)),
    ]


class Descriptor(Structure):
    _fields_ = [
        ("version", c_uint32 * 3),
        ("id", c_char_p),
        ("name", c_char_p),
        ("vendor", c_char_p),
        ("url", c_char_p),
        ("manual_url", c_char_p),
        ("support_url", c_char_p),
        ("own_version", c_char_p),
        ("description", c_char_p),
        ("features", c_void_p),
    ]


class Factory(Structure):
    _fields_ = [
        ("count", CFUNCTYPE(c_uint32, c_void_p)),
        ("descriptor", CFUNCTYPE(POINTER(Descriptor), c_void_p, c_uint32)),
        ("create", CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_char_p)),
    ]


class Plugin(Structure):
    _fields_ = [
        ("descriptor", POINTER(Descriptor)),
        ("data", c_void_p),
        ("init", CFUNCTYPE(c_bool, c_void_p)),
        ("destroy", CFUNCTYPE(None, c_void_p)),
        ("activate", CFUNCTYPE(c_bool, c_void_p, c_double, c_uint32, c_uint32)),
        ("deactivate", CFUNCTYPE(None, c_void_p)),
        ("start_processing", CFUNCTYPE(c_bool, c_void_p)),
        ("stop_processing", CFUNCTYPE(None, c_void_p)),
        ("reset", CFUNCTYPE(None, c_void_p)),
        ("process", c_void_p),
        ("get_extension", CFUNCTYPE(c_void_p, c_void_p, c_char_p)),
        ("on_main_thread", CFUNCTYPE(None, c_void_p)),
    ]


class AudioPortInfo(Structure):
    _fields_ = [
        ("id", c_uint32),
        ("name", c_char * 256),
        ("flags", c_uint32),
        ("channels", c_uint32),
        ("kind", c_char_p),
        ("in_place_pair", c_uint32),
    ]


class NotePortInfo(Structure):
    _fields_ = [("id", c_uint32), ("dialects", c_uint32), ("preferred", c_uint32), ("name", c_char * 256)]


class ParamInfo(Structure):
    _fields_ = [
        ("id", c_uint32),
        ("flags", c_uint32),
        ("cookie", c_void_p),
        ("name", c_char * 256),
        ("module", c_char * 1024),
        ("least", c_double),
        ("most", c_double),
        ("default", c_double),
    ]


class AudioPorts(Structure):
    _fields_ = [
        ("count", CFUNCTYPE(c_uint32, c_void_p, c_bool)),
        ("get", CFUNCTYPE(c_bool, c_void_p, c_uint32, c_bool, POINTER(AudioPortInfo))),
    ]


class NotePorts(Structure):
    _fields_ = [
        ("count", CFUNCTYPE(c_uint32, c_void_p, c_bool)),
        ("get", CFUNCTYPE(c_bool, c_void_p, c_uint32, c_bool, POINTER(NotePortInfo))),
    ]


class Params(Structure):
    _fields_ = [
        ("count", CFUNCTYPE(c_uint32, c_void_p)),
        ("get_info", CFUNCTYPE(c_bool, c_void_p, c_uint32, POINTER(ParamInfo))),
        ("get_value", CFUNCTYPE(c_bool, c_void_p, c_uint32, POINTER(c_double))),
        ("value_to_text", CFUNCTYPE(c_bool, c_void_p, c_uint32, c_double, c_char_p, c_uint32)),
        ("text_to_value", CFUNCTYPE(c_bool, c_void_p, c_uint32, c_char_p, POINTER(c_double))),
        ("flush", CFUNCTYPE(None, c_void_p, c_void_p, c_void_p)),
    ]


Move = CFUNCTYPE(c_int64, c_void_p, c_void_p, c_uint64)


class Stream(Structure):
    """Of either way: `move` reads into, or writes from, the memory it is given."""

    _fields_ = [("context", c_void_p), ("move", Move)]


class State(Structure):
    _fields_ = [
        ("save", CFUNCTYPE(c_bool, c_void_p, POINTER(Stream))),
        ("load", CFUNCTYPE(c_bool, c_void_p, POINTER(Stream))),
    ]


class Count(Structure):
    """The extensions `latency` and `tail`: one number of samples."""

    _fields_ = [("get", CFUNCTYPE(c_uint32, c_void_p))]


assert ctypes.sizeof(Plugin) == 96 and ctypes.sizeof(Descriptor) == 88
assert ctypes.sizeof(ParamInfo) == 1320 and ctypes.sizeof(AudioPortInfo) == 288
