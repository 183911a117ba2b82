"""How sound is put together without a click: values that move, delays that change their length, feeds that add up."""

import numpy as np

from daemon.rack.records import FEED, MAX_DELAY
from dsp.kernel import inline, record_at
from dsp.native import floats_at, pointer_to

feed_at = pointer_to(FEED)

_MASK = MAX_DELAY - 1


@inline
def toward(now, to, step):
    """`now`, at most `step` nearer to `to`. [audio]"""
    if now < to:
        return min(to, now + step)
    return max(to, now - step)


@inline
def delayed(d, left, right, out, n, step):
    """Take `n` samples of both channels and give them as late as is `wanted`; a new length is faded to. [audio]

    It waits for a length until it holds as much.
    """
    if d.wanted == 0 and d.now == 0 and d.fading == 0:  # nothing is late: the line is left alone, for the cache's sake
        for i in range(n):
            out[0, i], out[1, i] = left[i], right[i]
        d.filled = 0
        return
    line, head = d.line, d.head
    for i in range(n):
        k = (head + i) & _MASK
        line[0, k], line[1, k] = left[i], right[i]
    if d.fading == 0 and d.wanted != d.now and d.filled >= d.wanted:
        d.next, d.fading, d.fade = d.wanted, 1, np.float32(0)
    now = head - d.now
    if d.fading == 0:
        for i in range(n):
            k = (now + i) & _MASK
            out[0, i], out[1, i] = line[0, k], line[1, k]
    else:
        soon, fade = head - d.next, d.fade
        for i in range(n):
            fade = min(np.float32(1), fade + step)
            old, new = (now + i) & _MASK, (soon + i) & _MASK
            keep = np.float32(1) - fade
            out[0, i] = keep * line[0, old] + fade * line[0, new]
            out[1, i] = keep * line[1, old] + fade * line[1, new]
        d.fade = fade
        if fade >= np.float32(1):
            d.now, d.fading = d.next, 0
    d.head = (head + n) & _MASK
    d.filled = min(MAX_DELAY, d.filled + n)


@inline
def feed(address, target, n, step):
    """Add a feed's source to `target` (2, PART), as late and as loud as it is to be. [audio]"""
    f = record_at(feed_at(address), 1)[0]
    late, waits = f.late, f.delay.filled < f.delay.now
    delayed(f.delay, record_at(floats_at(f.left), n), record_at(floats_at(f.right), n), late, n, step)
    gain, to = f.gain, np.float32(0) if waits else f.gain_to
    if gain == to:
        if gain == np.float32(1):
            for c in range(2):
                for i in range(n):
                    target[c, i] += late[c, i]
        elif gain != np.float32(0):
            for c in range(2):
                for i in range(n):
                    target[c, i] += gain * late[c, i]
        return
    for i in range(n):
        gain = toward(gain, to, step)
        target[0, i] += gain * late[0, i]
        target[1, i] += gain * late[1, i]
    f.gain = gain


@inline
def blend(dry, wet, out, n, amount, to, step):
    """`out` = dry to wet (2, PART), the amount moving; gives the amount reached. `out` may be `dry`. [audio]"""
    if amount == to and amount == np.float32(1):
        for c in range(2):
            for i in range(n):
                out[c, i] = wet[c, i]
        return amount
    if amount == to and amount == np.float32(0):
        for c in range(2):
            for i in range(n):
                out[c, i] = dry[c, i]
        return amount
    for i in range(n):
        amount = toward(amount, to, step)
        keep = np.float32(1) - amount
        out[0, i] = keep * dry[0, i] + amount * wet[0, i]
        out[1, i] = keep * dry[1, i] + amount * wet[1, i]
    return amount


@inline
def clear(buffer, n):
    """Silence (2, PART). [audio]"""
    for c in range(2):
        for i in range(n):
            buffer[c, i] = np.float32(0)
