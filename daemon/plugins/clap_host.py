"""What a CLAP plugin may ask its host: every function is machine code that writes a flag, for it may be the audio thread.

The main thread reads the flags in `clap.ClapPlugin.poll`.
"""

import ctypes

import numpy as np
from numba import cfunc, from_dtype, types

from daemon import __version__
from daemon.plugins import clap_abi as abi
from daemon.plugins.native import thread_id
from dsp.kernel import record_at
from dsp.native import address_of

_HOST = types.CPointer(from_dtype(abi.HOST))
_RESCAN_ALL = 8  # parameters come or go

_name, _url, _own_version = (ctypes.c_char_p(text.encode()) for text in ("jamd", "", __version__))


@cfunc(types.uintp(_HOST, types.CPointer(types.uint8)), cache=True)
def get_extension(hosts, name):
    """The table of an extension that the host has; 0 for others. [any]"""
    extensions = record_at(hosts, 1)[0].extensions
    for k in range(abi.MAX_EXTENSIONS):
        own = extensions[k]
        at = 0
        while at < 31 and own.id[at] != 0 and own.id[at] == name[at]:
            at += 1
        if at > 0 and own.id[at] == 0 and name[at] == 0:
            return address_of(own.functions)
    return types.uintp(0)


@cfunc(types.void(_HOST), cache=True)
def want_restart(hosts):
    """request_restart, latency.changed [any]"""
    record_at(hosts, 1)[0].wants_restart = 1


@cfunc(types.void(_HOST), cache=True)
def want_nothing(hosts):
    """request_process and params.request_flush (it is played all the time), and news jamd does not need [any]"""


@cfunc(types.void(_HOST), cache=True)
def want_callback(hosts):
    """request_callback [any]"""
    record_at(hosts, 1)[0].wants_callback = 1


@cfunc(types.void(_HOST, types.uint32), cache=True)
def rescan_params(hosts, flags):
    """params.rescan [main]"""
    host = record_at(hosts, 1)[0]
    host.values_changed = 1
    if flags & _RESCAN_ALL:
        host.wants_restart = 1


@cfunc(types.void(_HOST, types.uint32, types.uint32), cache=True)
def clear_param(hosts, param, flags):
    """params.clear: jamd keeps no automation to clear [main]"""


@cfunc(types.void(_HOST, types.uint32), cache=True)
def rescan_ports(hosts, flags):
    """audio-ports.rescan, note-ports.rescan: jamd does not show their names, but for the rest it opens it anew [main]"""
    record_at(hosts, 1)[0].wants_restart = 1


@cfunc(types.boolean(_HOST, types.uint32), cache=True)
def accept_rescan(hosts, flag):
    """audio-ports.is_rescan_flag_supported [main]"""
    return True


@cfunc(types.uint32(_HOST), cache=True)
def dialects(hosts):
    """note-ports.supported_dialects [main]"""
    return np.uint32(abi.DIALECT_CLAP | abi.DIALECT_MIDI)


@cfunc(types.boolean(_HOST), cache=True)
def is_main_thread(hosts):
    """thread-check.is_main_thread [any]"""
    return record_at(hosts, 1)[0].main_thread == thread_id()


@cfunc(types.boolean(_HOST), cache=True)
def is_audio_thread(hosts):
    """thread-check.is_audio_thread: who is in the plugin's processing now [any]"""
    return record_at(hosts, 1)[0].audio_thread == thread_id()


@cfunc(types.void(_HOST, types.int32, types.CPointer(types.uint8)), cache=True)
def log(hosts, severity, text):
    """log.log: a plugin's talk is not for the performer [any]"""


@cfunc(types.uintp(), cache=True)
def this_thread():
    """The id that `is_main_thread` compares. [any]"""
    return thread_id()


EXTENSIONS = {
    "clap.audio-ports": (accept_rescan, rescan_ports),
    "clap.latency": (want_restart,),
    "clap.log": (log,),
    "clap.note-ports": (dialects, rescan_ports),
    "clap.params": (rescan_params, clear_param, want_nothing),
    "clap.state": (want_nothing,),
    "clap.tail": (want_nothing,),
    "clap.thread-check": (is_main_thread, is_audio_thread),
    "clap.voice-info": (want_nothing,),
}
"""In the order of each extension's table."""


def prepare(host: np.void) -> None:
    """Fill a HOST for one plugin, whose main thread is this one; it stays where it is for as long as the plugin. [main]"""
    host["version"] = abi.VERSION
    for field, text in (("name", _name), ("vendor", _name), ("url", _url), ("own_version", _own_version)):
        host[field] = ctypes.cast(text, ctypes.c_void_p).value or 0
    for field, function in (
        ("get_extension", get_extension),
        ("request_restart", want_restart),
        ("request_process", want_nothing),
        ("request_callback", want_callback),
    ):
        host[field] = function.address
    for extension, (name, functions) in zip(host["extensions"], EXTENSIONS.items(), strict=False):
        extension["id"][: len(name)] = np.frombuffer(name.encode(), np.uint8)
        extension["functions"][: len(functions)] = [function.address for function in functions]
    host["main_thread"] = this_thread.ctypes()
