"""The remote: what App needs of Open Sound Control, in and out."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import zmq

from daemon import messages as m
from daemon.clock import offsets
from daemon.config import Osc
from daemon.desk.commands import decode
from daemon.desk.commands.command import Command
from daemon.errors import Refused
from daemon.osc.input import Input
from daemon.osc.output import Output
from daemon.osc.receiver import Receiver, Reply
from daemon.osc.sender import Sender
from daemon.room import PATIENT_MS

SAY_NS = 1_000_000_000  # between two words on what was refused


class Remote:
    """[main]"""

    def __init__(
        self, config: Osc, submit: Callable[[Sequence[Command], Callable[[dict[str, Any]], None]], None]
    ) -> None:
        """`submit` has commands of any kind carried out. Raises OscError."""
        self._submit, self._latency_ms = submit, config.latency_ms
        self._outputs = [Output(given) for given in config.outputs]
        self._sender = Sender(self._outputs, config.latency_ms, _wall_ns) if self._outputs else None
        self._states: dict[str, str] = {}  # output -> as it was published
        self._receiver = Receiver(Input(config.input), self._do, _wall_ns) if config.input else None
        self._said_errors, self._say_ns = -1, 0
        self._rate, self._now = 48000, 0

    def latencies(self) -> dict[str, float]:
        """ms by which each output is sent earlier than its music sounds."""
        return {output.name: self._latency_ms for output in self._outputs}

    def drops(self) -> int:
        """Packets that did not leave, or were refused where they went."""
        return sum(output.drops for output in self._outputs)

    def attend(self, poller: zmq.Poller) -> int:
        """Let the poller know whom to wait for; gives for how many ms it may."""
        now_ns = time.monotonic_ns()
        due = [self._sender.next_ns(now_ns)] if self._sender is not None else []
        if self._receiver is not None:
            due.append(self._receiver.next_ns())
            if self._receiver.input.fd not in poller:
                poller.register(self._receiver.input.fd, zmq.POLLIN)
        due_ns = min((one for one in due if one is not None), default=now_ns + PATIENT_MS * 1_000_000)
        return min(PATIENT_MS, max(0, -((now_ns - due_ns) // 1_000_000)))

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
        """Send what is due, take what has come; gives what came, and what became of the places.

        `now`: the stream's sample time.
        """
        self._now = now
        now_ns = time.monotonic_ns()
        if self._sender is not None:
            self._sender.turn(now_ns)
        out = [news for output in self._outputs for news in self._news(output, output.state(now_ns))]
        if self._receiver is not None:
            self._receiver.turn(now_ns)
            out += self._refusals(self._receiver, now_ns)
            out += self._receiver.monitor.turn(now_ns)
        for message in out:
            message.sample_time = message.known_at = now
        return out

    def close(self) -> None:
        """No button stays pressed where it was sent to."""
        if self._sender is not None:
            self._sender.end(time.monotonic_ns())
        for output in self._outputs:
            output.close()
        if self._receiver is not None:
            self._receiver.input.close()

    def _news(self, output: Output, state: str) -> Iterator[m.Message]:
        if self._states.get(output.name) != state:
            self._states[output.name] = state
            yield m.Output(name=output.name, state=state, error="" if state == "open" else output.error)

    def _refusals(self, receiver: Receiver, now_ns: int) -> Iterator[m.Message]:
        """At first that it is open; then how much was refused, and why the last."""
        errors = receiver.errors()
        if errors == self._said_errors or now_ns < self._say_ns:
            return
        self._said_errors, self._say_ns = errors, now_ns + SAY_NS
        error = f"{errors} refused, the last: {receiver.last}" if errors else receiver.input.warning
        yield m.Output(name=receiver.input.name, state="open", error=error)

    def _do(self, command: dict[str, Any], reply: Reply) -> None:
        """The same as it were given by `jamd ctl`."""
        try:
            self._submit([decode(msgspec.msgpack.encode(command), False)], reply)
        except Refused as error:
            reply({"error": {"code": error.code, "text": str(error)}})

    def _about(self, sample_time: int, now_ns: int) -> int:
        """When a sample is, while the clock is not locked yet."""
        return now_ns + (sample_time - self._now) * 1_000_000_000 // self._rate


def _wall_ns(monotonic_ns: int) -> int:
    return monotonic_ns + offsets().realtime_offset_ns
