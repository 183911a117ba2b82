"""The recorder's process: takes the sound from the engine's memory and the log from the daemon, and keeps both on disk.

It stands below all that is live in rank. A disk that stalls stalls this process alone: of the sound it then loses what the
engine's ring no longer holds, of the log what the socket does not. All but the shadow and a take runs on its main thread.
"""

import contextlib
import os
import select
import socket
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from daemon.child import linked
from daemon.errors import Refused
from daemon.flight import saving
from daemon.flight.folder import Folder, FolderError
from daemon.flight.link import Answer, Batch, Open, Save, Show, State, ToProcess
from daemon.flight.tap import Tap
from daemon.packets import Gone, received, tell

NICE = 5
WAKE_S = 0.02
STATE_S = 0.25
PRUNE_S = 1.0
SHOWN = 100  # takes, the newest, which fit into a packet
AGAIN_S = 1.0  # after a folder that could not be had

_decode = msgspec.msgpack.Decoder(ToProcess).decode


def main() -> None:
    """Work until the daemon's end of the socket closes, and keep what had come by then."""
    daemon = linked(NICE)
    Process(daemon).work()
    os._exit(0)


class Process:
    """[main]"""

    def __init__(self, daemon: socket.socket) -> None:
        self._daemon = daemon
        self._opening: Open | None = None
        self._tap: Tap | None = None
        self._folder: Folder | None = None
        self._error, self._again_at = "", 0.0
        self._missed = 0  # items that came while there was no folder
        self._saver: threading.Thread | None = None

    def work(self) -> None:
        """Until the daemon has gone."""
        state_at = prune_at = 0.0
        with contextlib.suppress(Gone):
            while True:
                select.select([self._daemon], [], [], WAKE_S)
                try:
                    self._turn()
                    if time.monotonic() >= prune_at and self._folder is not None:
                        prune_at = time.monotonic() + PRUNE_S
                        self._folder.prune()
                except OSError as error:
                    self._error = f"{error.strerror or error}"
                now = time.monotonic()
                if now >= state_at:
                    state_at = now + STATE_S
                    tell(self._daemon, self._state())
        if self._folder is not None:
            self._listen()
            self._folder.close()
        if self._saver is not None:
            self._saver.join()

    def _turn(self) -> None:
        """The sound first, so that what is said of it comes after it. Raises Gone."""
        self._have_folder(time.monotonic())
        self._listen()
        for packed in received(self._daemon):
            packet = _decode(packed)
            if isinstance(packet, Open):
                self._opening = packet
                self._tap = Tap(packet.place)
                self._have_folder(time.monotonic())
            elif isinstance(packet, Batch):
                if self._folder is not None:
                    self._folder.log(packed, time.monotonic())
                else:
                    self._missed += len(packet.items)
            elif isinstance(packet, Save):
                self._save(packet)
            else:
                self._show(packet)

    def _have_folder(self, now: float) -> None:
        if self._folder is not None or self._opening is None or self._tap is None or now < self._again_at:
            return
        opening = self._opening
        try:
            self._folder = Folder(Path(opening.folder), opening.minutes, opening.about)
            self._tap.go_on(self._folder.epoch, self._folder.next)
            self._error = ""
        except FolderError as error:
            self._error, self._again_at = str(error), now + AGAIN_S

    def _listen(self) -> None:
        part = self._tap.read() if self._tap is not None and self._folder is not None else None
        if part is not None and self._folder is not None and len(part.samples):
            self._folder.sound(part, time.monotonic())

    def _state(self) -> State:
        folder = self._folder
        if folder is None:
            return State(lost_messages=self._missed, error=self._error)
        return State(folder.seconds, folder.lost_s, folder.lost_messages, folder.error)

    def _save(self, save: Save) -> None:
        """One take at a time, on a thread: it may have to write for seconds."""
        folder = self._folder
        if folder is None:
            tell(self._daemon, Answer(save.number, {}, 409, self._error or "the recorder has not begun yet; ask again"))
        elif self._saver is not None and self._saver.is_alive():
            tell(self._daemon, Answer(save.number, {}, 429, "a take is being saved; ask again when it is"))
        else:
            segments = folder.roll()
            folder.held += 1

            def run() -> None:
                try:
                    self._answer(save.number, lambda: saving.save(folder.path, segments, save.minutes, save.name))
                finally:
                    folder.held -= 1

            self._saver = threading.Thread(target=run, name="saving")
            self._saver.start()

    def _show(self, show: Show) -> None:
        if self._folder is None:
            tell(self._daemon, Answer(show.number, {"takes": [], "error": self._error}))
        else:
            path = self._folder.path
            self._answer(show.number, lambda: {"takes": saving.takes(path)[-SHOWN:]})

    def _answer(self, number: int, do: Callable[[], dict]) -> None:
        try:
            answer = Answer(number, do())
        except Refused as refused:
            answer = Answer(number, {}, refused.code, str(refused))
        except OSError as error:
            answer = Answer(
                number, {}, 409, f"{error.filename or 'the take'}: {error.strerror}; make room there, ask again"
            )
        except Exception as error:
            traceback.print_exc()
            answer = Answer(number, {}, 500, f"a defect of jamd's: {error!r}")
        tell(self._daemon, answer)


if __name__ == "__main__":
    main()
