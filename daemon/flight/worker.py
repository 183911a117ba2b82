"""The daemon's side of the recorder's process: starts it, tells it, and never waits for it.

One that died or hangs is started again and goes on where the disk ends; what it was told meanwhile is lost, and counted.
"""

import socket
import time
from typing import Any

import msgspec

from daemon import messages as m
from daemon.companion import ONE_THREAD, Companion, how
from daemon.flight.link import Answer, FromProcess, Open, Save, Show, State
from daemon.service.router import Reply

SILENT_S = 10.0  # without a word: it hangs; a disk may stall for seconds
START_S = 60.0  # before its first
AGAIN_S, AGAIN_MOST_S = 0.2, 30.0  # between a process's end and the next; twice as long each time
CLOSE_S = 3.0
SAVING_S = 20.0  # a take that was asked for is still saved
PATIENCE_S = 55.0  # for a take: who asks waits for a minute
SAY_S = 1.0  # between two words of what is lost
STILL_S = 60.0  # between two words while nothing changes
BUFFER = 1 << 20  # bytes of the log that may wait, as far as the system allows
UNTOLD = "the recorder cannot be told what to keep: the config is too long for it; shorten it, start jamd again"
SLOW = "the recorder was too slow: its disk, or this machine, is busy"

_decode = msgspec.msgpack.Decoder(FromProcess).decode


class Worker:
    """[main]"""

    def __init__(self, opening: Open) -> None:
        """Starts the process."""
        self._beside = Companion("daemon.flight.process", passed=[opening.place.fd], environment=ONE_THREAD)
        self.socket = self._beside.socket  # readable when the process has said something
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        self._opening = opening
        self._asked: dict[int, tuple[Reply, float, bool]] = {}  # number -> whom to answer, when asked, is it a take
        self._number = 0
        self.state = State()
        self._before = State()  # counts of processes that have ended
        self._told: m.Take | None = None
        self._why = ""  # something was lost since that was told
        self._told_at = 0.0
        self._is_up = self._is_told = False
        self._said: list[m.Message] = []
        self._start()

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._beside.pid

    def tell(self, packet: msgspec.Struct) -> bool:
        """Send it a packet. False: it does not read, or is not there."""
        return bool(self._beside.pid) and self._beside.tell(packet)

    def save(self, minutes: float, name: str, reply: Reply) -> None:
        """Have a take saved."""
        self._ask(Save(self._number + 1, minutes, name), reply)

    def show(self, reply: Reply) -> None:
        """Have told what there is."""
        self._ask(Show(self._number + 1), reply)

    def turn(self, unsent: int) -> list[m.Message]:
        """Take what was said, look after the process; `unsent`: items of the log that it could not be told."""
        now = time.monotonic()
        for packed in self._beside.said():
            self._hear(_decode(packed))
        self._look(now)
        for number, (reply, asked_at, _) in list(self._asked.items()):
            if now - asked_at > PATIENCE_S:
                del self._asked[number]
                _refuse(reply, 504, "the take is not saved yet; it may be later: `jamd ctl take --show`")
        self._say(now, unsent)
        said, self._said = self._said, []
        return said

    def close(self) -> None:
        """Let it keep what has come, and end it. Safe when closed."""
        self._beside.close(SAVING_S if any(is_take for *_, is_take in self._asked.values()) else CLOSE_S)

    def _ask(self, packet: Save | Show, reply: Reply) -> None:
        self._number += 1
        if self.tell(packet):
            self._asked[self._number] = reply, time.monotonic(), isinstance(packet, Save)
        else:
            _refuse(reply, 503, "the recorder does not answer; it is started again: ask once more")

    def _start(self) -> None:
        self._beside.start()
        self._is_up, self._is_told = False, self._beside.tell(self._opening)

    def _hear(self, packet: FromProcess) -> None:
        if isinstance(packet, State):
            self._is_up, before = True, self._before
            error = packet.error if self._is_told else UNTOLD
            self.state = State(
                packet.seconds, before.lost_s + packet.lost_s, before.lost_messages + packet.lost_messages, error
            )
            self._why = error or self._why
        elif isinstance(packet, Answer):
            asked = self._asked.pop(packet.number, None)
            if packet.result.get("path"):
                self._said.append(m.Take(state="saved", path=packet.result["path"], seconds=packet.result["seconds"]))
            elif packet.code:
                self._said.append(m.Take(state="failed", error=packet.text))
            if asked is not None and packet.code:
                _refuse(asked[0], packet.code, packet.text)
            elif asked is not None:
                asked[0]({"ok": True, "results": [self._whole(packet.result)]})

    def _whole(self, result: dict[str, Any]) -> dict[str, Any]:
        """What was asked; of a show, with how the recorder fares."""
        if "path" in result:
            return result
        state = msgspec.structs.asdict(self.state)
        return {"folder": self._opening.folder, "minutes": self._opening.minutes, **state, **result}

    def _look(self, now: float) -> None:
        """Notice the process's end, or that it hangs."""
        beside = self._beside
        if not beside.pid:
            if now >= beside.start_at:
                self._start()
            return
        code = beside.code()
        if code is None and now - beside.heard_at < (SILENT_S if self._is_up else START_S):
            return
        beside.lose(AGAIN_S, AGAIN_MOST_S)
        for packed in beside.said():  # its last words
            self._hear(_decode(packed))
        for reply, *_ in self._asked.values():
            _refuse(reply, 503, "the recorder's process ended; it is started again: ask once more")
        self._asked.clear()
        error = self._why = f"the recorder's process {how(code)} and is started again"
        self._before = self.state = State(self.state.seconds, self.state.lost_s, self.state.lost_messages, error)

    def _say(self, now: float, unsent: int) -> None:
        """What has changed, and that it goes on."""
        state, told = self.state, self._told
        if not (self._is_up or state.error) or now < self._told_at:
            return
        lost = state.lost_s, max(state.lost_messages, unsent)  # it sees by the numbers what did not reach it
        is_more = told is not None and lost > (told.lost_s, told.lost_messages)
        is_never = bool(state.error) and not state.seconds  # nothing has ever been kept
        name = "failed" if is_never else "lost" if is_more or state.error else "recording"
        if told is None or is_more or (name, state.error) != (told.state, told.error) or now >= self._told_at + STILL_S:
            why = state.error or ((self._why or SLOW) if is_more else "")
            self._why = state.error
            self._told = m.Take(state=name, path=self._opening.folder, seconds=state.seconds, lost_s=lost[0])
            self._told.lost_messages, self._told.error = lost[1], why
            self._told_at = now + SAY_S
            self._said.append(self._told)


def _refuse(reply: Reply, code: int, text: str) -> None:
    reply({"error": {"code": code, "text": text}})
