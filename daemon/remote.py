"""The remote: what App needs of Open Sound Control, in and out."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import zmq

from daemon import messages as m
from daemon.clock import offsets
from daemon.config import Osc
from daemon.desk.commands.command import Command
from daemon.osc.output import Output
from daemon.osc.sender import Sender
from daemon.room import PATIENT_MS


class Remote:
    """[main]"""

    def __init__(
        self, config: Osc, submit: Callable[[Sequence[Command], Callable[[dict[str, Any]], None]], None]
    ) -> None:
        """`submit` has commands of any kind carried out. Raises OscError."""
        self._latency_ms = config.latency_ms
        self._outputs = [Output(given) for given in config.outputs]
        self._sender = Sender(self._outputs, config.latency_ms, _wall_ns) if self._outputs else None
        self._states: dict[str, str] = {}  # output -> as it was published
        self._rate, self._now = 48000, 0

    def latencies(self) -> dict[str, float]:
        """ms by which each output is sent earlier than its music sounds."""
        return {output.name: self._latency_ms for output in self._outputs}

    def drops(self) -> int:
        """Packets that did not leave, or were refused where they went."""
        return sum(output.drops for output in self._outputs)

    def attend(self, poller: zmq.Poller) -> int:
        """Let the poller know whom to wait for; gives for how many ms it may."""
        if self._sender is None:
            return PATIENT_MS
        now_ns = time.monotonic_ns()
        due_ns = self._sender.next_ns(now_ns)
        return PATIENT_MS if due_ns is None else min(PATIENT_MS, max(0, -((now_ns - due_ns) // 1_000_000)))

    def feed(self, message: m.Message) -> None:
        """A message as it is published."""
        if self._sender is not None:
            now_ns = time.monotonic_ns()
            self._sender.feed(message, message.t_ns or self._about(message.sample_time, now_ns), now_ns)

    def begin(self, rate: int) -> None:
        """An engine runs: sample times begin anew, at `rate` Hz."""
        self._rate, self._now = rate, 0

    def end(self, now: int) -> list[m.Message]:
        """The engine has ended, and with it all that sounded."""
        if self._sender is not None:
            self._sender.end(time.monotonic_ns())
        return []

    def turn(self, now: int) -> list[m.Message]:
        """Send what is due; gives what became of the outputs. `now`: the stream's sample time."""
        self._now = now
        if self._sender is None:
            return []
        now_ns = time.monotonic_ns()
        self._sender.turn(now_ns)
        out: list[m.Message] = []
        for output in self._outputs:
            state = output.state(now_ns)
            if self._states.get(output.name) != state:
                self._states[output.name] = state
                error = "" if state == "open" else output.error
                out.append(m.Output(sample_time=now, known_at=now, name=output.name, state=state, error=error))
        return out

    def close(self) -> None:
        """No button stays pressed where it was sent to."""
        if self._sender is not None:
            self._sender.end(time.monotonic_ns())
        for output in self._outputs:
            output.close()

    def _about(self, sample_time: int, now_ns: int) -> int:
        """When a sample is, while the clock is not locked yet."""
        return now_ns + (sample_time - self._now) * 1_000_000_000 // self._rate


def _wall_ns(monotonic_ns: int) -> int:
    return monotonic_ns + offsets().realtime_offset_ns
