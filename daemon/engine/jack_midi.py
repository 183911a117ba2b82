"""JACK's MIDI buffers, read and written in the process callback at their frames: what JACK sends is exact to the sample.

JACK-Client's cffi library has the C functions; their addresses stand in the record.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dsp.block import JACK_PORT, MAX_MIDI, MIDI
from dsp.kernel import inline, offset_of, record_at
from dsp.native import address_of, call1, fetch_uint, pointer_to

EVENT = np.dtype([("frame", np.uint32), ("size", np.uint64), ("data", np.uint64)], align=True)
"""jack_midi_event_t: `data` points to `size` bytes."""

JACK_MIDI = np.dtype(
    [
        ("count", np.uint64),  # address of jack_midi_get_event_count
        ("get", np.uint64),  # ..._event_get
        ("clear", np.uint64),  # ..._clear_buffer
        ("write", np.uint64),  # ..._event_write
        ("ports", np.uint64, (2,)),  # in, out
        ("event", EVENT),  # the one in hand
        ("sounding", np.uint8, (16, 128)),  # by channel and note: left, and not ended
    ],
    align=True,
)
"""The driver's part of the record that is about MIDI."""

_BYTES = np.uint64(offset_of(MIDI, "status"))  # status and data lie as they are sent
_bytes_at = pointer_to(np.dtype(np.uint8))


@intrinsic
def _get(typingctx, address, event, buffer, index):
    """Call `int (*)(jack_midi_event_t*, void*, uint32_t)` at an address. [any]"""

    def code(context, builder, signature, values):
        word = values[0].type
        function = ir.FunctionType(ir.IntType(32), [word, word, values[3].type]).as_pointer()
        return builder.call(builder.inttoptr(values[0], function), values[1:])

    return types.int32(types.uintp, types.uintp, types.uintp, types.uint32), code


@intrinsic
def _write(typingctx, address, buffer, frame, data, size):
    """Call `int (*)(void*, uint32_t, const uint8_t*, size_t)` at an address. [any]"""

    def code(context, builder, signature, values):
        word = values[0].type
        function = ir.FunctionType(ir.IntType(32), [word, values[2].type, word, word]).as_pointer()
        return builder.call(builder.inttoptr(values[0], function), values[1:])

    return types.int32(types.uintp, types.uintp, types.uint32, types.uintp, types.uintp), code


@inline
def _size(status):
    """Bytes of a channel-voice message, of song position and of MIDI clock; 0 for what is none. [any]"""
    if status >= 0xF0:
        return 3 if status == 0xF2 else 1 if status in (0xF8, 0xFA, 0xFB, 0xFC) else 0
    if status < 0x80:
        return 0
    return 2 if 0xC0 <= status < 0xE0 else 3


@inline
def read(s, buffer, n):
    """Take a block's channel-voice and clock messages from the port's buffer; others are passed over. [audio]"""
    j, direct, count = s.jack_midi, s.direct, 0
    event = j.event
    for k in range(fetch_uint(j.count, buffer)):
        if _get(j.get, address_of(event), buffer, np.uint32(k)) != 0 or event.size == 0:
            continue
        data = record_at(_bytes_at(event.data), 3)
        size = _size(data[0])
        if size == 0 or event.size != size:
            continue
        if count == MAX_MIDI:
            s.lost_midi += 1
            continue
        message = direct[count]
        message.at = min(np.int64(event.frame), n - 1)
        message.port = JACK_PORT
        message.status = data[0]
        message.data1 = data[1] & 0x7F if size > 1 else 0
        message.data2 = data[2] & 0x7F if size == 3 else 0
        count += 1
    s.n_direct = count


@inline
def _note(sounding, message):
    """Remember what sounds: who receives it must be told its end, whatever becomes of this process. [audio]"""
    kind, channel = message.status & 0xF0, message.status & 0x0F
    if kind <= 0x90:
        sounding[channel, message.data1] = np.uint8(kind == 0x90 and message.data2 > 0)
    elif kind == 0xB0 and (message.data1 == 120 or message.data1 >= 123):
        for note in range(128):  # all sound off, all notes off and the modes that imply it
            sounding[channel, note] = np.uint8(0)


@inline
def write(s, buffer, n):
    """Let what the block sends leave by the port's buffer. [audio]"""
    j, block = s.jack_midi, s.block
    call1(j.clear, buffer)
    out, frame = block.midi_out, np.int64(0)  # JACK refuses an event before the last one
    for k in range(block.n_midi_out):
        message = out[k]
        size = _size(message.status)
        if size == 0:
            continue
        frame = max(frame, min(message.at, n - 1))
        if _write(j.write, buffer, np.uint32(frame), address_of(message) + _BYTES, np.uintp(size)) != 0:
            s.lost_midi += 1
        else:
            _note(j.sounding, message)


def prepare(state: np.ndarray, jack: Any, midi_in: Any, midi_out: Any) -> None:
    """Write the addresses of `jack` (the module) and of two of its ports into the record. [main]"""
    ffi, lib = jack._ffi, jack._lib
    names = ("get_event_count", "event_get", "clear_buffer", "event_write")
    for field, name in zip(("count", "get", "clear", "write"), names, strict=True):
        state["jack_midi"][field] = int(ffi.cast("uintptr_t", getattr(lib, f"jack_midi_{name}")))
    state["jack_midi"]["ports"] = [int(ffi.cast("uintptr_t", port._ptr)) for port in (midi_in, midi_out)]
