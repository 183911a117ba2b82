"""A plugin that does next to nothing: what is left of a chain of these is the rack's own work."""

import numpy as np

from daemon.plugins.call import CALL
from daemon.plugins.plugin import Info
from daemon.rack.isolation.stand_in import StandIn
from dsp.kernel import kernel, record_at, zeros
from dsp.native import floats_at

OWN = np.dtype([("gain", np.float32)])


@kernel(OWN, CALL)
def _process(own, calls):
    gain, call = record_at(own, 1)[0].gain, record_at(calls, 1)[0]
    for c in range(2):
        source = record_at(floats_at(call.inputs[c]), call.n)
        target = record_at(floats_at(call.outputs[c]), call.n)
        for i in range(call.n):
            target[i] = gain * source[i]


class Gain(StandIn):
    """A `daemon.plugins.plugin.Plugin`. [main]"""

    def __init__(self) -> None:
        self.info = Info("gain", "", "Gain", inputs=2, outputs=2)
        self._own = zeros(OWN)
        self._own["gain"] = 1.0
        self.process, self.own = int(_process.address), int(self._own.ctypes.data)

    def latency(self) -> int:
        """None."""
        return 0

    def close(self) -> None:
        """Nothing is to be freed."""
