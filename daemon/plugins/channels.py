"""Where a plugin's input channels come from: the call's inputs, its side-chain, or silence. [audio]"""

import numpy as np

from dsp.kernel import inline

SILENCE, SIDE = -1, 100
"""A channel's source: the call's input of that number, SIDE plus its side-chain's number, or nothing."""


@inline
def find(call, source, start, silence):
    """The address of a channel from sample `start` on; `silence` is that of enough zeros. [audio]"""
    address = np.uint64(0)
    if source >= SIDE:
        address = call.side[source - SIDE]
    elif source >= 0:
        address = call.inputs[source]
    return silence if address == 0 else address + np.uint64(4 * start)
